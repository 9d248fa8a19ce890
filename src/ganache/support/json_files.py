"""JSON in files: whole or absent when written; bounded before it is read, and refused in one line."""

import contextlib
import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ganache.support.errors import UserError, reason
from ganache.support.files import write_text
from ganache.support.units import brief, bytes_text

MOST_BYTES = 2**28  # of a file that is read at once
MOST_LINES_BYTES = 2**32

# What json raises for what is no JSON, for a number of thousands of digits, for brackets within brackets without end.
BROKEN = (ValueError, RecursionError)

# What a wrong form raises where a value is made of it.
_MISFITS = (KeyError, TypeError, ValueError, AttributeError, OverflowError)


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, atomically. Raises RunError when the disk refuses."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_json_lines(path: Path, values: Iterable[Any]) -> None:
    """Write each value as a line of JSON, likewise."""
    write_text(path, "".join(map(json_line, values)))


def json_line(value: Any) -> str:
    """Return a value as a line of JSON, its end included."""
    return json.dumps(value) + "\n"


def read_json(path: Path, field: str) -> Any:
    """Return the JSON value of a file; raises UserError, beginning with `field`, when it cannot be read."""
    with _readable(path, field, MOST_BYTES):
        return json.loads(path.read_text(encoding="utf-8"))


def read_json_lines(path: Path, field: str) -> list[Any]:
    """Return the values of a file's lines, none where there is no file.

    The first line that is no JSON, as a crash leaves it, ends them. Raises UserError, beginning with `field`, when the
    file cannot be read.
    """
    values: list[Any] = []
    if path.exists():
        with _readable(path, field, MOST_LINES_BYTES), path.open(encoding="utf-8", errors="replace") as file:
            for text in file:
                try:
                    values.append(json.loads(text))
                except BROKEN:
                    break
    return values


def is_number(value: object) -> bool:
    """Return whether a JSON value is a finite number that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) if isinstance(value, float) else abs(value) < 2**1000


@contextlib.contextmanager
def well_formed(where: str) -> Iterator[None]:
    """Raise UserError for what a record's values cannot be made into."""
    try:
        yield
    except UserError:
        raise
    except _MISFITS as error:
        raise UserError(f"run: {where} is of a wrong form: {brief(f'{type(error).__name__}: {error}')}") from error


@contextlib.contextmanager
def _readable(path: Path, field: str, most: int) -> Iterator[None]:
    """Raise UserError for a file of more than `most` bytes, and for what reading it raises."""
    try:
        if path.stat().st_size > most:
            raise UserError(f"{field}: {path} has more than {bytes_text(most)}, and is none of ours")
        yield
    except UserError:
        raise
    except OSError as error:
        raise UserError(f"{field}: {path} cannot be read: {reason(error)}") from None
    except BROKEN as error:
        why = "its brackets are too deep" if isinstance(error, RecursionError) else error
        raise UserError(f"{field}: {path} cannot be read: {why}") from None
