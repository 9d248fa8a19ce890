"""Samples that are rows: those of a table of text, or of an array (N, K) of numbers."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from ganache.data.npy import is_array_file
from ganache.data.rows.reading import AS_USUAL
from ganache.data.shape import ImageShape
from ganache.data.sources.csv_files import is_csv
from ganache.data.sources.table_arrays import holds_rows
from ganache.data.sources.tables import open_raw, rows_of
from ganache.evaluation.pieces import Piece
from ganache.evaluation.samples import chosen, points_in
from ganache.support.errors import UserError


class TableSamples:
    """The rows of a .csv, or of an array (N, K) of numbers: whatever the reals' table says that they are."""

    images_seen: int | None = None
    shape: ImageShape | None = None
    label_names: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    settings: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, path: Path) -> None:
        self._path, self.source, self.kind = path, str(path), "table"
        raw = open_raw(path, self.source, AS_USUAL)
        self.available: int | None = sum(len(chunk) for chunk in raw.chunks(raw.rows_at_once()))
        self.read = "by the columns of the reals"

    def stream(self, count: int, seed: int, shape: ImageShape, asked: Sequence[str]) -> Iterator[Piece]:
        """Yield rows; raises UserError for reals that are none, and for cells that those columns cannot have."""
        assert self.available is not None
        if shape.table is None:
            raise UserError(f"samples: {self.source!r} has rows, and the data has none")
        wanted, done = chosen(self.available, count, seed), 0
        for values in rows_of(self._path, self.source, shape.table):
            rows = wanted[np.searchsorted(wanted, done) : np.searchsorted(wanted, done + len(values))] - done
            yield Piece(values[rows].reshape(-1, 1, 1, shape.channels), np.full(len(rows), -1, np.int64))
            done += len(values)


def is_table_file(path: Path) -> bool:
    """Return whether a file holds rows, and neither pictures nor points; raises UserError for a damaged one."""
    if not path.is_file():
        return False
    return is_csv(path) or (is_array_file(path) and points_in(path) is None and holds_rows(path, "samples"))
