"""Samples as they pass: some pictures at a time, with their classes and what lies beside them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganache.data.shape import ImageShape
from ganache.evaluation.metrics.counter import Beside

PIECE_BYTES = 2**26
PIECE = 1_000  # pictures at most

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Piece:
    """Some samples: uint8 pictures (n, H, W, C) or float points (n, 1, 1, 2), and the classes (n,), -1 if unknown.

    A class is what a conditional generator was asked for, the subfolder in which a picture lies, or that of the picture
    which was translated. `beside` are the pictures that lie beside each of them.
    """

    images: NDArray[Any]
    labels: Labels
    beside: Beside = field(default_factory=dict)

    def __getitem__(self, taken: slice) -> "Piece":
        """Return some of them."""
        beside = {name: pictures[taken] for name, pictures in self.beside.items()}
        return Piece(self.images[taken], self.labels[taken], beside)


def piece_size(shape: ImageShape) -> int:
    """Return how many pictures of a shape are judged at a time: it must not depend on where they come from."""
    return max(1, min(PIECE, PIECE_BYTES // shape.pixels))


def in_pieces(pieces: Iterator[Piece], size: int) -> Iterator[Piece]:
    """Yield the same samples in pieces of `size`, the last one smaller: sums of floats depend on how they are cut."""
    waiting: list[Piece] = []
    held = 0
    for piece in pieces:
        start = 0
        while start < len(piece.images):
            taken = slice(start, start + size - held)
            waiting.append(piece[taken])
            start += len(waiting[-1].images)
            held += len(waiting[-1].images)
            if held == size:
                yield _joined(waiting)
                waiting, held = [], 0
    if waiting:
        yield _joined(waiting)


def _joined(pieces: list[Piece]) -> Piece:
    beside = {name: np.concatenate([piece.beside[name] for piece in pieces]) for name in pieces[0].beside}
    return Piece(np.concatenate([p.images for p in pieces]), np.concatenate([p.labels for p in pieces]), beside)
