"""Convolutions whose weights stay, for networks that were trained elsewhere and are differentiated by their pictures.

torch's slopes by what goes in are another kernel than its convolution's. On a processor that of grouped layers of
stride 2 takes forty times as long in bfloat16 as the convolution. Where weights stay, slopes are convolutions too: for
stride 1 with the filters turned by half a circle, whose inputs and outputs are exchanged.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, pad

from ganache.networks.convolutions import is_traced


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return the zeros before and after `size` places with which TensorFlow's "SAME" has ⌈size / stride⌉ outputs.

    An odd one stands after: with stride 2 and even sides its filters lie otherwise than PyTorch's.
    """
    needed = max(0, (-(-size // stride) - 1) * stride + kernel - size)
    return needed // 2, needed - needed // 2


class FixedConvolution(nn.Module):
    """A convolution of stride 1 or 2 with square filters (O, I / G, k, k), k odd, and TensorFlow's "SAME" padding.

    Differentiable by its maps any number of times, in the precision in which they come; filters are rounded to it once.
    """

    filters: Tensor
    bias: Tensor

    def __init__(self, filters: Tensor, bias: Tensor, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.stride, self.groups = stride, groups
        # No state: what a pinned file says is in no checkpoint.
        self.register_buffer("filters", filters, persistent=False)
        self.register_buffer("bias", bias, persistent=False)
        self._prepared: dict[tuple[object, ...], _Prepared] = {}

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, I, H, W) to (N, O, ⌈H / s⌉, ⌈W / s⌉)."""
        if is_traced():  # for a program that does not know our function, and has no memory
            return _convolved(maps, self._prepared_for(maps))
        key = (maps.dtype, maps.device, maps.shape[2] % 2, maps.shape[3] % 2)
        if key not in self._prepared:
            self._prepared[key] = self._prepared_for(maps)
        made: Tensor = _Convolved.apply(maps, self._prepared[key])  # type: ignore[no-untyped-call]
        return made

    def _prepared_for(self, maps: Tensor) -> "_Prepared":
        """Return the convolution; zeros that stand after maps alone are zeros before the filters: nothing is copied."""
        high, wide = (same_padding(size, self.filters.shape[-1], self.stride) for size in maps.shape[2:])
        filters = pad(self.filters.to(maps), (wide[1] - wide[0], 0, high[1] - high[0], 0)).contiguous()
        turned = _turned(filters, self.groups) if self.stride == 1 else None
        return _Prepared(filters, self.bias.to(maps), turned, (high[1], wide[1]), self.stride, self.groups)


class _Prepared(NamedTuple):
    """A convolution in one precision, for maps whose sides are even or odd."""

    filters: Tensor
    bias: Tensor
    turned: Tensor | None  # filters of the slopes, where the stride is 1
    padding: tuple[int, int]
    stride: int
    groups: int


def _turned(filters: Tensor, groups: int) -> Tensor:
    """Return filters (I, O / G, k, k) by which slopes of what comes out become those of what went in."""
    outputs, inputs, *sides = filters.shape
    apart = filters.reshape(groups, outputs // groups, inputs, *sides).transpose(1, 2).flip(3, 4)
    return apart.reshape(groups * inputs, outputs // groups, *sides).contiguous()


class _Convolved(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, maps: Tensor, of: _Prepared) -> Tensor:
        ctx.of, ctx.size = of, maps.shape[2:]
        return _convolved(maps, of)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None]:
        return _slopes_by_maps(slopes[0], ctx.of, ctx.size), None


def _convolved(maps: Tensor, of: _Prepared) -> Tensor:
    return conv2d(maps, of.filters, of.bias, of.stride, of.padding, groups=of.groups)


def _slopes_by_maps(slopes: Tensor, of: _Prepared, size: torch.Size) -> Tensor:
    """Return the slopes by maps of a size from those by what they became: plain operations, which have slopes too."""
    if of.turned is not None:
        return conv2d(slopes, of.turned, None, 1, of.padding, groups=of.groups)
    # torch has no fast kernel for this in bfloat16 on a processor.
    slow = slopes.device.type == "cpu" and slopes.dtype == torch.bfloat16
    dtype = torch.float32 if slow else slopes.dtype
    made, side = slopes.shape[2:], of.filters.shape[2:]
    left = [size[i] + 2 * of.padding[i] - side[i] - (made[i] - 1) * of.stride for i in range(2)]
    filters = of.filters.to(dtype)
    return conv_transpose2d(slopes.to(dtype), filters, None, of.stride, of.padding, left, of.groups).to(slopes.dtype)
