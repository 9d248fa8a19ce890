"""The rules by which images of any channels and size become what a network takes."""

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ganache.engine.transfers import to_device

Pictures = NDArray[np.uint8]

CHANNEL_RULE = "alpha composited over white, then grey repeated or RGB weighed to grey (ITU-R 601-2)"
PILLOW_RULE = "Pillow bicubic, antialiased, 8 bits"
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def with_channels(images: Pictures, channels: int) -> Pictures:
    """Return images (N, H, W, C) with the wanted channels (1 … 4), as Pillow converts them.

    Where alpha is not wanted, images are composited over white, which is how they are seen on a page: the colours
    under transparent pixels, which nobody sees, then count for nothing.
    """
    had = images.shape[3]
    if had == channels:
        return images
    colours, alpha = (images[..., :-1], images[..., -1:]) if had in (2, 4) else (images, None)
    if channels in (1, 3) and alpha is not None:
        seen = colours.astype(np.uint16) * alpha + np.uint16(255) * (255 - alpha)
        colours = ((seen + np.uint16(127)) // np.uint16(255)).astype(np.uint8)
    colours = _recoloured(colours, 1 if channels <= 2 else 3)
    if channels in (1, 3):
        return colours
    opaque = np.full_like(colours[..., :1], 255) if alpha is None else alpha
    return np.concatenate([colours, opaque], axis=3)


def resize_pillow(images: Pictures, height: int, width: int) -> Pictures:
    """Return images (N, H, W, C) resized by Pillow's antialiased bicubic filter, as uint8.

    The filter of Parmar et al. 2022 (arXiv 2104.11222); images that have the size already are returned as they are.
    """
    count, had_height, had_width, channels = images.shape
    if (had_height, had_width) == (height, width):
        return images
    resized = np.empty((count, height, width, channels), np.uint8)
    for image, target in zip(images, resized, strict=True):
        picture = Image.fromarray(np.ascontiguousarray(image[..., 0] if channels == 1 else image))
        assert picture.mode == _MODES[channels]
        found = picture.resize((width, height), Image.Resampling.BICUBIC)
        target[...] = np.asarray(found).reshape(height, width, channels)
    return resized


def resize_tensorflow(images: Tensor, height: int, width: int) -> Tensor:
    """Return float images (N, C, H, W) resized as TensorFlow 1's ``resize_bilinear`` does, for the same arithmetic.

    align_corners=False, half_pixel_centers=False: output pixel i looks at input position i · in / out, so the picture
    moves by half a pixel, and shrinking skips pixels. Published scores were computed so.
    """
    across = _lerp(images, width, dim=3)
    return _lerp(across, height, dim=2)


def _lerp(images: Tensor, size: int, dim: int) -> Tensor:
    had = images.shape[dim]
    scale = torch.tensor(had / size, dtype=torch.float32)
    position = torch.arange(size, dtype=torch.float32) * scale
    below = position.long().clamp(max=had - 1)
    above = (below + 1).clamp(max=had - 1)
    share = (position - below).reshape([-1 if axis == dim else 1 for axis in range(images.ndim)])
    first = images.index_select(dim, to_device(below, images.device))
    second = images.index_select(dim, to_device(above, images.device))
    return first + (second - first) * to_device(share, images.device)


def _recoloured(colours: Pictures, channels: int) -> Pictures:
    if colours.shape[3] == channels:
        return colours
    if channels == 3:
        return np.repeat(colours, 3, axis=3)
    weights = np.array([19595, 38470, 7471], np.uint32)  # 0.299, 0.587, 0.114 in 16 bits: they sum to 2**16
    return ((colours.astype(np.uint32) @ weights + 0x8000) >> 16).astype(np.uint8)[..., None]
