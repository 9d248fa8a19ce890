"""Sources that hold arrays already: they need no decoding, only the same shape rules and conversions."""

import functools
import os
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ganache.data.containers.digests import DigestCache, hash_all, stamp
from ganache.data.conversion import Conversion, decide, describe_sizes
from ganache.data.dataset import Progress
from ganache.data.decoding.decode import fit
from ganache.data.decoding.pool import Workers
from ganache.data.labels import count_labels
from ganache.data.ranges import Ranges
from ganache.data.shape import Fitting, ImageShape
from ganache.data.store.survey import Block, Peek, Survey
from ganache.support.errors import UserError


@dataclass(frozen=True)
class Contents:
    """An array source after its headers are read: its own shape and how to read its parts in order."""

    kind: str
    shape: ImageShape
    count: int
    label_names: tuple[str, ...]
    parts: Callable[[], Iterator[Block]]
    decisions: dict[str, str] = field(default_factory=dict)
    ranges: Ranges | None = None


@dataclass
class ArraySource:
    """A source of arrays: `content_key` gives the hash of its content, `read` its header; both raise UserError."""

    text: str
    content_key: Callable[[DigestCache], str]
    read: Callable[[], Contents]

    def survey(self, how: Conversion, workers: Workers, progress: Progress, most_headers: int | None = None) -> Survey:
        """Read the headers; nothing runs in parallel, for one thread does all at the disk's speed."""
        contents = self.read()
        own = contents.shape
        sizes = Counter({(own.height, own.width): contents.count})
        shape, decisions = decide(sizes, Counter({own.channels: contents.count}), how)
        fitted = functools.partial(_fitted, shape=shape, fitting=how.fitting)
        converted = {}
        if (shape.height, shape.width) != (own.height, own.width):
            converted["resized or cropped"] = contents.count
        if shape.channels != own.channels:
            converted[f"{own.channels} to {shape.channels} channels"] = contents.count
        return Survey(
            kind=contents.kind,
            candidates=contents.count,
            shape=shape,
            label_names=contents.label_names,
            decisions={**contents.decisions, **decisions},
            original=describe_sizes(sizes),
            blocks=lambda start: blocks_from(contents.parts(), start, fitted),
            peek=lambda rows: peek_of(contents.parts(), contents.count, len(contents.label_names), rows, fitted),
            converted=converted,
            ranges=contents.ranges,
        )


def hash_files(paths: list[Path], digests: DigestCache) -> str:
    """Return one hash over the files' names and contents.

    Raises UserError when one cannot be read, TooManyUnknownError when the digests may not be computed.
    """
    places = [os.path.realpath(path) for path in paths]
    try:
        stamps = np.array([stamp(os.stat(place)) for place in places], np.int64)
        found = digests.of(places[0], Path(), places, stamps)
        for error in found.unreadable.values():
            raise error
    except OSError as error:
        raise UserError(f"data: {str(error.filename)!r} cannot be read: {error.strerror}") from error
    return hash_all([path.name for path in paths], found)


def _as_they_are(images: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return images


def blocks_from(
    parts: Iterator[Block], start: int, fitted: Callable[[npt.NDArray[Any]], npt.NDArray[Any]] = _as_they_are
) -> Generator[Block, None, None]:
    """Yield parts from row `start` on, their images `fitted` to what they shall be."""
    for part in parts:
        passed = min(start, len(part.labels))
        start -= passed
        if passed < len(part.labels):
            yield Block(part.split, fitted(part.images[passed:]), part.labels[passed:])


def peek_of(
    parts: Iterator[Block],
    count: int,
    classes: int,
    rows: int,
    fitted: Callable[[npt.NDArray[Any]], npt.NDArray[Any]] = _as_they_are,
) -> Peek:
    """Return about so many `rows` of parts that have `count` in all, and how many there are of each of the classes."""
    step = max(1, -(-count // rows))
    blocks: list[Block] = []
    counts: dict[str, npt.NDArray[np.int64]] = {}
    for part in parts:
        counted = counts.setdefault(part.split, np.zeros(classes + 1, np.int64))
        first = -int(counted.sum()) % step
        counted += count_labels(part.labels, classes)
        images = part.images[first::step].copy()  # of a mapped file, no more is read than these
        if len(images):
            blocks.append(Block(part.split, fitted(images), part.labels[first::step]))
    return Peek(blocks, counts)


def _fitted(images: npt.NDArray[np.uint8], shape: ImageShape, fitting: Fitting) -> npt.NDArray[np.uint8]:
    if images.shape[1:] == (shape.channels, shape.height, shape.width):
        return images
    # Pillow knows grey pictures without a third axis.
    rows = images[:, 0] if images.shape[1] == 1 else np.ascontiguousarray(images.transpose(0, 2, 3, 1))
    return np.stack([fit(Image.fromarray(row), shape, fitting) for row in rows])
