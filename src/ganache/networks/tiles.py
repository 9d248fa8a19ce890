"""Convolutions that read and draw images, whose few channels a processor's kernels compute like sixteen.

In one direction, from features to an image, that wastes most of the work: in drawing, and where the discriminator's
first layer is differentiated by its input. Here that direction is computed by tiles of T × T pixels, whose pixels
are the channels of a convolution with T / stride as its stride: of 16 channels for one, of 4 for each of up to four.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import Function

Pair = tuple[int, ...]  # of height and width


class TiledConv2d(nn.Conv2d):
    """A convolution whose slope by an input of up to four channels is computed by tiles."""

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, h, w)."""
        if not _by_tiles(self, self.in_channels, images):
            return super().forward(images)
        given = _in_precision(images, self.weight, self.bias)
        features: Tensor = _Convolution.apply(*given, self.stride, self.padding)  # type: ignore[no-untyped-call]
        return features


class TiledConvTranspose2d(nn.ConvTranspose2d):
    """A transposed convolution that is computed by tiles if it has up to four outputs."""

    def forward(self, features: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Map (N, inputs, h, w) to (N, outputs, H, W)."""
        if output_size is not None or not _by_tiles(self, self.out_channels, features):
            return super().forward(features, output_size)
        assert isinstance(self.padding, tuple)
        sides = zip(features.shape[2:], self.stride, self.padding, self.kernel_size, self.output_padding, strict=True)
        size = tuple((side - 1) * step - 2 * pad + kernel + more for side, step, pad, kernel, more in sides)
        given = _in_precision(features, self.weight, self.bias)
        images: Tensor = _Transposed.apply(*given, self.stride, self.padding, size)  # type: ignore[no-untyped-call]
        return images


def tile_side(channels: int) -> int:
    """Return the side T of the tiles for images of so many channels; 0 where a kernel's own way is as good."""
    return {1: 4, 2: 2, 3: 2, 4: 2}.get(channels, 0)


def transposed_by_tiles(
    features: Tensor, weight: Tensor, bias: Tensor | None, stride: Pair, padding: Pair, size: Pair, tile: int
) -> Tensor:
    """Return `conv_transpose2d` of features (N, I, h, w), weight (I, O, kh, kw) and bias (O,), as (N, O, *size).

    The stride must divide the tile. A tile is an output of a convolution: a pixel of it hears those inputs through
    those taps that it hears in a transposed convolution, and the tile's other inputs through zeros.
    """
    (rows, above), (columns, left) = (
        _taps(*axis, tile) for axis in zip(weight.shape[2:], stride, padding, strict=True)
    )
    inputs, outputs = weight.shape[:2]
    taps = F.pad(weight, (0, 1, 0, 1)).index_select(2, rows.flatten()).index_select(3, columns.flatten())
    kernel = taps.view(inputs, outputs, *rows.shape, *columns.shape).permute(1, 2, 4, 0, 3, 5)
    kernel = kernel.reshape(outputs * tile**2, inputs, rows.shape[1], columns.shape[1])
    steps = [tile // step for step in stride]
    # What the last tile hears may lie further beyond the features than what the first one does.
    ends = zip(size, steps, kernel.shape[2:], features.shape[2:], (above, left), strict=True)
    below, right = (max(0, step * ((side - 1) // tile) + taps - have - 2 * pad) for side, step, taps, have, pad in ends)
    if below or right:
        features = F.pad(features, (0, right, 0, below))
    biases = None if bias is None else bias.repeat_interleave(tile**2)
    kernel = kernel.contiguous(memory_format=torch.channels_last)
    tiles = F.conv2d(features, kernel, biases, steps, (above, left))
    return F.pixel_shuffle(tiles, tile)[:, :, : size[0], : size[1]]


def _taps(kernel: int, stride: int, padding: int, tile: int) -> tuple[Tensor, int]:
    """Return along one axis which tap joins a tile's pixel (row) and input (column), and the inputs before its first.

    Output y hears input i through tap y + padding - stride·i. No tap is `kernel`, where a zero is appended.
    """
    before = (kernel - 1 - padding) // stride
    last = (tile - 1 + padding) // stride
    taps = torch.arange(tile)[:, None] + padding - stride * torch.arange(-before, last + 1)
    return torch.where((taps >= 0) & (taps < kernel), taps, kernel), before


class _Convolution(Function):
    """`conv2d`, differentiated by its input by tiles."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor, bias: Tensor | None, stride: Pair, padding: Pair) -> Tensor:
        ctx.save_for_backward(images, weight)
        ctx.geometry = (stride, padding)
        return F.conv2d(images, weight, bias, stride, padding)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Any:
        images, weight = ctx.saved_tensors
        first, second, third = ctx.needs_input_grad[:3]
        size = tuple(images.shape[2:])
        by_images = _Transposed.apply(slope, weight, None, *ctx.geometry, size) if first else None  # type: ignore[no-untyped-call]
        by_weight = _by_weight(slope, images, weight, *ctx.geometry) if second else None
        return by_images, by_weight, slope.sum((0, 2, 3)) if third else None, None, None


class _Transposed(Function):
    """`conv_transpose2d` by tiles, differentiated as usual."""

    @staticmethod
    def forward(
        ctx: Any, features: Tensor, weight: Tensor, bias: Tensor | None, stride: Pair, padding: Pair, size: Pair
    ) -> Tensor:
        ctx.save_for_backward(features, weight)
        ctx.geometry = (stride, padding)
        return transposed_by_tiles(features, weight, bias, stride, padding, size, tile_side(weight.shape[1]))

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Any:
        features, weight = ctx.saved_tensors
        first, second, third = ctx.needs_input_grad[:3]
        by_features = _Convolution.apply(slope, weight, None, *ctx.geometry) if first else None  # type: ignore[no-untyped-call]
        by_weight = _by_weight(features, slope, weight, *ctx.geometry) if second else None
        return by_features, by_weight, slope.sum((0, 2, 3)) if third else None, None, None, None


def _by_weight(features: Tensor, images: Tensor, weight: Tensor, stride: Pair, padding: Pair) -> Tensor:
    """Return the slope by the weight: the same for both directions, of which one has its slope here, one its input."""
    geometry = (stride, padding, (1, 1), False, (0, 0), 1)
    mask = [False, True, False]
    found: Tensor = torch.ops.aten.convolution_backward(features, images, weight, None, *geometry, mask)[1]
    return found


def _by_tiles(layer: nn.Conv2d | nn.ConvTranspose2d, channels: int, given: Tensor) -> bool:
    tile = tile_side(channels) if given.device.type == "cpu" and layer.groups == 1 else 0
    plain = layer.dilation == (1, 1) and layer.padding_mode == "zeros" and not isinstance(layer.padding, str)
    return bool(tile) and plain and all(tile % step == 0 for step in layer.stride)


def _in_precision(given: Tensor, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return all in automatic mixed precision's type, as it would be inside torch's own layers."""
    if not torch.is_autocast_enabled(given.device.type):
        return given, weight, bias
    dtype = torch.get_autocast_dtype(given.device.type)
    return given.to(dtype), weight.to(dtype), None if bias is None else bias.to(dtype)
