"""Groups that are always of one size: sums in floating point depend on how many images are computed at once."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ganache.engine.full_precision import full_precision
from ganache.engine.transfers import to_device


def whole_groups(pixels: Tensor, size: int) -> Iterator[Tensor]:
    """Yield images (N, …) in groups of so many; the last one is filled up with zeros, and of none there is one."""
    for start in range(0, max(len(pixels), 1), size):
        group = pixels.new_zeros(size, *pixels.shape[1:])
        given = pixels[start : start + size]
        group[: len(given)] = given
        yield group


def in_whole_groups(function: Callable[[Tensor], Tensor], images: Tensor, size: int, device: torch.device) -> Tensor:
    """Return what a function on a device makes of images (N, …), on the CPU: the same in whatever company each is."""
    with torch.inference_mode(), full_precision():
        parts = [function(to_device(group, device)).cpu() for group in whole_groups(images, size)]
    return torch.cat(parts)[: len(images)]
