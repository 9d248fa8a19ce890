"""Tables of numbers in .npy and .npz files: an array (N, K) of which each row is one, and a class for each."""

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ganache.data.npy import StoredArray
from ganache.data.rows.table import MAX_COLUMNS
from ganache.data.sources.array_files import ArraySet, find_sets, read_labels
from ganache.data.sources.layout import SPLIT_ORDER
from ganache.data.sources.raw_tables import RawTable, TableChunk
from ganache.support.errors import UserError

_PICTURES = ("image", "img", "picture")  # in the name of an array that would be pictures, were its shape theirs


def is_table(shape: tuple[int, ...], name: str = "") -> bool:
    """Return whether an array of a shape and a name holds rows of numbers."""
    return len(shape) == 2 and 0 not in shape and not any(word in name.lower() for word in _PICTURES)


def holds_rows(path: Path, field: str = "data") -> bool:
    """Return whether a file of arrays holds rows and no pictures; raises UserError as reading it does."""
    sets, _ = find_sets(path, field)
    return all(is_table(part.pictures.shape, part.pictures.name) for part in sets)


def array_table(path: Path, text: str, field: str = "data") -> RawTable:
    """Return the table of a file that holds one: columns x1, x2, …, classes by an array such as y.

    Raises UserError for arrays that are no numbers, splits of several widths, and classes that are none.
    """
    sets, _ = find_sets(path, field)
    for part in sets:
        part.pictures.refuse_objects()
        if part.pictures.dtype.kind not in "buif":
            raise part.pictures.error(f"holds {part.pictures.described}, no numbers")
    widths = {part.pictures.shape[1] for part in sets}
    width = widths.pop()
    if widths or width > MAX_COLUMNS:
        raise sets[0].pictures.error(
            f"has splits of several widths, or more than {MAX_COLUMNS:,} columns: {sets[0].pictures.described}"
        )
    names, labels = read_labels(sets)
    label = next((part.labels.name for part in sets if part.labels), None)
    chunks = functools.partial(_chunks, sets, labels, np.array([*names, ""], object) if names else None)
    columns = tuple(f"x{number}" for number in range(1, width + 1))
    # An array of classes stands behind the columns.
    return RawTable(text, columns, chunks, label if names else None, width, len(sets) > 1, "row")


def _chunks(
    sets: Sequence[ArraySet], labels: Sequence[npt.NDArray[np.int32]], names: npt.NDArray[Any] | None, rows: int
) -> Iterator[TableChunk]:
    first = 0
    for part, numbers in zip(sets, labels, strict=True):
        done = 0
        for piece in _numbers(part.pictures, rows):
            split = np.full(len(piece), SPLIT_ORDER.index(part.split), np.int8)
            classes = None if names is None else names[numbers[done : done + len(piece)]].tolist()
            cells = [np.ascontiguousarray(column) for column in piece.T]
            yield TableChunk(first, cells, split, classes, range(first + 1, first + len(piece) + 1))
            done, first = done + len(piece), first + len(piece)


def _numbers(stored: StoredArray, rows: int) -> Iterator[npt.NDArray[np.float64]]:
    try:
        yield from (piece.astype(np.float64) for piece in stored.pieces(rows))
    except (OverflowError, MemoryError) as error:
        raise UserError(f"{stored.field}: {stored.path} cannot be read: {error}") from error
