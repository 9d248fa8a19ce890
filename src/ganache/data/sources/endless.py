"""Rows without end, drawn in numbered blocks, so that each depends on nothing but the seed and its position."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ganache.data.dataset import Batch, seed_sequence

BLOCK_ROWS = 256
_KEPT_BLOCKS = 8

Drawn = tuple[npt.NDArray[Any], npt.NDArray[np.int64]]


class EndlessStream:
    """`draw` returns the rows and labels of one block, `images` what rows are; `tag` keeps its numbers to itself."""

    count: int | None = None

    def __init__(
        self,
        seed: int,
        tag: int,
        draw: Callable[[np.random.Generator], Drawn],
        images: Callable[[npt.NDArray[Any]], npt.NDArray[Any]],
    ) -> None:
        self._seed, self._tag = seed, tag
        self._draw, self._images = draw, images
        self._blocks: dict[int, Drawn] = {}

    def batch(self, position: int, count: int) -> Batch:
        """Return rows `position … position + count` as fresh arrays."""
        assert position >= 0
        assert count >= 1
        first, last = position // BLOCK_ROWS, (position + count - 1) // BLOCK_ROWS
        blocks = [self._block(number) for number in range(first, last + 1)]
        start = position - first * BLOCK_ROWS
        rows, labels = (np.concatenate(part)[start : start + count] for part in zip(*blocks, strict=True))
        return Batch(self._images(rows), labels)

    def _block(self, number: int) -> Drawn:
        if number not in self._blocks:
            while len(self._blocks) >= _KEPT_BLOCKS:
                del self._blocks[next(iter(self._blocks))]
            random = np.random.Generator(np.random.Philox(seed_sequence(self._seed, self._tag, number)))
            self._blocks[number] = self._draw(random)
        return self._blocks[number]
