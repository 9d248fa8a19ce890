"""Quantities as people write them: ``200k`` images, ``10m`` of training, ``64x48`` pixels."""

import math
import re
from collections.abc import Sequence
from decimal import Decimal

from ganache.support.errors import UserError

_COUNT_FACTORS = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_count(text: str | int, field: str = "count") -> int:
    """Return a positive number of images from ``200k``, ``1.5M`` or a plain whole number.

    Raises UserError when the text is anything else, or not a whole number of images.
    """
    match = re.fullmatch(r"(\d{1,16}(?:_\d{3})*(?:\.\d{1,15})?)\s*([kmg]?)", str(text).strip().lower())
    if match:
        value = Decimal(match[1]) * _COUNT_FACTORS[match[2]]  # exactly: 1.001k is 1001
        if 1 <= value < 2**53 and value == int(value):
            return int(value)
    raise UserError(f"{field}: {str(text)!r} is not a positive number of images such as 5000, 200k or 1.5M")


def parse_duration(text: str | float, field: str = "time") -> float:
    """Return seconds from ``90s``, ``10m``, ``1.5h`` or ``2d``; a bare number is seconds.

    Raises UserError when the text is anything else or not positive.
    """
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*([smhd]?)", str(text).strip().lower())
    if match and float(match[1]) > 0:
        return float(match[1]) * _SECONDS[match[2] or "s"]
    raise UserError(f"{field}: {str(text)!r} is not a duration such as 90s, 10m, 1.5h or 2d")


def parse_size(text: str, field: str = "size") -> tuple[int, int]:
    """Return (height, width) in pixels from ``64x48``; a single number is a square.

    Raises UserError when the text is anything else, or a side is outside 1 … 16384.
    """
    match = re.fullmatch(r"(\d{1,5})(?:\s*[x×]\s*(\d{1,5}))?", str(text).strip().lower())
    if match:
        height, width = int(match[1]), int(match[2] or match[1])
        if 1 <= height <= 16384 and 1 <= width <= 16384:
            return height, width
    raise UserError(f"{field}: {str(text)!r} is not HEIGHTxWIDTH in pixels, such as 64x64 or 96x128 (1 to 16384)")


def check_seed(seed: int) -> int:
    """Return the seed; raises UserError for one that is not between 0 and 2^63 - 1."""
    if not 0 <= seed < 2**63:
        raise UserError(f"seed: {seed} is not between 0 and 2^63 - 1")
    return seed


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: 1 image, 1,797 images; 2 classes with a `plural` of its own."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def are(count: int, noun: str) -> str:
    """Return a number with its noun and its verb: 1 sample is, 3 samples are."""
    return f"{counted(count, noun)} {'is' if count == 1 else 'are'}"


def listed(items: Sequence[str], most: int = 10, between: str = ", ") -> str:
    """Return the first `most` of some names, each of at most 160 letters, and how many more there are."""
    kept = [brief(item) for item in items[:most]]
    more = [f"… and {len(items) - most:,} more"] if len(items) > most else []
    return between.join([*kept, *more])


def brief(text: str, most: int = 160) -> str:
    """Return a text, or its beginning and its end with … for the middle where it has more than `most` letters."""
    half = most // 2
    return text if len(text) <= most else f"{text[: most - half - 1]}…{text[-half:]}"


def parse_range(text: str, field: str = "range") -> tuple[float, float]:
    """Return (low, high) from ``0:4095`` or ``-1:1``. Raises UserError when the text is anything else."""
    low, colon, high = text.strip().partition(":")
    try:
        pair = float(low), float(high)
    except ValueError:
        pair = (0.0, 0.0)
    if colon and -math.inf < pair[0] < pair[1] < math.inf:
        return pair
    raise UserError(f"{field}: {text!r} is not LOW:HIGH, two numbers such as 0:4095 or -1:1, the smaller first")


def number_text(number: float) -> str:
    """Return a number by no more digits than it needs to be read again as itself: 4095, 0.1, 1048575."""
    return repr(float(number)).removesuffix(".0")


def count_text(count: float) -> str:
    """Return a number of images in short: 950, 60k, 1.5M."""
    for factor, suffix in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if count >= 0.99995 * factor:  # what four digits would round to the next unit
            return f"{count / factor:.4g}{suffix}"
    return f"{count:.0f}"


def bytes_text(count: int) -> str:
    """Return a number of bytes in short: 950 B, 1.5 MiB."""
    value, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            break
        value /= 1024
    return f"{count} B" if unit == "B" else f"{value:.1f} {unit}"


def duration_text(seconds: float) -> str:
    """Return a duration in short: 8s, 3m 20s, 2h 05m."""
    whole = max(0, round(seconds))
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours}h {minutes:02d}m"
    return f"{minutes}m {whole % 60:02d}s" if minutes else f"{whole}s"
