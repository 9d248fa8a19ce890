"""torch's convolutions, computed otherwise on a processor where its kernels waste most of their work.

- From features to an image, in drawing, and where the discriminator's first layer is differentiated by its input, one
  channel costs as much as sixteen. It is computed by tiles of T × T pixels, whose pixels are the channels of a
  convolution with T / stride as its stride.
- The slope by a large weight costs several times what a matrix product with as many multiplications does. It is
  computed as one product, of the features and the patches that they were made from.

While a network is traced or exported the layers are torch's alone. In automatic mixed precision, what strides over
very narrow images is computed in float32: there torch's kernels read memory that nobody wrote.

Values and slopes, of any order, are those of torch's layers but for rounding. One thing costs more: where only the
slope by the input is asked for, as in penalties, that by the weight is computed too if the weight learns.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import Function

Pair = tuple[int, ...]  # of height and width

TILES = {1: 4, 2: 2, 3: 2, 4: 2}  # channels of an image: the tile's side; with more, torch's kernels are as good
FEWEST_TILES = 2  # along a side: of one column in bfloat16, oneDNN's kernel for matrix tiles reads unwritten memory
# From so many elements of a weight on, and up to so many positions of a batch's features, a product is faster.
LARGE = {torch.float32: (2**22, 1_024), torch.bfloat16: (2**17, 6_400)}


class Conv2d(nn.Conv2d):
    """`nn.Conv2d`, whose slopes are computed in the faster way."""

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, h, w)."""
        if is_traced():
            return super().forward(images)
        columns = images.shape[-1]
        if self.stride[1] > 1 and not isinstance(self.padding, str):
            places = (columns + 2 * self.padding[1] - self.kernel_size[1]) // self.stride[1] + 1
            if _is_misread(images, columns, places, self.stride[1]):
                return _in_float32(super().forward, images)
        if not _has_faster_way(self, self.in_channels, images, images.shape[-2:]):
            return super().forward(images)
        given = _in_precision(images, self.weight, self.bias)
        features: Tensor = _Convolution.apply(*given, self.stride, self.padding)  # type: ignore[no-untyped-call]
        return features


class ToPixels(Conv2d):
    """A convolution without a stride that makes images of few channels, computed by tiles too."""

    def forward(self, images: Tensor) -> Tensor:
        """Map features (N, inputs, H, W) to images (N, outputs, h, w)."""
        if isinstance(self.padding, str) or self.stride != (1, 1):
            return super().forward(images)
        sides = zip(images.shape[-2:], self.kernel_size, self.padding, strict=True)
        size = tuple(side - kernel + 1 + 2 * pad for side, kernel, pad in sides)
        few = bool(_tile(self.out_channels, self.stride, size))
        if is_traced() or not few or not _has_faster_way(self, self.out_channels, images, size):
            return super().forward(images)
        # Without a stride it is a transposed one whose taps are mirrored, and which crops what this one does not pad.
        given = _in_precision(images, self.weight.flip(2, 3).transpose(0, 1), self.bias)
        cropped = tuple(kernel - 1 - pad for kernel, pad in zip(self.kernel_size, self.padding, strict=True))
        made: Tensor = _Transposed.apply(*given, self.stride, cropped, size)  # type: ignore[no-untyped-call]
        return made


