"""What is counted while images pass, in memory that does not grow with their number."""

import abc
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

# Pictures that lie beside samples, each (n, H, W, C): what was given for them, what was wanted.
Beside: TypeAlias = Mapping[str, NDArray[np.uint8]]
ALONE: Beside = MappingProxyType({})


class Counter(abc.ABC):
    """Counts something of what passes."""

    @abc.abstractmethod
    def add(self, images: NDArray[Any], logits: NDArray[np.float32] | None, beside: Beside = ALONE) -> None:
        """Count some images (n, H, W, C), with the logits (n, K) of the extractor that saw them, if it has any."""


class Sums(Counter):
    """Counts by adding up `sums`, which are all that it holds: what was counted of the reals is kept as these.

    `name` stands for what is counted, and how.
    """

    name: str
    sums: dict[str, NDArray[Any]]
