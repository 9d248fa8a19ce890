"""What happens to a picture on its way through the world: JPEG, other sizes, crops and noise, with slopes.

JPEG (ITU-T T.81) is computed as it is, in blocks of eight by eight with its own tables, and rounded; slopes pass
through the rounding as if it was not there (Bengio et al. 2013, "Estimating or Propagating Gradients Through Stochastic
Neurons", the straight-through estimator).
"""

import math

import torch
from pydantic import Field
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.parts.augmentations import Augmentation, Augmenter, colours_among, refuse_points
from ganache.parts.moment import Moment
from ganache.support.world import own_rows

LEVELS = 127.5  # of 255, to 1 in the pixels of [-1, 1]
KINDS = 6  # as it is, JPEG (two of them), another size, a crop, noise
# T.81, tables K.1 and K.2.
LUMA = (
    *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56),
    *(14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMA = (
    *(17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99),
    *(47, 66, 99, 99, 99, 99, 99, 99, *(99,) * 32),
)
# JFIF 1.02: Y, Cb, Cr of R, G, B.
_YCC = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))


class Wear(Augmentation):
    """Each image undergoes JPEG, or half as often another size and back, a crop brought to size, noise, nothing."""

    lowest_quality: int = Field(default=50, ge=1, le=100)  # of JPEG; the highest is 95
    smallest_size: float = Field(default=0.5, gt=0.0, le=1.0)  # of the sides, before they are brought back
    smallest_crop: float = Field(default=0.8, gt=0.0, le=1.0)  # of the sides
    noise: float = Field(default=10.0, ge=0.0)  # the largest deviation, in levels of 255

    def build(self, shape: ImageShape) -> Augmenter:
        """Return the module, which remembers nothing; raises UserError for points."""
        refuse_points(self, shape)
        return _Worn(self, shape)


class _Worn(Augmenter):
    def __init__(self, config: Wear, shape: ImageShape) -> None:
        super().__init__()
        self.config = config
        self.jpeg = Jpeg(shape)

    def forward(self, images: Tensor, now: Moment) -> Tensor:
        draws = own_rows(images.new_empty(len(images), 5))
        kind = (draws[:, 0] * KINDS).floor()[:, None, None, None]
        amount = draws[:, 1]
        low = self.config.lowest_quality
        compressed = self.jpeg(images, low + amount * max(0, 95 - low))
        shrunk = _between(amount, self.config.smallest_size)
        smaller = sized(images, shrunk, shrunk)
        cropped = crop(images, _between(amount, self.config.smallest_crop), draws[:, 2], draws[:, 3])
        loud = amount[:, None, None, None] * (self.config.noise / LEVELS)
        noisy = images + loud * own_rows(images, torch.randn_like)
        worn = images
        for number, other in enumerate((compressed, compressed, smaller, cropped, noisy), start=1):
            worn = torch.where(kind == number, other, worn)
        return worn


