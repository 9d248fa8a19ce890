"""What an array of numbers is as pictures: which axis is which, and how its values become 0 … 255."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganache.data.decoding.decode import MAX_PIXELS
from ganache.data.decoding.deep import DEPTHS, scaled
from ganache.data.npy import StoredArray
from ganache.data.ranges import Pair, Ranges
from ganache.data.shape import MAX_SIDE, ImageShape

_WANTED = "pictures (N, height, width), (N, height, width, channels) or (N, channels, height, width), 1 … 4 channels"
_LEAST_BRIGHT = 128  # floats that stay below it, and above 1, are no levels of 0 … 255
_LEAST_SIDE = 16  # of what could be one picture
_SCAN_BYTES = 8 * 2**20


class Scale(NamedTuple):
    """The values that become 0 and 255, and the rule in words; None where values are what they shall be."""

    ends: Pair | None
    said: str


@dataclass(frozen=True)
class PictureArray:
    """An array that holds pictures of one shape; `order` is the order of its axes in words."""

    stored: StoredArray
    shape: ImageShape
    channels_first: bool
    order: str

    @property
    def count(self) -> int:
        """How many pictures there are."""
        return self.stored.shape[0]

    def pieces(self, rows: int, scale: Scale) -> Iterator[NDArray[np.uint8]]:
        """Yield up to so many pictures (n, H, W, C) at a time; raises UserError when the file is damaged."""
        shape = self.shape
        for piece in self.stored.pieces(rows):
            values = piece if scale.ends is None else scaled(piece, scale.ends)
            if self.channels_first:
                yield np.ascontiguousarray(values.transpose(0, 2, 3, 1))
            else:
                yield values.reshape(len(values), shape.height, shape.width, shape.channels)


def as_pictures(stored: StoredArray) -> PictureArray:
    """Return an array as pictures; raises UserError when its shape or type is not that of pictures."""
    stored.refuse_objects()
    if stored.dtype.kind not in "buif":
        raise stored.error(f"holds {stored.described}, no numbers; it must be {_WANTED}")
    found = _axes(stored.shape)
    if found is None or not stored.shape[0]:
        raise stored.error(f"holds {stored.described}; it must be {_WANTED}")
    height, width, channels, order = found
    if len(stored.shape) == 3 and width in (3, 4) and min(stored.shape[:2]) >= _LEAST_SIDE:
        raise stored.error(
            f"holds {stored.described}: one picture (height, width, channels), or narrow grey ones? Add the fourth axis"
        )
    if max(height, width) > MAX_SIDE or height * width > MAX_PIXELS:
        raise stored.error(f"holds pictures of {height}x{width}, above {MAX_PIXELS // 10**6} megapixels")
    return PictureArray(stored, ImageShape(channels, height, width), order.startswith("(N, channels"), order)


def is_points(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    """Return whether an array holds points of a plane, as a generator of them draws."""
    return dtype.kind == "f" and shape[:1] != (0,) and shape[1:] in ((2,), (1, 1, 2))


def find_scale(arrays: Sequence[PictureArray], asked: Pair | Ranges | None = None) -> Scale:
    """Return one rule for the values of all arrays, from the smallest and the largest of them unless it is `asked` for.

    uint8 is taken as it is, unless a range is asked for; the ranges of another set say nothing of it. Raises UserError
    where values are not finite, or in no range that has a known meaning.
    """
    types = {array.stored.dtype for array in arrays}
    if isinstance(asked, Ranges):
        asked = _of_kind(types, asked)
    if asked is not None:
        return Scale(asked, f"{', '.join(sorted(map(str, types)))}, read as {asked[0]:.6g} … {asked[1]:.6g}, as asked")
    if types == {np.dtype(np.uint8)}:
        return Scale(None, "uint8, as they are")
    names = ", ".join(sorted(map(str, types)))
    if types == {np.dtype(np.bool_)}:
        return Scale((0.0, 1.0), "bool, false black and true white")
    low, high = math.inf, -math.inf
    for array in arrays:
        row_bytes = max(1, math.prod(array.stored.shape[1:]) * array.stored.dtype.itemsize)
        for piece in array.stored.pieces(max(1, _SCAN_BYTES // row_bytes)):
            if not np.isfinite(piece).all():
                raise array.stored.error(f"holds {array.stored.described} with values that are not finite")
            low, high = min(low, float(piece.min())), max(high, float(piece.max()))
    ends = _ends(low, high, is_whole=all(kind.kind in "bui" for kind in types))
    if ends is None:
        raise arrays[0].stored.error(
            f"holds values from {low:.6g} to {high:.6g}; floats must lie in 0 … 1, -1 … 1 or 0 … 255, whole numbers"
            " in 0 … 65535, or --range LOW:HIGH says what they mean"
        )
    found = f"{names} from {low:.6g} to {high:.6g}"
    return Scale(ends, f"{found}, read as {ends[0]:.6g} … {ends[1]:.6g}")


def _of_kind(types: set[np.dtype[Any]], ranges: Ranges) -> Pair | None:
    """Return the range of values of these types; None where they speak for themselves, as bytes do."""
    if types <= {np.dtype(np.uint8), np.dtype(np.bool_)}:
        return None
    return ranges.met if any(kind.kind == "f" for kind in types) else ranges.integer


def _axes(shape: tuple[int, ...]) -> tuple[int, int, int, str] | None:
    """Return height, width, channels and the order of the axes, None when they are none of pictures.

    Where either order could be meant, it is the one in which pictures are square; the channels are last if both are.
    """
    if 0 in shape[1:]:
        return None
    if len(shape) == 3:
        return shape[1], shape[2], 1, "(N, height, width)"
    if len(shape) != 4:
        return None
    last, first = shape[3] in (1, 2, 3, 4), shape[1] in (1, 3, 4)
    if last and first:
        first = shape[2] == shape[3] and shape[1] != shape[2]
    if first:
        return shape[2], shape[3], shape[1], "(N, channels, height, width)"
    return (shape[1], shape[2], shape[3], "(N, height, width, channels)") if last else None


def _ends(low: float, high: float, is_whole: bool) -> tuple[float, float] | None:
    if is_whole:
        # As pictures of 16 bits: 0 and 1 alone are black and white, and else the least depth that holds all.
        tops = [1, *(2**bits - 1 for bits in DEPTHS)]
        return next(((0.0, float(top)) for top in tops if low >= 0 and high <= top), None)
    if 1 < high < _LEAST_BRIGHT:
        return None
    candidates = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))
    return next((ends for ends in candidates if ends[0] <= low and high <= ends[1]), None)
