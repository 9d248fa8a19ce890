"""Layers that several families share."""

import torch
from torch import Tensor, nn


def with_labels(vectors: Tensor, labels: Tensor) -> Tensor:
    """Append labels (N, K) to vectors (N, Z): (N, Z + K). Conditioning by concatenation (Mirza & Osindero 2014)."""
    return torch.cat([vectors, labels.to(vectors.dtype)], dim=1) if labels.shape[1] else vectors


def with_label_planes(images: Tensor, labels: Tensor) -> Tensor:
    """Append labels (N, K) to images (N, C, H, W) as K constant planes: (N, C + K, H, W)."""
    if not labels.shape[1]:
        return images
    planes = labels.to(images.dtype)[:, :, None, None].expand(-1, -1, *images.shape[2:])
    return torch.cat([images, planes], dim=1)


def halvings(height: int, width: int, smallest: int = 7, at_least: int = 2) -> list[tuple[int, int]]:
    """Return the image's size and its repeated halves, rounded up, until both sides are at most `smallest`.

    Each side halves on its own: (128, 8) gives (128, 8), (64, 4), (32, 4), … An image too small for `at_least`
    halvings begins with steps that keep its size, since one layer alone sees no shapes: (8, 8), (8, 8), (4, 4).
    """
    sizes = [(height, width)]
    while max(sizes[-1]) > smallest:
        sizes.append((_half(sizes[-1][0], smallest), _half(sizes[-1][1], smallest)))
    return [(height, width)] * (at_least + 1 - len(sizes)) + sizes


def _half(side: int, smallest: int) -> int:
    return (side + 1) // 2 if side > smallest else side


def stride_between(large: tuple[int, int], small: tuple[int, int]) -> tuple[int, int]:
    """Return the stride, 1 or 2 a side, that leads from one size to its half."""
    return (2 if large[0] > small[0] else 1, 2 if large[1] > small[1] else 1)


def kernel_for(stride: tuple[int, int]) -> tuple[int, int]:
    """Return kernel sizes for padding 1: 4 where the stride is 2 (no checkerboard overlap), 3 where it is 1."""
    return (4 if stride[0] == 2 else 3, 4 if stride[1] == 2 else 3)


class Upsample(nn.Module):
    """A transposed convolution to an exact size: twice the input or, for odd sizes, one less."""

    def __init__(self, inputs: int, outputs: int, small: tuple[int, int], large: tuple[int, int], bias: bool = True):
        super().__init__()
        stride = stride_between(large, small)
        self.size = large
        self.convolution = nn.ConvTranspose2d(inputs, outputs, kernel_for(stride), stride, padding=1, bias=bias)

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, inputs, h, w) to (N, outputs, H, W)."""
        grown: Tensor = self.convolution(features)
        return grown[:, :, : self.size[0], : self.size[1]]


def normal_initialised(module: nn.Module, deviation: float = 0.02) -> nn.Module:
    """Draw every weight from N(0, 0.02²), batch norm's scale from N(1, 0.02²), as Radford et al. 2016, section 4."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(layer.weight, 0.0, deviation)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, deviation)
            nn.init.zeros_(layer.bias)
    return module
