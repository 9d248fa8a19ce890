"""Tables as they lie in files: their columns' names and their cells, some rows at a time; nothing is decided yet."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ganache.data.rows.cells import Cells
from ganache.data.rows.reading import TableReading
from ganache.data.sources.layout import SPLIT_ORDER
from ganache.support.errors import UserError, did_you_mean
from ganache.support.units import listed

_CELLS_AT_ONCE = 2**18


@dataclass(frozen=True)
class TableChunk:
    """Some rows: the cells (n,) of each column, each row's split (n,) as its place in SPLIT_ORDER, its class ("" for
    none) where the table names classes, and the line or number under which its owner finds each."""

    first: int
    cells: Sequence[Cells]
    splits: npt.NDArray[np.int8]
    labels: Sequence[str] | None
    lines: Sequence[int]

    def __len__(self) -> int:
        return len(self.splits)

    def only(self, rows: npt.NDArray[np.int64]) -> "TableChunk":
        """Return the rows with these numbers, in this order."""
        labels = None if self.labels is None else [self.labels[row] for row in rows]
        cells = [part[rows] if isinstance(part, np.ndarray) else [part[row] for row in rows] for part in self.cells]
        return TableChunk(self.first, cells, self.splits[rows], labels, [self.lines[row] for row in rows])


@dataclass(frozen=True)
class RawTable:
    """A table in a file: its columns in order, the one that names classes and its place, and how to read it.

    `has_splits`: whether the file says which split a row belongs to. `chunks` yields all rows in order, so many at a
    time, and raises UserError for a damaged file; `line` is what a row's number is called.
    """

    text: str
    names: tuple[str, ...]
    chunks: Callable[[int], Iterator[TableChunk]]
    label: str | None = None
    label_place: int = 0
    has_splits: bool = False
    line: str = "row"

    def rows_at_once(self, width: int = 1) -> int:
        """Return how many rows are read at a time when each becomes so many values."""
        return max(1, _CELLS_AT_ONCE // max(len(self.names), width))

    def taken(self, reading: TableReading) -> "RawTable":
        """Return the table with the columns that are asked for alone, in that order.

        Raises UserError for one that is not there.
        """
        if odd := next((name for name in reading.columns if name not in self.names), None):
            raise UserError(
                f"columns: {odd!r} is no column of {self.text!r}{did_you_mean(odd, self.names)}: {listed(self.names)}"
            )
        if not reading.columns:
            return self
        places = [self.names.index(name) for name in reading.columns]

        def chunks(rows: int) -> Iterator[TableChunk]:
            for chunk in self.chunks(rows):
                yield replace(chunk, cells=[chunk.cells[place] for place in places])

        before = sum(place < self.label_place for place in places)
        return replace(self, names=tuple(self.names[place] for place in places), chunks=chunks, label_place=before)

    def split(self, reading: TableReading) -> "RawTable":
        """Return the table with the share of its rows held out that is asked for, as the split test.

        Which ones is a function of their numbers. Raises UserError where the table has splits of its own.
        """
        if not reading.hold_out:
            return self
        if self.has_splits:
            raise UserError(f"hold_out: {self.text!r} has splits of its own")
        test = SPLIT_ORDER.index("test")

        def chunks(rows: int) -> Iterator[TableChunk]:
            for chunk in self.chunks(rows):
                held = chances(np.arange(chunk.first, chunk.first + len(chunk))) < reading.hold_out
                yield replace(chunk, splits=np.where(held, test, chunk.splits).astype(np.int8))

        return replace(self, chunks=chunks, has_splits=True)


def chances(numbers: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return for each whole number one in [0, 1) that looks random (Steele et al. 2014, SplitMix64)."""
    mixed = (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)) / 2.0**53