class ConvTranspose2d(nn.ConvTranspose2d):
    """`nn.ConvTranspose2d`, itself and its slope by the weight computed in the faster way."""

    def forward(self, features: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Map (N, inputs, h, w) to (N, outputs, H, W)."""
        if output_size is not None:
            return super().forward(features, output_size)
        return self._by(self.weight, features)

    def _by(self, weight: Tensor, features: Tensor) -> Tensor:
        def as_torch_does(given: Tensor) -> Tensor:
            assert isinstance(self.padding, tuple)
            geometry = (self.stride, self.padding, self.output_padding, self.groups, self.dilation)
            return F.conv_transpose2d(given, weight, self.bias, *geometry)

        if is_traced():
            return as_torch_does(features)
        size = self._size(features)
        if _is_misread(features, size[1], features.shape[-1], self.stride[1]):
            return _in_float32(as_torch_does, features)
        if not _has_faster_way(self, self.out_channels, features, size):
            return as_torch_does(features)
        given = _in_precision(features, weight, self.bias)
        images: Tensor = _Transposed.apply(*given, self.stride, self.padding, size)  # type: ignore[no-untyped-call]
        return images

    def _size(self, features: Tensor) -> Pair:
        assert isinstance(self.padding, tuple)
        least = _least_size(features.shape[-2:], self.kernel_size, self.stride, self.padding)
        return tuple(side + more for side, more in zip(least, self.output_padding, strict=True))


class _Convolution(Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor, bias: Tensor | None, stride: Pair, padding: Pair) -> Tensor:
        ctx.save_for_backward(images, weight)
        ctx.geometry = (stride, padding)
        return F.conv2d(images, weight, bias, stride, padding)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Any:
        images, weight = ctx.saved_tensors
        of_input, of_weight, of_bias = ctx.needs_input_grad[:3]
        size = tuple(images.shape[2:])
        by_images = _Transposed.apply(slope, weight, None, *ctx.geometry, size) if of_input else None  # type: ignore[no-untyped-call]
        by_weight = _slope_by_weight(slope, images, weight, *ctx.geometry) if of_weight else None
        return by_images, by_weight, slope.sum((0, 2, 3)) if of_bias else None, None, None


class _Transposed(Function):
    @staticmethod
    def forward(
        ctx: Any, features: Tensor, weight: Tensor, bias: Tensor | None, stride: Pair, padding: Pair, size: Pair
    ) -> Tensor:
        ctx.save_for_backward(features, weight)
        ctx.geometry = (stride, padding)
        return _transposed(features, weight, bias, stride, padding, size)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Any:
        features, weight = ctx.saved_tensors
        of_input, of_weight, of_bias = ctx.needs_input_grad[:3]
        by_features = _Convolution.apply(slope, weight, None, *ctx.geometry) if of_input else None  # type: ignore[no-untyped-call]
        by_weight = _slope_by_weight(features, slope, weight, *ctx.geometry) if of_weight else None
        return by_features, by_weight, slope.sum((0, 2, 3)) if of_bias else None, None, None, None


def _transposed(
    features: Tensor, weight: Tensor, bias: Tensor | None, stride: Pair, padding: Pair, size: Pair
) -> Tensor:
    """Return `conv_transpose2d` of features (N, I, h, w), weight (I, O, kh, kw) and bias (O,), as (N, O, *size)."""
    if tile := _tile(weight.shape[1], stride, size):
        return _by_tiles(features, weight, bias, stride, padding, size, tile)
    least = _least_size(features.shape[2:], weight.shape[2:], stride, padding)
    output_padding = tuple(side - without for side, without in zip(size, least, strict=True))
    return F.conv_transpose2d(features, weight, bias, stride, padding, output_padding)


def _least_size(features: Pair, kernel: Pair, stride: Pair, padding: Pair) -> Pair:
    """Return the size of the smallest images from which a convolution makes features of this size."""
    sides = zip(features, kernel, stride, padding, strict=True)
    return tuple((side - 1) * step - 2 * pad + taps for side, taps, step, pad in sides)


def _tile(channels: int, stride: Pair, size: Pair) -> int:
    """Return the side of the tiles for images of so many channels and this size; 0 where there are none."""
    tile = TILES.get(channels, 0)
    fits = all(tile % step == 0 for step in stride) and all(side > (FEWEST_TILES - 1) * tile for side in size)
    return tile if fits else 0


def _by_tiles(
    features: Tensor, weight: Tensor, bias: Tensor | None, stride: Pair, padding: Pair, size: Pair, tile: int
) -> Tensor:
    """Return what `_transposed` does, for a stride that divides the tile.

    A pixel of a tile hears those inputs, and through those taps, that it hears in a transposed convolution. The other
    inputs of the tile it hears through zeros.
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
    images = F.pixel_shuffle(F.conv2d(features, kernel, biases, steps, (above, left)), tile)
    return images if images.shape[2:] == size else images[:, :, : size[0], : size[1]].contiguous()


def _taps(kernel: int, stride: int, padding: int, tile: int) -> tuple[Tensor, int]:
    """Return along one axis which tap joins a tile's pixel (row) and input (column), and the inputs before its first.

    Output y hears input i through tap y + padding - stride·i. No tap is `kernel`, where a zero is appended.
    """
    before = (kernel - 1 - padding) // stride
    last = (tile - 1 + padding) // stride
    taps = torch.arange(tile)[:, None] + padding - stride * torch.arange(-before, last + 1)
    return torch.where((taps >= 0) & (taps < kernel), taps, kernel), before


def _slope_by_weight(features: Tensor, images: Tensor, weight: Tensor, stride: Pair, padding: Pair) -> Tensor:
    """Return the slope by the weight (O, I, kh, kw) that joins images (N, I, H, W) and features (N, O, h, w).

    The two are a layer's input and the slope by its output, either way around.
    """
    if _is_large(weight.numel(), weight.dtype) and features[:, 0].numel() <= LARGE[weight.dtype][1]:
        return _by_product(features, images, weight, stride, padding)
    geometry = (stride, padding, (1, 1), False, (0, 0), 1)
    mask = [False, True, False]
    found: Tensor = torch.ops.aten.convolution_backward(features, images, weight, None, *geometry, mask)[1]
    return found


def _by_product(features: Tensor, images: Tensor, weight: Tensor, stride: Pair, padding: Pair) -> Tensor:
    outputs, inputs, height, width = weight.shape
    padded = F.pad(images.permute(0, 2, 3, 1), (0, 0, padding[1], padding[1], padding[0], padding[0]))
    patches = padded.unfold(1, height, stride[0]).unfold(2, width, stride[1]).permute(0, 1, 2, 4, 5, 3)
    patches = patches[:, : features.shape[2], : features.shape[3]].reshape(-1, height * width * inputs)
    product = features.permute(0, 2, 3, 1).reshape(-1, outputs).t() @ patches
    return product.view(outputs, height, width, inputs).permute(0, 3, 1, 2)


def is_traced() -> bool:
    """Whether the layer is being written down for another program, which does not know our functions."""
    return bool(torch.jit.is_tracing() or torch.compiler.is_exporting())  # type: ignore[attr-defined, no-untyped-call]


def _is_misread(given: Tensor, columns: int, places: int, stride: int) -> bool:
    """Whether oneDNN's kernels for bfloat16 may read memory that nobody wrote: striding over images of few columns.

    Found by comparing 16,000 geometries with float64: slopes by the weight of images narrower than the stride, and
    features of a single column. In torch 2.13 they are wrong on AVX-512; without a stride none was.
    """
    mixed = torch.is_autocast_enabled("cpu") and _dtype(given) == torch.bfloat16
    return given.device.type == "cpu" and mixed and stride > 1 and (places == 1 or columns < stride)


def _in_float32(layer: Callable[[Tensor], Tensor], given: Tensor) -> Tensor:
    with torch.autocast("cpu", enabled=False):
        made = layer(given.float())
    return made.to(_dtype(made))


def _has_faster_way(layer: nn.Conv2d | nn.ConvTranspose2d, channels: int, given: Tensor, size: Pair) -> bool:
    """Whether a layer between images of so many channels and this size and features is better not torch's own."""
    if given.device.type != "cpu" or given.dim() != 4 or isinstance(layer.padding, str):
        return False
    if layer.groups > 1 or layer.dilation != (1, 1) or layer.padding_mode != "zeros":
        return False
    if any(pad >= kernel for pad, kernel in zip(layer.padding, layer.kernel_size, strict=True)):
        return False
    # The weight itself is not looked at: spectral normalisation makes it anew each time that it is.
    elements = layer.in_channels * layer.out_channels * math.prod(layer.kernel_size)
    return bool(_tile(channels, layer.stride, size)) or _is_large(elements, _dtype(given))


def _is_large(elements: int, dtype: torch.dtype) -> bool:
    return dtype in LARGE and elements >= LARGE[dtype][0]


def _in_precision(*given: Tensor | None) -> tuple[Tensor | None, ...]:
    """Return tensors as torch's own layer takes them: in automatic mixed precision's type where that is on."""
    return tuple(None if each is None else each.to(_dtype(each)) for each in given)


def _dtype(given: Tensor) -> torch.dtype:
    narrowed = torch.is_autocast_enabled("cpu") and given.dtype in (torch.float32, torch.float16, torch.bfloat16)
    return torch.get_autocast_dtype("cpu") if narrowed else given.dtype
