"""Pixels as files hold them, 0 … 255, and values as networks take and make them, in [-1, 1]."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def values_of(pixels: Tensor) -> Tensor:
    """Return uint8 pixels of any shape as float32 values in [-1, 1]."""
    return pixels.float().div_(127.5).sub_(1.0)


def pixels_of(values: Tensor) -> Tensor:
    """Return values of any shape as the nearest uint8 pixels; what lies outside of [-1, 1] is black or white."""
    return ((values + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8)


def channels_last(images: NDArray[Any]) -> NDArray[Any]:
    """Return pictures (N, C, H, W), as data sets hold them, as (N, H, W, C), as files do; the same dtype."""
    return np.ascontiguousarray(images.transpose(0, 2, 3, 1))
