"""Cells of a table: what is missing, and what is a number."""

import re
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Cells: TypeAlias = Sequence[str] | Floats
"""Of one column: texts without spaces around them, or numbers, NaN where they are missing."""

MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", "?"))  # in any case
_WITH_COMMA = re.compile(r"[+-]?(\d*,\d+|\d{1,3}(,\d{3})+(\.\d+)?)([eE][+-]?\d+)?")
LARGEST = 1e100  # of a number: squares of it can still be added up


def is_missing(cell: str) -> bool:
    """Return whether a text stands for no value."""
    return len(cell) <= 4 and cell.lower() in MISSING


def numbers_of(cells: Cells) -> Floats | None:
    """Return cells (N,) as numbers, NaN where one is missing; None where one is a text."""
    if isinstance(cells, np.ndarray):
        return cells
    try:
        return np.array([_number(cell) for cell in cells], np.float64)
    except ValueError:
        return None


def first_text(cells: Sequence[str]) -> int:
    """Return the place of the first cell that is neither missing nor a number; there must be one."""
    return next(place for place, cell in enumerate(cells) if numbers_of([cell]) is None)


def has_comma(cell: str) -> bool:
    """Return whether a text is a number with a decimal comma, or with commas between thousands."""
    return _WITH_COMMA.fullmatch(cell) is not None


def _number(cell: str) -> float:
    try:
        found = float(cell)
    except ValueError:
        if is_missing(cell):
            return np.nan
        raise
    if "_" in cell:  # which Python reads and nobody else writes
        raise ValueError(cell)
    return found
