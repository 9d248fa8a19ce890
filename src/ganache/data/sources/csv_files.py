"""Tables of text: a line of names, then a line for each row, cells by commas, semicolons or tabs.

Read line by line, each of a bounded length, whatever a file claims. Format: RFC 4180.
"""

import csv
import functools
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from ganache.data.labels import is_class_name
from ganache.data.rows.cells import numbers_of
from ganache.data.rows.columns import MAX_NAME
from ganache.data.rows.table import MAX_COLUMNS
from ganache.data.sources.layout import SPLIT_ORDER, SPLIT_WORDS
from ganache.data.sources.raw_tables import RawTable, TableChunk
from ganache.support.errors import UserError, did_you_mean
from ganache.support.errors import reason as why_of
from ganache.support.units import brief, listed

SUFFIXES = (".csv", ".tsv")
MOST_LETTERS = 2**22  # of one row, over all of its lines
SPLIT = "split"  # a column of this name that begins with the name of a split tells each row's
_DELIMITERS = (",", ";", "\t", "|")


def is_csv(path: Path) -> bool:
    """Return whether a file is meant to be a table of text, by its name."""
    return path.suffix.lower() in SUFFIXES


def csv_table(path: Path, text: str, label: str = "", columns: Sequence[str] = ()) -> RawTable:
    """Return the table of a file, with the column that names classes, if one is named.

    Of a column called split whose cells are train, val or test these are the splits, unless `columns` name it. Raises
    UserError for a file that holds no table.
    """
    names, first = beginning(path, text)
    if label and label not in names:
        raise UserError(f"label_column: {label!r} is no column{did_you_mean(label, names)}: {listed(names)}")
    parting = SPLIT if _tells_splits(names, first) and SPLIT not in columns and label != SPLIT else ""
    kept = tuple(name for name in names if name not in (label, parting))
    if not kept:
        raise UserError(f"data: {text!r} has no column beside {listed(names)}")
    places = _Places(
        tuple(names.index(name) for name in kept),
        names.index(label) if label else None,
        names.index(parting) if parting else None,
    )
    place = sum(name != parting for name in names[: names.index(label)]) if label else 0
    chunks = functools.partial(_chunks, path, text, len(names), places)
    return RawTable(text, kept, chunks, label or None, place, bool(parting), "line")


@dataclass(frozen=True)
class _Places:
    """Which of a file's columns are the table's, the classes' and the splits'."""

    kept: tuple[int, ...]
    label: int | None
    split: int | None


class _Lines:
    """A file's lines, of which one row may take so many letters and no more; `count` is how many were read."""

    def __init__(self, file: TextIO, text: str) -> None:
        self._file, self._text = file, text
        self.count, self._letters = 0, 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._file.readline(MOST_LETTERS + 1)
        if not line:
            raise StopIteration
        self.count += 1
        self._letters += len(line)
        if self._letters > MOST_LETTERS:
            raise UserError(
                f"data: {self._text!r}: a row at line {self.count:,} has more than {MOST_LETTERS:,} letters"
            )
        if "\0" in line:
            raise UserError(f"data: {self._text!r} is no text at line {self.count:,}")
        return line if line.isascii() else unicodedata.normalize("NFC", line)

    def begin_row(self) -> None:
        """Forget the letters of the row before."""
        self._letters = 0


def _rows(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows with the number of the line on which each ends, blank ones left out; the first are the names."""
    lines: _Lines | None = None
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            start = file.readline(MOST_LETTERS + 1)
            file.seek(0)
            lines = _Lines(file, text)
            delimiter = max(_DELIMITERS, key=start.count)
            columns = ended = blank = 0
            for row in csv.reader(lines, delimiter=delimiter, strict=True):
                lines.begin_row()
                if not row:
                    blank += 1
                    continue
                if columns == 1:  # in a table of one column a blank line between others is an empty cell
                    yield from ((ended + number, [""]) for number in range(1, blank + 1))
                columns, ended, blank = columns or len(row), lines.count, 0
                yield lines.count, row
    except UnicodeDecodeError:
        at = lines.count + 1 if lines else 1
        raise UserError(f"data: {text!r} is no UTF-8 text near line {at:,}; save it so") from None
    except csv.Error as error:
        raise UserError(f"data: {text!r} is no table at line {lines.count if lines else 1:,}: {error}") from None
    except OSError as error:
        raise UserError(f"data: {text!r} cannot be read: {why_of(error)}") from error


def beginning(path: Path, text: str) -> tuple[tuple[str, ...], list[str]]:
    """Return the names of the columns and the first row; raises UserError for names that are none."""
    rows = _rows(path, text)
    _, found = next(rows, (0, []))
    _, first = next(rows, (0, []))
    rows.close()  # type: ignore[attr-defined]
    names = tuple(name.strip() for name in found)
    if not names or not first:
        raise UserError(f"data: {text!r} holds no rows; a table has a line of names and a line for each row")
    if len(names) > MAX_COLUMNS:
        raise UserError(f"data: {text!r} has {len(names):,} columns, more than {MAX_COLUMNS:,}")
    if numbers_of(names) is not None:
        raise UserError(f"data: {text!r} begins with numbers; its first line must name the columns")
    for place, name in enumerate(names, 1):
        if not is_class_name(name):
            raise UserError(f"data: {text!r}: column {place} has no name of 1 … {MAX_NAME} letters that can be shown")
    if twice := next((name for place, name in enumerate(names) if name in names[:place]), None):
        raise UserError(f"data: {text!r} has two columns called {twice!r}")
    return names, first


def _tells_splits(names: Sequence[str], first: Sequence[str]) -> bool:
    return SPLIT in names and len(first) == len(names) and first[names.index(SPLIT)].strip().lower() in SPLIT_WORDS


def _chunks(path: Path, text: str, width: int, places: _Places, rows: int) -> Iterator[TableChunk]:
    held: list[list[str]] = []
    lines: list[int] = []
    first = 0
    for line, row in _tail(path, text):
        if len(row) != width:
            raise UserError(f"data: {text!r}: line {line:,} has {len(row)} cells, and there are {width} columns")
        held.append(row)
        lines.append(line)
        if len(held) == rows:
            yield _chunk(first, held, lines, places, text)
            first += len(held)
            held, lines = [], []
    if held:
        yield _chunk(first, held, lines, places, text)


def _tail(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    rows = _rows(path, text)
    next(rows)
    return rows


def _chunk(first: int, rows: list[list[str]], lines: list[int], places: _Places, text: str) -> TableChunk:
    columns = list(zip(*rows, strict=True))
    labels = None if places.label is None else [_class(cell, text) for cell in columns[places.label]]
    splits = np.zeros(len(rows), np.int8)
    if places.split is not None:
        splits[:] = [_split(cell, line, text) for cell, line in zip(columns[places.split], lines, strict=True)]
    return TableChunk(
        first, [[cell.strip() for cell in columns[place]] for place in places.kept], splits, labels, lines
    )


def _class(cell: str, text: str) -> str:
    name = cell.strip()
    if name and not is_class_name(name):
        raise UserError(f"data: {text!r} holds {brief(name, 40)!r}, which is no name of a class")
    return name


def _split(cell: str, line: int, text: str) -> int:
    word = SPLIT_WORDS.get(cell.strip().lower())
    if word is None:
        raise UserError(f"data: {text!r}: {brief(cell, 40)!r} at line {line:,} is no split; train, val and test are")
    return SPLIT_ORDER.index(word)
