"""A table as a source: looked at once to learn what its columns are, and read again to become rows of values."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ganache.data.containers.digests import DigestCache
from ganache.data.conversion import Conversion
from ganache.data.dataset import Progress
from ganache.data.decoding.pool import Workers
from ganache.data.labels import MAX_CLASSES, natural_order
from ganache.data.rows.reading import TableReading
from ganache.data.rows.table import MAX_WIDTH, Schema
from ganache.data.shape import ImageShape
from ganache.data.sources.array_source import blocks_from, hash_files, peek_of
from ganache.data.sources.csv_files import beginning, csv_table, is_csv
from ganache.data.sources.layout import SPLIT_ORDER
from ganache.data.sources.raw_tables import RawTable, TableChunk
from ganache.data.sources.table_arrays import array_table
from ganache.data.sources.table_scans import ColumnScan, Where, absent_of
from ganache.data.store.survey import Block, Survey
from ganache.support.errors import UserError
from ganache.support.units import counted

ENCODING_VERSION = 3  # grows whenever the same table and reading would give other values
_DESCRIBED = 100  # columns of which a manifest says what they hold
_SCALES = {
    "quantiles": "placed by their rank among the training rows",
    "standard": "less the mean of the training rows, over the farthest distance from it",
    "deviations": "straight up to four deviations from the mean of the training rows, closer together beyond",
}


@dataclass
class TableSource:
    """A table in a file."""

    text: str
    path: Path

    def content_key(self, digests: DigestCache) -> str:
        """Return the hash of the file; raises UserError when it cannot be read."""
        return f"table-{hash_files([self.path], digests)}"

    def survey(self, how: Conversion, workers: Workers, progress: Progress, most_headers: int | None = None) -> Survey:
        """Look at all rows once; a table has no headers that would say what is in it."""
        how.refuse_for_rows(self.text)
        raw = open_raw(self.path, self.text, how.rows).split(how.rows)
        found = _look(raw, how.rows, progress)
        table = found.table(raw, how.rows)
        names = found.classes(self.text)
        splits = tuple(split for split in SPLIT_ORDER if found.kept[split])
        blocks = _Encoding(raw, table, names, how.rows.missing == "drop", splits)
        learnt = found.scans[:_DESCRIBED] if how.rows.table is None else ()
        columns = [
            {"name": column.name, "kind": column.kind, "said": scan.said(column)}
            for column, scan in zip(table.columns, learnt, strict=False)
        ]
        return Survey(
            kind="table",
            candidates=sum(found.kept.values()),
            shape=ImageShape.of_row(table),
            label_names=names,
            decisions=found.decisions(raw, how.rows),
            original={},
            blocks=lambda start: blocks_from(blocks.parts(), start),
            peek=lambda rows: peek_of(blocks.parts(), sum(found.kept.values()), len(names), rows),
            converted={},
            columns=columns,
        )


def rows_of(path: Path, text: str, table: Schema) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the rows of a file in order as values (n, W), some at a time, by the columns of a table.

    Raises UserError for a file that lacks one, and as columns do.
    """
    raw = open_raw(path, text, TableReading(table=table))
    for chunk in raw.chunks(raw.rows_at_once(table.width)):
        yield table.encoded(chunk.cells)


def open_raw(path: Path, text: str, reading: TableReading) -> RawTable:
    """Return the table of a file as it lies there; raises UserError for a file that holds none."""
    if reading.table is not None:
        names = tuple(column.name for column in reading.table.columns)
        known = beginning(path, text)[0] if is_csv(path) else ()
        label = reading.table.label if reading.table.label in known else None
        return open_raw(path, text, replace(reading, table=None, label_column=label or "", columns=names))
    if is_csv(path):
        return csv_table(path, text, reading.label_column, reading.columns).taken(reading)
    if reading.label_column:
        raise UserError(f"label_column: {text!r} has no named columns; its classes are the array y")
    return array_table(path, text).taken(reading)


