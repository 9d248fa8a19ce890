"""Groups that are always of one size: sums in floating point depend on how many images are computed at once."""

from collections.abc import Iterator

from torch import Tensor


def whole_groups(pixels: Tensor, size: int) -> Iterator[Tensor]:
    """Yield images (N, …) in groups of so many; the last one is filled up with zeros, and of none there is one."""
    for start in range(0, max(len(pixels), 1), size):
        group = pixels.new_zeros(size, *pixels.shape[1:])
        given = pixels[start : start + size]
        group[: len(given)] = given
        yield group
