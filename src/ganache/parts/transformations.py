"""The transformations of images that an adaptive augmentation is made of, each undergone by some of the images.

Source: Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data", appendix B.1, groups pixel
blitting, general geometric and colour transformations and cutout, with the deviations and ranges of its table.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ganache.parts.augmentations import with_colours
from ganache.parts.moment import Value
from ganache.support.world import own_rows

FARTHEST = 0.125  # of a side: shifts by whole pixels up to it, and the deviation of those by parts of pixels
SCALES = 0.2  # deviation of the binary logarithm of a scale, and of its ratio along the axes
BRIGHTNESS, CONTRAST, SATURATION = 0.2, 0.5, 1.0  # deviations, of the last two of the binary logarithm; pixels span 2
HOLE = 0.5  # of a side


class Dice:
    """Numbers for each of N images: uniform in [0, 1), or standard normal; and who undergoes something."""

    def __init__(self, images: Tensor, uniform: int, normal: int = 0) -> None:
        self._uniform = iter(own_rows(images.new_empty(len(images), uniform)).unbind(1))
        self._normal = iter(own_rows(images.new_empty(len(images), normal), torch.randn_like).unbind(1))

    def uniform(self) -> Tensor:
        """Return the next numbers (N,) in [0, 1)."""
        return next(self._uniform)

    def normal(self) -> Tensor:
        """Return the next numbers (N,), standard normal."""
        return next(self._normal)

    def some(self, value: Tensor, chance: Value, else_: float = 0.0) -> Tensor:
        """Return values (N,) where a next number is below a chance, and another elsewhere."""
        return torch.where(next(self._uniform) < chance, value, else_)


def no_places(images: Tensor) -> Tensor:
    """Return the map (N, 3, 3) of each place onto itself."""
    return torch.eye(3, dtype=images.dtype, device=images.device).expand(len(images), 3, 3)


def blitted(images: Tensor, chance: Value) -> Tensor:
    """Return where in images (N, C, H, W) that are blitted each place comes from, as matrices (N, 3, 3).

    Mirrored across, turned by right angles, shifted by whole pixels up to an eighth of a side: no pixel is blended.
    """
    height, width = images.shape[-2:]
    dice = Dice(images, 7)
    mirrored = dice.some((2.0 * dice.uniform()).floor(), chance)
    angle = dice.some((4.0 * dice.uniform()).floor(), chance) * (math.pi / 2)
    shifts = torch.stack([dice.uniform(), dice.uniform()], dim=1) * (2.0 * FARTHEST) - FARTHEST
    across, down = torch.where(dice.uniform()[:, None] < chance, shifts, 0.0).unbind(1)
    moved = _shift(-(across * width).round(), -(down * height).round())
    return _scale(1.0 - 2.0 * mirrored, torch.ones_like(mirrored)) @ _turn(angle) @ moved


def deformed(images: Tensor, chance: Value) -> Tensor:
    """Return where in images (N, C, H, W) that are deformed each place comes from, as matrices (N, 3, 3).

    Scaled, turned, scaled along one axis at another's cost, turned again and shifted. An image is turned at all with
    the chance of the others, so each of the two turns has less.
    """
    height, width = images.shape[-2:]
    dice, turned = Dice(images, 7, 4), 1.0 - (1.0 - chance) ** 0.5
    scale = torch.exp2(SCALES * dice.some(dice.normal(), chance))
    first = dice.some(math.pi * (2.0 * dice.uniform() - 1.0), turned)
    ratio = torch.exp2(SCALES * dice.some(dice.normal(), chance))
    second = dice.some(math.pi * (2.0 * dice.uniform() - 1.0), turned)
    shifts = FARTHEST * torch.stack([dice.normal(), dice.normal()], dim=1)
    across, down = torch.where(dice.uniform()[:, None] < chance, shifts, 0.0).unbind(1)
    scaled = _scale(1.0 / scale, 1.0 / scale) @ _turn(first) @ _scale(1.0 / ratio, ratio)
    return scaled @ _turn(second) @ _shift(-across * width, -down * height)


def recoloured(images: Tensor, chance: Value, pictures: Sequence[int]) -> Tensor:
    """Return images (N, C, H, W) of other colours; grey ones of other greys, alpha stays as it is.

    Of several `pictures` in an image, of so many channels each, all change alike.

    In the paper's order: brightness b, contrast c, the luma flipped (i = 1) or not, the hue turned by θ, the saturation
    s. All of them are linear and turn about the luma axis v = (1, 1, 1) / √3, so that of a colour's luma l and the rest
    r they make c (1 - 2 i) (l + b) and c s (cos θ r + sin θ v × r).
    """
    dice = Dice(images, 7, 3)
    brightness = dice.some(BRIGHTNESS * dice.normal(), chance)
    contrast = torch.exp2(CONTRAST * dice.some(dice.normal(), chance))
    flipped = dice.some((2.0 * dice.uniform()).floor(), chance)
    hue = dice.some(math.pi * (2.0 * dice.uniform() - 1.0), chance)
    saturation = torch.exp2(SATURATION * dice.some(dice.normal(), chance))

    def changed(colours: Tensor) -> Tensor:
        luma = colours.mean(dim=1, keepdim=True)
        other = _wide(contrast * (1.0 - 2.0 * flipped)) * (luma + _wide(brightness))
        if colours.shape[1] == 1:
            return other
        rest = colours - luma
        across = (rest.roll(1, dims=1) - rest.roll(-1, dims=1)) / math.sqrt(3.0)
        strength = contrast * saturation
        return other + _wide(strength * hue.cos()) * rest + _wide(strength * hue.sin()) * across

    return with_colours(images, pictures, changed)


def with_holes(images: Tensor, chance: Value) -> Tensor:
    """Return images (N, C, H, W) some of which have a grey rectangle of half their sides, its middle anywhere in it."""
    dice = Dice(images, 3)
    size = dice.some(torch.full_like(images[:, 0, 0, 0], HOLE), chance)
    rows, columns = (
        ((_middles(side, images) - dice.uniform()[:, None]).abs() < size[:, None] / 2) for side in images.shape[-2:]
    )
    return images.masked_fill((rows[:, :, None] & columns[:, None, :])[:, None], 0.0)


def _middles(side: int, images: Tensor) -> Tensor:
    """Return where along a side (side,) its pixels' middles lie, as shares of it."""
    return (torch.arange(side, device=images.device, dtype=images.dtype) + 0.5) / side


def _wide(values: Tensor) -> Tensor:
    return values[:, None, None, None]


def _scale(across: Tensor, down: Tensor) -> Tensor:
    return torch.diag_embed(torch.stack([across, down, torch.ones_like(across)], dim=1))


def _turn(angle: Tensor) -> Tensor:
    return _matrix(
        angle.cos(), -angle.sin(), torch.zeros_like(angle), angle.sin(), angle.cos(), torch.zeros_like(angle)
    )


def _shift(across: Tensor, down: Tensor) -> Tensor:
    one, none = torch.ones_like(across), torch.zeros_like(across)
    return _matrix(one, none, across, none, one, down)


def _matrix(*entries: Tensor) -> Tensor:
    """Return matrices (N, 3, 3) of their first two rows' entries (N,)."""
    none = torch.zeros_like(entries[0])
    return torch.stack([*entries, none, none, torch.ones_like(none)], dim=1).view(-1, 3, 3)
