"""Values of files that others may have written, as far as a page shows them: of the expected kind, and not too long."""

from collections.abc import Sequence
from typing import Any

from ganache.support.errors import shown
from ganache.support.json_files import is_number
from ganache.support.units import brief

MOST_TEXT, MOST_ENTRIES = 2_000, 200


def text(value: Any, most: int = MOST_TEXT) -> str:
    """Return a text or a number as text; nothing for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if isinstance(value, int) and not is_number(value):
        return ""
    return shown(brief(str(value), most))


def number(value: Any) -> float | None:
    """Return a finite number, or None."""
    return value if is_number(value) else None


def mapping(value: Any, most: int = MOST_ENTRIES) -> dict[str, Any]:
    """Return the first entries of an object, or none."""
    if not isinstance(value, dict):
        return {}
    return dict(list(value.items())[:most])


def sequence(value: Any, most: int = MOST_ENTRIES) -> Sequence[Any]:
    """Return the first entries of a list, or none."""
    return value[:most] if isinstance(value, list | tuple) else []


def words(value: Any) -> str:
    """Return a value of JSON in words, its leaves behind their names: ``train 60000, test 10000``."""
    if isinstance(value, dict):
        return ", ".join(
            f"{text(name).replace('_', ' ')} {words(entry)}".strip() for name, entry in mapping(value, 12).items()
        )
    if isinstance(value, list | tuple):
        return " … ".join(words(entry) for entry in sequence(value, 12))
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return text(value, 300)
