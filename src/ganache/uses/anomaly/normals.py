"""What is normal: rows of the data that a detector keeps, most to be learnt from and some held out.

They are written anew as data with the splits train and test, so that trainings see nothing of what is held out, and a
detector has what it compares with wherever the user's data are gone.
"""

import csv
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganache.data import open_dataset, select
from ganache.data.conversion import Conversion
from ganache.data.dataset import Progress
from ganache.data.npy import write_arrays
from ganache.data.ranges import Ranges
from ganache.data.rows.reading import TableReading
from ganache.data.rows.table import Schema
from ganache.data.selection import TRAIN
from ganache.data.shape import ImageShape
from ganache.data.store.packed import PackedDataset
from ganache.engine.pixel_values import values_of
from ganache.support.errors import UserError
from ganache.support.files import replacing
from ganache.support.streams import derive
from ganache.training.plan import Request

HELD_OUT = "test"
SHARE, MOST_HELD_OUT = 5, 4_000  # one of so many is held out, so many at most
FEWEST, MOST = 8, 50_000  # normals that are kept
MOST_BYTES = 2**30  # of their values
SCALE = "deviations"  # of a table's numbers: ranks would hide how far from the others a number is


@dataclasses.dataclass(frozen=True)
class Normals:
    """The normals of a detector: a dataset with a split to learn from and one that is held out."""

    path: Path
    dataset: PackedDataset

    @classmethod
    def open(cls, path: Path, shape: ImageShape | None = None) -> "Normals":
        """Return what `keep` wrote, of a shape if it has pictures; raises UserError for anything else."""
        dataset = open_dataset(path, reading_of(path, shape))
        if not isinstance(dataset, PackedDataset):
            raise UserError(f"run: {path} holds no normals")
        return cls(path, dataset)

    @property
    def shape(self) -> ImageShape:
        """The shape of each."""
        return self.dataset.shape

    def count(self, split: str) -> int:
        """Return how many there are in a split."""
        return int(self.dataset.rows_by_label(split).sum())

    def values(self, split: str) -> Tensor:
        """Return all of a split as networks see them (N, C, H, W)."""
        return values_in(self.dataset.rows(split, 0, self.count(split)).images)


def values_in(images: NDArray[Any]) -> Tensor:
    """Return images (N, C, H, W) of a dataset, pixels or the values of rows, as networks see them."""
    tensor = torch.from_numpy(np.ascontiguousarray(images))
    return values_of(tensor) if tensor.dtype == torch.uint8 else tensor


def reading_of(path: Path, shape: ImageShape | None) -> Conversion:
    """Return how a file of normals is read: a table by its own training rows, pictures as they are."""
    if path.suffix == ".csv":
        return Conversion(rows=TableReading(numbers=SCALE, missing="mean"))
    return Conversion(None if shape is None else (shape.height, shape.width))


def like(shape: ImageShape, label: str | None, ranges: Ranges | None = None) -> Conversion:
    """Return how others are read so that they can be compared with normals of a shape, deep ones of these ranges.

    Of a table with a column `label` it names classes, which are no values.
    """
    if shape.table is not None:
        return Conversion(rows=TableReading(table=Schema(columns=shape.table.columns, label=label)))
    return Conversion((shape.height, shape.width), shape.channels, ranges=ranges)


def opened(request: Request, progress: Progress | None = None) -> PackedDataset:
    """Return the data of a request; raises UserError for data that have no end, and as reading does."""
    dataset = open_dataset(request.data, request.how, progress)
    if not isinstance(dataset, PackedDataset):
        raise UserError(f"data: {request.data!r} has no end; name pictures or a table")
    return dataset


def keep(dataset: PackedDataset, labels: tuple[str, ...], seed: int, folder: Path) -> Path:
    """Write the training rows of some classes, all if none is named, as normals into a folder; return the file.

    Raises UserError for classes that are not there and for too few rows, RunError as the disk does.
    """
    select(dataset, labels)  # refuses what is not there
    numbers = [dataset.label_names.index(name) for name in labels]
    found = dataset.labels_of(TRAIN)
    rows = np.flatnonzero(np.isin(found, numbers)) if labels else np.arange(len(found))
    if len(rows) < FEWEST:
        raise UserError(f"data: {len(rows)} normals are too few to learn what is normal; {FEWEST} are the least")
    most = min(MOST, max(FEWEST, MOST_BYTES // dataset.shape.stored_bytes))
    chosen = np.random.default_rng(derive(seed, "normals")).permutation(rows)[:most]
    held = min(MOST_HELD_OUT, max(2, len(chosen) // SHARE))
    parts = {HELD_OUT: np.sort(chosen[:held]), TRAIN: np.sort(chosen[held:])}
    if dataset.shape.table is not None:
        return _write_rows(dataset, dataset.shape.table, parts, folder / "normals.csv")
    return _write_pictures(dataset, parts, folder / "normals.npz")


def _write_pictures(dataset: PackedDataset, parts: dict[str, NDArray[np.int64]], path: Path) -> Path:
    picked = {split: dataset.pick(TRAIN, rows).images.transpose(0, 2, 3, 1) for split, rows in parts.items()}
    write_arrays(path, {f"{split}_images": images for split, images in picked.items()})
    return path


def _write_rows(dataset: PackedDataset, table: Schema, parts: dict[str, NDArray[np.int64]], path: Path) -> Path:
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*table.header(labelled=False), "split"])
        for split, rows in parts.items():
            writer.writerows((*row, split) for row in _texts(dataset, table, rows))
    return path


def _texts(dataset: PackedDataset, table: Schema, rows: NDArray[np.int64]) -> Iterator[tuple[str, ...]]:
    values = dataset.pick(TRAIN, rows).images.reshape(len(rows), table.width)
    yield from table.written(values)
