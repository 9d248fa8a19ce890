"""Pixels as they are: the plainest features, for small pictures and for the points of densities."""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganache.data.shape import ImageShape
from ganache.engine.transfers import CPU
from ganache.evaluation.features.extractor import Extracted, check_pictures, described
from ganache.evaluation.features.images import PILLOW_RULE, resize_pillow, with_channels
from ganache.support.errors import UserError

MOST_PIXELS = 32 * 32


class PixelExtractor:
    """Pixels in [0, 1], row by row; pictures above 1,024 pixels shrunk to that; points (N, 1, 1, 2) untouched.

    All images are taken to the channels and the size that those of `shape` get.
    """

    name = "pixels"
    version = 1

    def __init__(self, shape: ImageShape, device: torch.device | None = None) -> None:
        self.shape, self.device = shape, device or CPU
        self._height, self._width = shrunk(shape.height, shape.width)

    @property
    def size(self) -> int:
        """D: kept pixels × channels."""
        return self._height * self._width * self.shape.channels

    def describe(self) -> dict[str, Any]:
        """Return name, version, size and the rules as JSON values."""
        return described(self, None, f"{self._height}x{self._width} ({PILLOW_RULE})", self.shape.channels)

    def at_once(self, images: NDArray[Any]) -> int:
        """Return that all are: there is nothing to compute."""
        return max(1, len(images))

    def __call__(self, images: NDArray[Any]) -> Extracted:
        """Return pixels / 255 (N, D) of uint8 pictures (N, H, W, C), or a density's float points as they are."""
        if self.shape.is_point and images.shape[1:] == (1, 1, self.shape.channels) and images.dtype.kind == "f":
            return Extracted(images.reshape(len(images), -1).astype(np.float32))
        if self.shape == ImageShape(2, 1, 1):
            raise UserError(f"images: {images.dtype} {images.shape} are no points, float (N, 1, 1, 2)")
        pictures = with_channels(check_pictures(self.name, images), self.shape.channels)
        small = resize_pillow(pictures, self._height, self._width)
        return Extracted(small.reshape(len(small), -1).astype(np.float32) / np.float32(255))


def shrunk(height: int, width: int) -> tuple[int, int]:
    """Return the largest size of the same proportions with at most 1,024 pixels, or the size itself."""
    if height * width <= MOST_PIXELS:
        return height, width
    scale = math.sqrt(MOST_PIXELS / (height * width))
    # A very long strip would lose its short side altogether, and must not keep its long one for that.
    kept_height, kept_width = max(1, int(height * scale)), max(1, int(width * scale))
    return min(kept_height, MOST_PIXELS), min(kept_width, MOST_PIXELS)
