"""What is to be scored, some at a time, with the names under which a user knows it."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganache.data import open_dataset, select
from ganache.data.containers import Container, open_container
from ganache.data.containers.listing import IMAGE_SUFFIXES
from ganache.data.conversion import Conversion
from ganache.data.dataset import Progress, unknown_split
from ganache.data.decoding.decode import Header
from ganache.data.decoding.pool import Decoders, memory_of
from ganache.data.decoding.value_ranges import ranges_at_use
from ganache.data.location import NAMES
from ganache.data.ranges import Ranges
from ganache.data.selection import held_out_split
from ganache.data.shape import ImageShape
from ganache.data.store.packed import PackedDataset
from ganache.support.errors import UserError
from ganache.support.units import counted

PIECE = 1_024  # that are held at once


class ToScore(NamedTuple):
    """Images (N, C, H, W) of a dataset with their names and classes, "" where there is none; why others are not.

    `changed` says of each what it was before it was brought to the shape, such as "40x60", or "" where it is as it was.
    """

    images: NDArray[np.uint8 | np.float32]
    names: list[str]
    classes: list[str]
    changed: list[str]
    skipped: dict[str, str]


def inputs_of(
    source: str, shape: ImageShape, how: Conversion, split: str | None, progress: Progress | None = None
) -> Iterator[ToScore]:
    """Yield what a source has, brought to a shape, by `how` where it is a table or read as data; deep
    pictures by its ranges.

    A picture, a folder or a zip of pictures is read by the pictures' names, each of the class of its folder; any other
    source in its own order, the split that is named or, where none is, one that is no training data if it has one.
    Raises UserError for what cannot be read.
    """
    path = Path(source)
    if source not in NAMES and shape.table is None and path.exists():
        is_one = path.is_file() and path.suffix.lower() in IMAGE_SUFFIXES
        if is_one or path.is_dir() or path.suffix.lower() == ".zip":
            container = open_container(path.parent if is_one else path)
            if names := [path.name] if is_one else container.listing().names:
                if split is not None:
                    raise UserError(f"split: {source!r} is scored picture by picture; name the folder of the split")
                yield from _pictures(container, names, shape, how.ranges, progress)
                return
    dataset = open_dataset(source, how, progress)
    if not isinstance(dataset, PackedDataset):
        raise UserError(f"input: {source!r} has no end; name pictures or a table")
    yield from _rows(dataset, split)


def _pictures(
    container: Container, names: Sequence[str], shape: ImageShape, said: Ranges | None, progress: Progress | None
) -> Iterator[ToScore]:
    with Decoders(container) as decoders:
        ranges, _ = ranges_at_use(decoders, names, said)
        pieces = [names[start : start + PIECE] for start in range(0, len(names), PIECE)]
        known = zip(names, chain.from_iterable(decoders.headers(names)), strict=True)
        headers = {name: header for name, header in known if not isinstance(header, str)}
        for number, (members, found) in enumerate(
            zip(pieces, decoders.pixels(pieces, shape, ranges, memory_of(headers)), strict=True), start=1
        ):
            skipped = {name: why for name, why in zip(members, found.reasons, strict=True) if why is not None}
            taken = [name for name in members if name not in skipped]
            classes = [PurePosixPath(name).parent.name for name in taken]
            changed = [_changed(headers[name], shape) for name in taken]
            yield ToScore(found.images, taken, classes, changed, skipped)
            if progress is not None:
                progress(min(number * PIECE, len(names)), len(names))


def _rows(dataset: PackedDataset, split: str | None) -> Iterator[ToScore]:
    splits = dataset.summary()["splits"]
    if split is not None and split not in splits:
        raise unknown_split(split, splits)
    chosen = split or held_out_split(select(dataset))
    names = np.array([*dataset.label_names, ""], object)
    converted = dataset.summary().get("converted", {})  # of arrays all are, or none
    changed = ", ".join(what for what, count in converted.items() if count == dataset.count)
    for part in [chosen] if chosen else list(splits):
        count = int(dataset.rows_by_label(part).sum())
        for start in range(0, count, PIECE):
            batch = dataset.rows(part, start, min(start + PIECE, count))
            called = [f"{part}/{number}" for number in range(start, start + len(batch.labels))]
            yield ToScore(batch.images, called, [*names[batch.labels]], [changed] * len(called), {})


def _changed(header: Header, shape: ImageShape) -> str:
    """Return what a picture is if it is not of a shape."""
    own = [f"{header.height}x{header.width}"] if (header.height, header.width) != (shape.height, shape.width) else []
    if header.channels != shape.channels:
        own.append(counted(header.channels, "channel"))
    return ", ".join(own)
