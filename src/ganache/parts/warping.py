"""Affine maps of images, sampled between pixels of half their size so that little is blurred and nothing aliased.

Source: Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data", appendix B. The pixels are
doubled with the low-pass of a wavelet, sampled bilinearly at twice the resolution of the outcome, and halved with the
same low-pass in a mirror, which undoes the doubling: at the identity every image comes out as it was.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.functional import grid_sample

# Of the wavelet sym6: the least asymmetric low-pass with six vanishing moments (Daubechies 1992, "Ten Lectures on
# Wavelets", table 6.3), of sum √2.
SYM6 = (
    0.015404109327027373,
    0.0034907120842174702,
    -0.11799011114819057,
    -0.048311742585633,
    0.4910559419267466,
    0.787641141030194,
    0.3379294217276218,
    -0.07263752278646252,
    -0.021060292512300564,
    0.04472490177066578,
    0.0017677118642428036,
    -0.007800708325034148,
)


class Warp(nn.Module):
    """Images (N, C, H, W) → images that have at each place q what these have at A·q + b, by matrices (N, 2, 3) of A, b.

    Places are (x, y) in pixels from an image's middle. Beyond its borders an image goes on as if in mirrors.

    A mirror picture's doubled pixels are those of the picture by the reversed low-pass, from the other end. So an image
    is doubled four times, along each side by the low-pass and by the reversed one, and whatever is sampled beyond a
    border is found inside: in less than half of the memory that mirror pictures around it would take.
    """

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self._sides = (height, width)
        for name, side in (("rows", height), ("columns", width)):
            self.register_buffer(f"{name}_doubled", _doubling(side), persistent=False)
            self.register_buffer(f"{name}_halved", _halving(side), persistent=False)

    def forward(self, images: Tensor, matrices: Tensor) -> Tensor:
        """Return the images mapped; their slopes of any order are exact, and the matrices have none."""
        doubled = self._product("doubled", images)
        sampled: Tensor = _Sampled.apply(doubled, self._places(matrices))  # type: ignore[no-untyped-call]
        return self._product("halved", sampled)

    def _product(self, name: str, images: Tensor) -> Tensor:
        rows, columns = self.get_buffer(f"rows_{name}"), self.get_buffer(f"columns_{name}")
        product: Tensor = rows.to(images.dtype) @ images @ columns.to(images.dtype).T
        return product

    @torch.no_grad()
    def _places(self, matrices: Tensor) -> Tensor:
        """Return where among the doubled pixels each sample lies (N, 2 H + 10, 2 W + 10, 2), from -1 to 1."""
        height, width = self._sides
        down, across = (_samples(side, matrices) for side in self._sides)
        entries = matrices.unbind(1)
        found = [
            _inside(
                entry[:, 0, None, None] * across + entry[:, 1, None, None] * down[:, None] + entry[:, 2, None, None],
                side,
            )
            for entry, side in zip(entries, (width, height), strict=True)
        ]
        return torch.stack(found, dim=-1)


def _samples(side: int, like: Tensor) -> Tensor:
    """Return where along a side the outcome is sampled (2 side + 10,): every half a pixel, and beyond its ends."""
    count = 2 * side + 10
    return (torch.arange(count, device=like.device, dtype=like.dtype) - (count - 2) / 2) / 2


def _inside(places: Tensor, side: int) -> Tensor:
    """Return the places, anywhere on a line of mirrors, as places from -1 to 1 in what `_doubling` makes of the side.

    Doubled pixel 2 i lies at pixel i. The mirrors stand a quarter of a pixel behind: the low-pass has twelve taps, and
    reversed it has its middle one doubled pixel farther on.
    """
    reach = side - 1
    period = max(2 * reach, 1)
    along = torch.remainder(places + (reach / 2 - 0.25), period)
    folded = torch.minimum(along, period - along).clamp(max=reach)
    doubled = 2 * folded + 0.5 + 2 * side * (along > reach)
    return (2 * doubled + 1) / (4 * side) - 1


def _doubling(side: int) -> Tensor:
    """Return the matrix (4 side, side) of doubled pixels: by the low-pass, then by the reversed one, among mirrors."""
    taps = _low_pass()
    matrix = torch.zeros(4 * side, side, dtype=torch.float64, device="cpu")
    period = max(2 * (side - 1), 1)
    for place in range(2 * side):
        for tap in range(len(taps)):
            for first, number in ((0, tap), (2 * side, len(taps) - 1 - tap)):
                pixel, odd = divmod(place + 5 - tap, 2)
                if not odd:
                    mirrored = pixel % period
                    matrix[first + place, min(mirrored, period - mirrored, side - 1)] += 2.0 * taps[number]
    return matrix.to(torch.get_default_dtype())


def _halving(side: int) -> Tensor:
    """Return the matrix (side, 2 side + 10) of every second place of the samples after the low-pass in a mirror."""
    taps = _low_pass()
    matrix = torch.zeros(side, 2 * side + 10, dtype=torch.float64, device="cpu")
    for place in range(side):
        matrix[place, 2 * place : 2 * place + len(taps)] = taps
    return matrix.to(torch.get_default_dtype())


def _low_pass() -> Tensor:
    taps = torch.tensor(SYM6, dtype=torch.float64, device="cpu")
    return taps / taps.sum()


class _Sampled(Function):
    """Images (N, C, H, W) and places (N, h, w, 2) from -1 to 1 → the images at the places (N, C, h, w), bilinearly.

    It is linear in the images, so its slope is `_Spread`, whose slope it is: torch has no second one of its own.
    """

    @staticmethod
    def forward(ctx: Any, images: Tensor, places: Tensor) -> Tensor:
        ctx.save_for_backward(places)
        ctx.sides = images.shape[-2:]
        return grid_sample(images, places, align_corners=False)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Any:
        return _Spread.apply(slope, *ctx.saved_tensors, ctx.sides), None  # type: ignore[no-untyped-call]


class _Spread(Function):
    """Values (N, C, h, w) at places → images (N, C, H, W), each pixel the sum of what the places took of it."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, places: Tensor, sides: tuple[int, int]) -> Tensor:
        ctx.save_for_backward(places)
        if values.device.type != "cpu":
            return spread(values, places, sides)
        images = values.new_empty(1).expand(*values.shape[:2], *sides)  # of which the shape is looked at alone
        found: Tensor = torch.ops.aten.grid_sampler_2d_backward(values, images, places, 0, 0, False, [True, False])[0]
        return found

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Any:
        return _Sampled.apply(slope, *ctx.saved_tensors), None, None  # type: ignore[no-untyped-call]


