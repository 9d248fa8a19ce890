"""Rows that a generator draws as a table: the columns, in the order and with the types that it learnt from."""

import csv
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ganache.data.npy import write_member, write_rows
from ganache.data.rows.columns import CategoryColumn
from ganache.data.rows.table import Schema
from ganache.drawing.exports import add_origin
from ganache.drawing.origins import BARE, Stamp
from ganache.runs.products import TrainedGenerator
from ganache.support.errors import UserError
from ganache.support.files import replacing

TABLE = ".csv"


def table_of(generator: TrainedGenerator) -> Schema:
    """Return the table whose rows a generator draws; raises UserError for one of pictures or points."""
    if generator.shape.table is None:
        raise UserError(f"--out: a table ({TABLE}) is of rows, and this generator draws none")
    return generator.shape.table


def write_csv(path: Path, generator: TrainedGenerator, count: int, seed: int, labels: Sequence[str]) -> None:
    """Write rows 0 … count of a seed as a table of text, atomically, each one's class in its column where it has one.

    Raises UserError for what draws no rows and for classes that are not known, RunError when the disk refuses.
    """
    table, names = table_of(generator), np.array(generator.label_names, object)
    rows = generator.stream(count, seed, labels)
    classes = generator.classes(count, seed, labels)
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.header(bool(len(names))))
        for values, numbers in zip(rows, classes, strict=True):
            told = names[numbers].tolist() if len(names) else None
            writer.writerows(table.written(values.reshape(len(values), -1), told))


def write_numbers(
    path: Path, generator: TrainedGenerator, count: int, seed: int, labels: Sequence[str], stamp: Stamp = BARE
) -> None:
    """Write rows 0 … count of a seed as an array (N, columns) in a .npy, or ``X`` in a .npz with ``y``, the classes.

    Raises UserError for a table with categories, which no array of numbers holds, and as `write_csv` does.
    """
    table = table_of(generator)
    if odd := next((column.name for column in table.columns if isinstance(column, CategoryColumn)), None):
        raise UserError(f"--out: the column {odd!r} holds categories, which no array has; write a table, NAME{TABLE}")
    decoded = (table.decoded(part.reshape(len(part), -1)) for part in generator.stream(count, seed, labels))
    rows = (np.stack(columns, axis=1).astype(np.float64) for columns in decoded)
    with replacing(path) as temporary, open(temporary, "wb") as file:
        if path.suffix.lower() == ".npy":
            write_rows(file, rows, count, (len(table.columns),), np.dtype(np.float64))
            return
        with zipfile.ZipFile(file, "w") as archive:
            write_member(archive, "X", rows, count, (len(table.columns),), np.dtype(np.float64))
            if names := generator.label_names:
                known = _as_numbers(names)
                classes = (known[numbers] for numbers in generator.classes(count, seed, labels))
                write_member(archive, "y", classes, count, (), known.dtype)
            add_origin(archive, stamp)


def _as_numbers(names: Sequence[str]) -> npt.NDArray[Any]:
    """Return classes as whole numbers where all of their names are such, else as words."""
    is_whole = all(name.isascii() and name.isdigit() and len(name) < 10 for name in names)
    return np.array([int(name) for name in names], np.int64) if is_whole else np.array(names)