@dataclass
class _Found:
    """What a pass over all rows found: of each column, how many rows of each split there are and are kept, classes."""

    scans: list[ColumnScan]
    rows: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)

    def add(self, chunk: TableChunk, where: Where, reading: TableReading) -> None:
        """Look at some rows; raises UserError for what cannot be read as is asked."""
        absent = [absent_of(cells) for cells in chunk.cells]
        incomplete = np.logical_or.reduce(absent)
        if reading.missing == "refuse" and reading.table is None and incomplete.any():
            column = next(number for number, found in enumerate(absent) if found.any())
            why = "has no value; --missing mean or median fills what is missing, drop leaves such rows out"
            raise where.error(self.scans[column].name, why, int(absent[column].argmax()))
        kept = ~incomplete if reading.missing == "drop" else np.ones(len(chunk), np.bool_)
        for number, split in enumerate(SPLIT_ORDER):
            self.rows[split] += int((chunk.splits == number).sum())
            self.kept[split] += int((kept & (chunk.splits == number)).sum())
        training = kept & (chunk.splits == SPLIT_ORDER.index("train"))
        if reading.learnt_from:
            training &= np.isin(np.array(chunk.labels or [""] * len(chunk), object), reading.learnt_from)
        for scan, cells, lost in zip(self.scans, chunk.cells, absent, strict=False):
            scan.add(cells, lost, training, where)
        if chunk.labels is not None:
            self.labels.update(chunk.labels)
            if len(self.labels) > MAX_CLASSES + 1:
                raise UserError(f"label_column: there are more than {MAX_CLASSES:,} different classes")

    def table(self, raw: RawTable, reading: TableReading) -> Schema:
        """Return what the columns are; raises UserError where rows would be too long, or none are there."""
        if reading.table is not None:
            return reading.table
        if not self.kept["train"]:
            raise UserError(f"data: {raw.text!r} has no complete training rows")
        columns = tuple(scan.column(reading) for scan in self.scans)
        if (width := sum(column.width for column in columns)) > MAX_WIDTH:
            raise UserError(
                f"data: {raw.text!r}: a row would have {width:,} values, one for each category, more than"
                f" {MAX_WIDTH:,}; --column chooses columns"
            )
        return Schema(columns=columns, label=raw.label, label_place=raw.label_place)

    def classes(self, text: str) -> tuple[str, ...]:
        """Return the names of the classes, in order."""
        return tuple(sorted((name for name in self.labels if name), key=natural_order))

    def decisions(self, raw: RawTable, reading: TableReading) -> dict[str, str]:
        """Return a sentence for everything that was decided about the whole."""
        dropped = sum(self.rows.values()) - sum(self.kept.values())
        said = {"numbers": _SCALES[reading.numbers]}
        if raw.label:
            said["label"] = f"the column {raw.label!r}, which is no value of a row"
        if any(scan.missing for scan in self.scans):
            how = {"drop": f"{counted(dropped, 'row')} left out", "mean": "filled with means"}
            said["missing"] = how.get(reading.missing, "filled with medians") + ", as asked"
        if reading.hold_out:
            said["held out"] = f"{reading.hold_out:.3g} of the rows, chosen by their numbers, as asked"
        return said


def _look(raw: RawTable, reading: TableReading, progress: Progress) -> _Found:
    scanned = raw.names if reading.table is None else ()  # else nothing is learnt of them
    found = _Found([ColumnScan(name, len(raw.names)) for name in scanned])
    for chunk in raw.chunks(raw.rows_at_once()):
        found.add(chunk, Where(raw.text, raw.line, chunk.lines), reading)
    return found


@dataclass(frozen=True)
class _Encoding:
    """Rows of cells as rows of values, split by split."""

    raw: RawTable
    table: Schema
    label_names: tuple[str, ...]
    drops: bool
    splits: tuple[str, ...]

    def parts(self) -> Iterator[Block]:
        """Yield all rows that are kept, the splits one after the other."""
        for number, split in enumerate(SPLIT_ORDER):
            if split in self.splits:
                for chunk in self.raw.chunks(self.raw.rows_at_once(self.table.width)):
                    if len(rows := np.flatnonzero(self._wanted(chunk, number))):
                        yield self._block(split, chunk if len(rows) == len(chunk) else chunk.only(rows))

    def _wanted(self, chunk: TableChunk, split: int) -> npt.NDArray[np.bool_]:
        wanted: npt.NDArray[np.bool_] = chunk.splits == split
        if self.drops:
            wanted &= ~np.logical_or.reduce([absent_of(cells) for cells in chunk.cells])
        return wanted

    def _block(self, split: str, chunk: TableChunk) -> Block:
        numbers = {name: number for number, name in enumerate(self.label_names)}
        labels = [-1] * len(chunk) if chunk.labels is None else [numbers.get(name, -1) for name in chunk.labels]
        values = self.table.encoded(chunk.cells)
        return Block(split, values[:, :, None, None], np.array(labels, np.int32))
