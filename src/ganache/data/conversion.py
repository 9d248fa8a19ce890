"""How data become arrays of one shape: what was asked for, else what suits them, with the decision in words."""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any, Self

from ganache.data.ranges import Ranges
from ganache.data.rows.reading import AS_USUAL, TableReading
from ganache.data.shape import Fitting, ImageShape
from ganache.support.errors import UserError

LARGEST_KEPT = 256  # images that share one size up to this side, in pixels, keep it
DEFAULT_SIDE = 64  # pixels, to which mixed or larger images are brought: trained in reasonable time
_COVERED = "scaled to cover the shape with Pillow's antialiased Lanczos filter, then centre-cropped"

RULES: dict[Fitting, str] = {
    "covered": _COVERED,
    "stretched": "stretched to the size with Pillow's antialiased bicubic filter",
    "halves": f"the left and the right half each {_COVERED}",
}


@dataclass(frozen=True)
class Conversion:
    """How pictures become arrays: (height, width), channels and the values that become 0 and 255 in files of more than
    8 bits, each None to be decided from the data; the share of files that may fail.

    `ranges` are those of another set, by which pictures that belong with it are read: its own would say nothing.
    By their `fitting` pictures cover the size and are cropped, are stretched to it whatever becomes of their
    proportions, or are two pictures side by side, each of which covers its half.
    `rows` says how a table is read, and nothing of pictures. Raises UserError for values outside their ranges.
    """

    size: tuple[int, int] | None = None
    channels: int | None = None
    max_skipped: float = 0.01
    value_range: tuple[float, float] | None = None
    ranges: Ranges | None = None
    fitting: Fitting = "covered"
    rows: TableReading = AS_USUAL

    def __post_init__(self) -> None:
        """Check every field before any file is touched."""
        height, width = self.size or (1, 1)
        ImageShape(1 if self.channels is None else self.channels, height, width)
        if not 0 <= self.max_skipped <= 1:
            raise UserError(f"max_skipped: {self.max_skipped} is not a share of the images from 0 to 1")
        low, high = self.value_range or (0, 1)
        if not (-math.inf < low < high < math.inf):
            raise UserError(f"range: {low:g}:{high:g} is not LOW:HIGH, two numbers of which the first is smaller")

    @classmethod
    def into(cls, shape: ImageShape, ranges: Ranges | None = None) -> Self:
        """Return how pictures are read that go with those of a shape, deep ones of these ranges."""
        return cls((shape.height, shape.width), shape.channels, ranges=ranges)

    @property
    def values(self) -> tuple[float, float] | Ranges | None:
        """What becomes 0 and 255 in files of more than 8 bits: as asked, or else as in the set to which they belong."""
        return self.value_range or self.ranges

    def refuse_for_rows(self, text: str) -> None:
        """Raise UserError where something was asked for that a table has not, and for what is said of pictures."""
        for field, value in (("size", self.size), ("channels", self.channels), ("range", self.value_range)):
            if value is not None:
                raise UserError(f"{field}: it is for pictures, and {text!r} is a table")

    def refuse_for_others(self, text: str) -> None:
        """Raise UserError where something was asked for that only a table has."""
        if said := self.rows.said:
            raise UserError(f"{next(iter(said))}: it is for tables, and {text!r} is none")


DECIDED_BY_THE_DATA = Conversion()


def decide(
    sizes: Counter[tuple[int, int]], channels: Counter[int], how: Conversion
) -> tuple[ImageShape, dict[str, str]]:
    """Return the set's shape from counts of (height, width) and of channels, and a sentence for each decision.

    Raises UserError for pictures that would be taken for the points of a density.
    """
    (height, width), why_size = _decide_halves(sizes, how) if how.fitting == "halves" else _decide_size(sizes, how)
    count, why_channels = _decide_channels(channels, how)
    decisions = {"size": why_size, "channels": why_channels, "resize": RULES[how.fitting]}
    shape = ImageShape(count, height, width)
    if shape.is_point:
        raise UserError(
            "channels: one pixel of 2 channels is a point of a density, not grey with alpha; 1, 3 or 4 work"
        )
    return shape, decisions


def describe_sizes(sizes: Counter[tuple[int, int]]) -> dict[str, Any]:
    """Return the original sizes in short: how many, the extremes, the most frequent, as HEIGHTxWIDTH."""
    areas = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    common = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    return {
        "distinct_sizes": len(sizes),
        "smallest": _text(areas[0]),
        "largest": _text(areas[-1]),
        "median_short_side": _median_short_side(sizes),
        "most_common": {_text(size): count for size, count in common[:5]},
    }


def _decide_size(sizes: Counter[tuple[int, int]], how: Conversion) -> tuple[tuple[int, int], str]:
    if how.size is not None:
        return how.size, f"{_text(how.size)}, as asked"
    if len(sizes) == 1:
        (size,) = sizes
        if max(size) <= LARGEST_KEPT:
            return size, f"{_text(size)}: every image has this size"
    short = _median_short_side(sizes)
    side = min(DEFAULT_SIDE, short)
    found = f"{len(sizes)} different sizes" if len(sizes) > 1 else f"one size, {_text(next(iter(sizes)))}"
    why = f"the images have {found} with a median short side of {short} pixels; --size HEIGHTxWIDTH chooses another"
    return (side, side), f"{side}x{side}: {why}"


def _decide_halves(sizes: Counter[tuple[int, int]], how: Conversion) -> tuple[tuple[int, int], str]:
    """Return the size of two pictures side by side: what would be decided for either of them, twice as wide."""
    if how.size is not None:
        return _decide_size(sizes, how)
    halves: Counter[tuple[int, int]] = Counter()
    for (height, width), count in sizes.items():
        halves[height, max(1, width // 2)] += count
    (height, width), why = _decide_size(halves, how)
    return (height, 2 * width), f"of each half {why}"


def _decide_channels(channels: Counter[int], how: Conversion) -> tuple[int, str]:
    if how.channels is not None:
        return how.channels, f"{how.channels}, as asked"
    chosen, held = max(channels.items(), key=lambda item: (item[1], item[0]))
    if len(channels) == 1:
        return chosen, f"{chosen}: every image has as many"
    total = sum(channels.values())
    return chosen, f"{chosen}: {held} of {total} images have as many; --channels chooses another"


def _median_short_side(sizes: Counter[tuple[int, int]]) -> int:
    sides: Counter[int] = Counter()
    for (height, width), count in sizes.items():
        sides[min(height, width)] += count
    middle, passed = (sides.total() + 1) // 2, 0
    for side in sorted(sides):
        passed += sides[side]
        if passed >= middle:
            return side
    raise AssertionError("no sizes")


def _text(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
