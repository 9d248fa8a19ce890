"""What is normal: rows of the data that a detector keeps, most to be learnt from and some held out.

They are written anew as data with the splits train and test, so that trainings see nothing of what is held out, and a
detector has what it compares with wherever the user's data are gone.
"""

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganache.data import open_dataset, select
from ganache.data.containers.digests import DigestCache
from ganache.data.conversion import Conversion
from ganache.data.dataset import Progress
from ganache.data.decoding.pool import Workers
from ganache.data.location import NAMES
from ganache.data.npy import write_arrays
from ganache.data.ranges import Ranges
from ganache.data.rows.reading import TableReading
from ganache.data.rows.table import Schema
from ganache.data.selection import TRAIN
from ganache.data.shape import ImageShape
from ganache.data.sources.array_source import blocks_from, peek_of
from ganache.data.sources.layout import SPLIT_ORDER
from ganache.data.store.packed import PackedDataset
from ganache.data.store.packing import write_store
from ganache.data.store.survey import Block, Survey
from ganache.engine.pixel_values import values_of
from ganache.evaluation.table_samples import is_table_file
from ganache.support.errors import UserError
from ganache.support.files import at_home
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
    """Return how normals are read: as they are, but tables of earlier versions, which were text, by their own rows."""
    if path.suffix == ".csv":
        return Conversion(rows=TableReading(numbers=SCALE, missing="mean"))
    return Conversion(None if shape is None else (shape.height, shape.width))


def like(shape: ImageShape, label: str | None, ranges: Ranges | None = None) -> Conversion:
    """Return how others are read so that they can be compared with normals of a shape, deep ones of these ranges.

    Of a table with a column `label` it names classes, which are no values.
    """
    if shape.table is not None:
        return Conversion(rows=TableReading(table=Schema(columns=shape.table.columns, label=label)))
    return Conversion.into(shape, ranges)


def opened(request: Request, progress: Progress | None = None) -> PackedDataset:
    """Return the data of a request, tables by what their normal rows say of the columns.

    Raises UserError for data that have no end, and as reading does.
    """
    how = request.how
    if request.data not in NAMES and is_table_file(at_home(request.data)):  # of which strangers say nothing
        rows = dataclasses.replace(how.rows, numbers=SCALE, learnt_from=request.labels)
        how = dataclasses.replace(how, rows=rows)
    dataset = open_dataset(request.data, how, progress)
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
        return _write_rows(dataset, parts, folder / "normals")
    return _write_pictures(dataset, parts, folder / "normals.npz")


def _write_pictures(dataset: PackedDataset, parts: dict[str, NDArray[np.int64]], path: Path) -> Path:
    picked = {split: dataset.pick(TRAIN, rows).images.transpose(0, 2, 3, 1) for split, rows in parts.items()}
    write_arrays(path, {f"{split}_images": images for split, images in picked.items()})
    return path


def _write_rows(dataset: PackedDataset, parts: dict[str, NDArray[np.int64]], path: Path) -> Path:
    found = {split: dataset.pick(TRAIN, rows).images for split, rows in parts.items()}
    assert dataset.shape.table is not None
    table = dataset.shape.table.filled(np.concatenate(list(found.values()))[:, :, 0, 0])
    shutil.rmtree(path, ignore_errors=True)  # of a fit that was stopped, perhaps of other data
    write_store(KeptRows(table, found), path, Conversion(), Workers(), lambda done, total: None)
    return path


@dataclasses.dataclass
class KeptRows:
    """Rows of values by their split, to be packed as they are: what their columns mean is known, and stays so."""

    table: Schema
    values: dict[str, NDArray[np.float32]]  # (n, W, 1, 1)
    text: str = "normals"

    def content_key(self, digests: DigestCache) -> str:
        """Return what changes with the content; nothing is kept by it."""
        return self.text

    def survey(self, how: Conversion, workers: Workers, progress: Progress, most_headers: int | None = None) -> Survey:
        """Return all that is known."""
        count = sum(map(len, self.values.values()))
        return Survey(
            kind="table",
            candidates=count,
            shape=ImageShape.of_row(self.table),
            label_names=(),
            decisions={},
            original={},
            blocks=lambda start: blocks_from(self._parts(), start),
            peek=lambda rows: peek_of(self._parts(), count, 0, rows),
            converted={},
            columns=[{"name": one.name, "kind": one.kind, "said": "of normals"} for one in self.table.columns],
        )

    def _parts(self) -> Iterator[Block]:
        for split in SPLIT_ORDER:
            if split in self.values:
                yield Block(split, self.values[split], np.full(len(self.values[split]), -1, np.int32))
