"""The precision in which networks are called."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Autocast:
    """The precision of the forward passes; called, it gives the context to run them in."""

    device_type: str
    dtype: torch.dtype | None  # None: as the weights are

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        """Enter automatic mixed precision, or nothing."""
        with torch.autocast(self.device_type, dtype=self.dtype, enabled=self.dtype is not None):
            yield


FULL = Autocast("cpu", None)  # as the weights are


def unmixed(given: Tensor) -> contextlib.AbstractContextManager[object]:
    """Return the context in which a part of a network computes as its weights are, whatever the pass around it has."""
    told_otherwise = given.is_meta or torch.compiler.is_exporting()  # a graph for another program has one precision
    return contextlib.nullcontext() if told_otherwise else torch.autocast(given.device.type, enabled=False)


def as_mixed(given: Tensor) -> Tensor:
    """Return a tensor in the precision in which the pass around it multiplies."""
    mixed = not given.is_meta and torch.is_autocast_enabled(given.device.type)
    return given.to(torch.get_autocast_dtype(given.device.type)) if mixed else given