class Jpeg(torch.nn.Module):
    """Images (N, C, H, W) as they are after JPEG at qualities (N,), with colours at half the size (4:2:0).

    Alpha stays as it is: JPEG has none.
    """

    waves: Tensor  # (8, 8)
    tables: Tensor  # (2, 8, 8)
    to_ycc: Tensor  # (3, 3)
    to_rgb: Tensor  # (3, 3)

    def __init__(self, shape: ImageShape) -> None:
        super().__init__()
        self.colours = colours_among(shape.channels)
        places = torch.arange(8.0)
        waves = torch.cos((2.0 * places[None] + 1.0) * places[:, None] * (math.pi / 16.0)) * 0.5
        waves[0] *= math.sqrt(0.5)
        tables = torch.tensor((LUMA, CHROMA), dtype=torch.float32).view(2, 8, 8)
        to_ycc = torch.tensor(_YCC)
        for name, value in {"waves": waves, "tables": tables, "to_ycc": to_ycc, "to_rgb": to_ycc.inverse()}.items():
            self.register_buffer(name, value, persistent=False)

    def forward(self, images: Tensor, quality: Tensor) -> Tensor:
        """Return them; straight through every rounding."""
        height, width = images.shape[-2:]
        levels = rounded(images[:, : self.colours].clamp(-1.0, 1.0) * LEVELS + LEVELS) - 128.0
        around = (0, -width % 16, 0, -height % 16)
        levels = torch.nn.functional.pad(levels, around, mode="replicate")
        if self.colours == 1:
            made = self._blocks(levels, self._table(0, quality))
        else:
            luma, chroma = torch.split(self._mixed(self.to_ycc, levels), [1, 2], dim=1)
            chroma = self._blocks(torch.nn.functional.avg_pool2d(chroma, 2), self._table(1, quality))
            wide = _doubled(_doubled(chroma, -1), -2)
            made = self._mixed(self.to_rgb, torch.cat([self._blocks(luma, self._table(0, quality)), wide], dim=1))
        made = rounded(made[..., :height, :width] + 128.0).clamp(0.0, 255.0) / LEVELS - 1.0
        return torch.cat([made, images[:, self.colours :]], dim=1)

    def _mixed(self, matrix: Tensor, levels: Tensor) -> Tensor:
        return (matrix @ levels.flatten(2)).view_as(levels)

    def _table(self, which: int, quality: Tensor) -> Tensor:
        """Return the steps (N, 1, 1, 1, 8, 8) of a quality, by the rule of the Independent JPEG Group."""
        scale = torch.where(quality < 50.0, 5000.0 / quality, 200.0 - 2.0 * quality)
        steps = (self.tables[which] * scale[:, None, None] + 50.0) / 100.0
        return steps.floor().clamp(1.0, 255.0)[:, None, None, None]

    def _blocks(self, levels: Tensor, steps: Tensor) -> Tensor:
        count, channels, height, width = levels.shape
        blocks = levels.view(count, channels, height // 8, 8, width // 8, 8).transpose(3, 4)
        waves = self.waves @ blocks @ self.waves.T
        back = self.waves.T @ (rounded(waves / steps) * steps) @ self.waves
        return back.transpose(3, 4).reshape(levels.shape)


def _doubled(values: Tensor, axis: int) -> Tensor:
    """Return values twice as many along an axis, each a quarter of the way to its neighbour, as libjpeg makes them."""
    side = values.shape[axis]
    before = torch.cat([values.narrow(axis, 0, 1), values.narrow(axis, 0, side - 1)], dim=axis)
    behind = torch.cat([values.narrow(axis, 1, side - 1), values.narrow(axis, side - 1, 1)], dim=axis)
    pairs = torch.stack(
        [torch.lerp(values, before, 0.25), torch.lerp(values, behind, 0.25)], dim=values.dim() + axis + 1
    )
    return pairs.flatten(values.dim() + axis, values.dim() + axis + 1)


def rounded(values: Tensor) -> Tensor:
    """Return whole numbers, with the slope of the values themselves."""
    return values + (values.round() - values).detach()


def sized(images: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Return images whose sides were brought to shares (N,) of their own by triangle filters, and back."""
    for axis, share in ((-2, down), (-1, across)):
        side = images.shape[axis]
        kept = (share * side).round().clamp(1.0, side)
        places = torch.arange(side, dtype=images.dtype, device=images.device)
        there = _weights((places + 0.5) * (side / kept)[:, None], side, (side / kept)[:, None])
        back = _weights((places + 0.5) * (kept / side)[:, None], side, torch.ones_like(kept)[:, None], kept[:, None])
        images = _along(axis, back @ there, images)
    return images


def crop(images: Tensor, share: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Return parts of images of a share (N,) of their sides, brought to full size; where, two numbers in [0, 1) say."""
    for axis, place in ((-2, down), (-1, across)):
        side = images.shape[axis]
        kept = (share * side).round().clamp(1.0, side)
        first = (place * (side - kept + 1.0)).floor()
        places = torch.arange(side, dtype=images.dtype, device=images.device)
        middles = first[:, None] + ((places + 0.5) * (kept / side)[:, None]).clamp(0.5, None)
        middles = torch.minimum(middles, (first + kept - 0.5)[:, None])
        images = _along(axis, _weights(middles, side, torch.ones_like(kept)[:, None]), images)
    return images


def _weights(middles: Tensor, side: int, width: Tensor, most: Tensor | None = None) -> Tensor:
    """Return how much of each of `side` places is in values at middles (N, M): triangles of a width, of sum 1.

    Of the places only the first `most` are there.
    """
    places = torch.arange(side, dtype=middles.dtype, device=middles.device) + 0.5
    weights = (1.0 - (places - middles[..., None]).abs() / width[..., None]).clamp(0.0, None)
    if most is not None:
        weights = weights * (places < most[..., None])
    return weights / weights.sum(dim=-1, keepdim=True).clamp(1e-6, None)


def _along(axis: int, weights: Tensor, images: Tensor) -> Tensor:
    """Return images (N, C, H, W) resampled along an axis by weights (N, M, side)."""
    return weights[:, None] @ images if axis == -2 else images @ weights[:, None].transpose(-1, -2)


def _between(amount: Tensor, smallest: float) -> Tensor:
    return smallest + amount * (1.0 - smallest)
