"""Pictures of one kind to learn from and to be measured on, from data or drawn by a generator."""

import dataclasses
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganache.data import open_dataset, select
from ganache.data.conversion import Conversion
from ganache.data.dataset import Progress
from ganache.data.location import lasting, title
from ganache.data.ranges import Ranges
from ganache.data.selection import TRAIN, held_out_split
from ganache.data.shape import ImageShape
from ganache.data.store.packed import PackedDataset
from ganache.engine.devices import choose_device
from ganache.runs.products import TrainedGenerator, load
from ganache.support.errors import UserError
from ganache.support.files import is_run
from ganache.support.streams import derive
from ganache.uses.detection.compression import compression_of
from ganache.uses.detection.detection_record import EVERY, PoolRecord
from ganache.uses.detection.teller import LARGEST_SIDE

SHARE = 5  # one of so many is held out
MOST_HELD_OUT = {"real": 2_000, "generated": 1_000}
FEWEST = 16  # pictures of a source to learn from, and as many that are held out
MOST_BYTES = 2**28  # of the pictures of either kind that are learnt from, and of those that are held out
Pixels = NDArray[np.uint8]  # (N, C, H, W)


@dataclasses.dataclass(frozen=True)
class PicturePool:
    """Pictures of one source, and what a record says of it."""

    record: PoolRecord
    learnt: Pixels
    held_out: Pixels

    def first(self, count: int) -> "PicturePool":
        """Return the same with fewer to learn from."""
        return PicturePool(self.record.model_copy(update={"learnt": count}), self.learnt[:count], self.held_out)


def is_generator(source: str) -> bool:
    """Return whether a source is a run, or the file of a generator."""
    path = Path(os.path.expanduser(source))
    return is_run(path) or path.suffix == ".safetensors"


def generator_of(source: str, device: str) -> TrainedGenerator:
    """Return the generator of a run; raises UserError where it draws no pictures, or there is none."""
    generator = load(os.path.expanduser(source), choose_device(device).type)
    if generator.shape.is_row:
        raise UserError(f"fake: {source!r} draws rows, and a detector looks at pictures")
    return generator


def opened_pictures(source: str, how: Conversion, field: str, progress: Progress | None) -> PackedDataset:
    """Return a source of pictures as data; raises UserError for what has no end or is none, and as reading does."""
    dataset = open_dataset(source, how, progress)
    if not isinstance(dataset, PackedDataset) or dataset.shape.is_row:
        raise UserError(f"{field}: {source!r} has no pictures that could be told apart from others")
    refuse_large((dataset.shape.height, dataset.shape.width))
    return dataset


def refuse_large(size: tuple[int, int]) -> None:
    """Raise UserError for a height and width that are more than a detector looks at."""
    if max(size) > LARGEST_SIDE:
        told = "x".join(map(str, size))
        raise UserError(f"size: {told} is larger than a detector looks at; --size takes sides up to {LARGEST_SIDE}")


def real_pool(dataset: PackedDataset, most: int, seed: int) -> PicturePool:
    """Return at most so many training pictures of data, and some of a split that is not for training if there is one.

    Of data without such a split a fifth is held out. Raises UserError where there are too few.
    """
    aside = held_out_split(select(dataset))
    if aside is not None:
        learnt = _rows(dataset, [TRAIN], seed, most)
        held_out = _rows(dataset, [aside], seed, most_held_out("real", dataset.shape))
        return _pooled(dataset, "real", learnt, held_out, "real")
    return _cut(dataset, "real", most, seed, most_held_out("real", dataset.shape), "real")


def fake_pool(
    source: str,
    name: str,
    shape: ImageShape,
    most: int,
    seed: int,
    device: str,
    progress: Progress | None = None,
    sources: int = 1,
    ranges: Ranges | None = None,
) -> PicturePool:
    """Return at most so many generated pictures of a shape, and others that are held out: drawn, or read from files.

    Those of so many `sources` are held at once, so fewer of each are held out where they are large. Files of more than
    8 bits are read by `ranges`. Raises UserError for a generator of another shape, and where there are too few.
    """
    aside = most_held_out("generated", shape, sources)
    if not is_generator(source):
        how = Conversion.into(shape, ranges)
        dataset = opened_pictures(source, how, "fake", progress)
        return _cut(dataset, name, most, seed, aside, "fake")
    generator = generator_of(source, device)
    if generator.shape != shape:
        raise UserError(
            f"fake: {source!r} draws pictures of {generator.shape}, and the detector looks at {shape}; --size chooses"
            " another, or name a folder of its pictures, which are brought to the size"
        )
    held_out = min(aside, max(FEWEST, most // SHARE))
    images = generator.sample(most + held_out, seed).transpose(0, 3, 1, 2)
    place = os.path.realpath(os.path.expanduser(source))
    told = {"kind": "run", "seed": seed, "weights": generator.weights, "learnt": most, "held_out": held_out}
    return PicturePool(PoolRecord(name=name, source=place, **told), images[:most], images[most:])


def most_held_out(kind: str, shape: ImageShape, sources: int = 1) -> int:
    """Return how many pictures of a shape are held out of each of so many sources of a kind, at most."""
    return min(MOST_HELD_OUT[kind], max(FEWEST, MOST_BYTES // shape.pixels // sources))


def names_of(sources: tuple[str, ...]) -> list[str]:
    """Return a name for each source, no two alike."""
    names = [EVERY]
    for source in sources:
        plain = title(source)
        further = (f"{plain}-{number}" for number in range(2, len(sources) + 3))
        names.append(next(name for name in (plain, *further) if name not in names))
    return names[1:]


def _cut(dataset: PackedDataset, name: str, most: int, seed: int, most_held_out: int, field: str) -> PicturePool:
    splits = [*dataset.summary()["splits"]]
    there = sum(int(dataset.rows_by_label(split).sum()) for split in splits)
    held_out = min(most_held_out, max(FEWEST, there // SHARE))
    images = _rows(dataset, splits, seed, most + held_out)
    return _pooled(dataset, name, images[held_out:], images[:held_out], field)


def _rows(dataset: PackedDataset, splits: list[str], seed: int, most: int) -> Pixels:
    """Return at most so many pictures of some splits together, chosen and ordered at random."""
    ends = np.cumsum([int(dataset.rows_by_label(split).sum()) for split in splits])
    chosen = np.random.default_rng(derive(seed, "pictures", *splits)).permutation(int(ends[-1]))[:most]
    shape = dataset.shape
    found = np.empty((len(chosen), shape.channels, shape.height, shape.width), np.uint8)
    for split, start, end in zip(splits, [0, *ends], ends, strict=False):
        own = (chosen >= start) & (chosen < end)
        if own.any():
            found[own] = dataset.pick(split, chosen[own] - start).images
    return found


def _pooled(dataset: PackedDataset, name: str, learnt: Pixels, held_out: Pixels, field: str) -> PicturePool:
    if min(len(learnt), len(held_out)) < FEWEST:
        there = f"{len(learnt):,} to learn from and {len(held_out):,} held out"
        raise UserError(f"{field}: {dataset.name!r} has too few pictures, {there}; {FEWEST} of each are the least")
    compression = compression_of(dataset.name)
    record = PoolRecord(
        name=name,
        source=lasting(dataset.name),
        kind="pictures",
        learnt=len(learnt),
        held_out=len(held_out),
        lossy=compression.share,
        quality=compression.quality,
        brought=dataset.summary().get("converted", {}).get("resized or cropped", 0),
    )
    return PicturePool(record, learnt, held_out)