def spread(values: Tensor, places: Tensor, sides: tuple[int, int]) -> Tensor:
    """Return images (N, C, *sides) of which bilinear samples (N, C, h, w) at places are the transpose.

    Sums have an order, as those of torch's own function on a GPU have not.
    """
    count, channels, (height, width) = *values.shape[:2], sides
    across, down = (((places[..., axis] + 1) * side - 1) / 2 for axis, side in enumerate((width, height)))
    left, top = across.floor(), down.floor()
    first = torch.arange(count, device=values.device)[:, None, None] * (height * width)
    numbers, shares = [], []
    for row, share_down in ((top, top + 1 - down), (top + 1, down - top)):
        for column, share_across in ((left, left + 1 - across), (left + 1, across - left)):
            is_inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            pixel = row.clamp(0, height - 1) * width + column.clamp(0, width - 1)
            numbers.append((first + pixel.long()).flatten())
            shares.append((share_down * share_across * is_inside)[..., None])
    last = values.permute(0, 2, 3, 1)
    parts = torch.cat([(share * last).reshape(-1, channels) for share in shares])
    images = values.new_zeros(count * height * width, channels)
    images.index_put_((torch.cat(numbers),), parts, accumulate=True)
    return images.view(count, height, width, channels).permute(0, 3, 1, 2)
