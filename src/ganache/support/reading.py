"""JSON that may come from anywhere: bounded before it is read, and refused in one line when it is of the wrong form."""

import contextlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ganache.support.errors import UserError
from ganache.support.units import brief

MOST_BYTES = 2**28  # of a file that is read at once
MOST_LOG_BYTES = 2**32
MOST_COUNT = 2**53  # images, and whatever else is counted: exact as a float

# What json raises for what is no JSON, for a number of thousands of digits, for brackets within brackets without end.
BROKEN = (ValueError, RecursionError)


def json_file(path: Path, field: str) -> Any:
    """Return the JSON value of a file; raises UserError, beginning with `field`, when it cannot be read."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(f"{field}: {path} has more than {MOST_BYTES >> 20} MiB, and is none of ours")
        return json.loads(path.read_text(encoding="utf-8"))
    except UserError:
        raise
    except OSError as error:
        raise UserError(f"{field}: {path} cannot be read: {error.strerror or error}") from None
    except BROKEN as error:
        reason = "its brackets are too deep" if isinstance(error, RecursionError) else error
        raise UserError(f"{field}: {path} cannot be read: {reason}") from None


def json_lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a log, none where there is no file; the first that is no JSON, as a crash leaves it, ends it.

    Raises UserError when the file cannot be read, or a line is JSON but no line of a log: an object whose `images_seen`
    is a count.
    """
    if not path.exists():
        return []
    lines: list[dict[str, Any]] = []
    try:
        if path.stat().st_size > MOST_LOG_BYTES:
            raise UserError(f"run: {path} has more than {MOST_LOG_BYTES >> 30} GiB, and is none of ours")
        with path.open(encoding="utf-8", errors="replace") as file:
            for number, text in enumerate(file, 1):
                try:
                    line = json.loads(text)
                except BROKEN:
                    break
                lines.append(_checked(line, f"run: line {number} of {path}"))
    except OSError as error:
        raise UserError(f"run: {path} cannot be read: {error.strerror or error}") from None
    return lines


def is_number(value: object) -> bool:
    """Return whether a JSON value is a finite number that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) if isinstance(value, float) else abs(value) < 2**1000


def _checked(line: Any, where: str) -> dict[str, Any]:
    if not isinstance(line, dict):
        raise UserError(f"{where} is no object of names and values")
    seen = line.get("images_seen")
    if isinstance(seen, bool) or not isinstance(seen, int) or not 0 <= seen < MOST_COUNT:
        raise UserError(f"{where} has no number of images_seen, from 0 to 2^53")
    seconds = line.get("training_seconds", 0.0)
    if not is_number(seconds) or seconds < 0:
        raise UserError(f"{where} has training_seconds that are no time")
    told = line.get("doctor", [])
    if not (isinstance(told, list) and all(isinstance(name, str) for name in told)):
        raise UserError(f"{where} has a doctor that is no list of names")
    return line


# What a wrong form raises where a value is made of it.
_MISFITS = (KeyError, TypeError, ValueError, AttributeError, OverflowError)


@contextlib.contextmanager
def well_formed(where: str) -> Iterator[None]:
    """Raise UserError for what a record's values cannot be made into."""
    try:
        yield
    except UserError:
        raise
    except _MISFITS as error:
        raise UserError(f"run: {where} is of a wrong form: {brief(f'{type(error).__name__}: {error}')}") from error
