"""DiffAugment: changes of colour, place and wholeness that every image undergoes, real or generated.

Source: Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training", section 3.2. Pixels span
[-1, 1], and what comes in from outside an image, or lies in its hole, is 0: grey.
"""

import functools
from typing import Any

import torch
from pydantic import Field
from torch import Tensor
from torch.autograd import Function

from ganache.data.shape import ImageShape
from ganache.parts.augmentations import Augmentation, Augmenter, refuse_points, with_colours
from ganache.parts.moment import Moment
from ganache.support.world import own_rows


class DiffAugment(Augmentation):
    """Colour, translation and cutout, each drawn anew for every image; 0 or false leaves one out."""

    colour: bool = True  # brightness, saturation (of colours), contrast; alpha stays as it is
    translation: float = Field(default=0.125, ge=0.0, lt=1.0)  # the farthest shift along a side, as a share of it
    cutout: float = Field(default=0.5, ge=0.0, lt=1.0)  # the hole's sides, as a share of the image's

    def build(self, shape: ImageShape) -> Augmenter:
        """Return the module, which remembers nothing; raises UserError for points."""
        refuse_points(self, shape)
        return _DiffAugmenter(self, shape.pictures)


class _DiffAugmenter(Augmenter):
    def __init__(self, config: DiffAugment, pictures: tuple[int, ...]) -> None:
        super().__init__()
        self.config, self._pictures = config, pictures

    def forward(self, images: Tensor, now: Moment) -> Tensor:
        draws = own_rows(images.new_empty(len(images), 7))
        if self.config.colour:
            change = functools.partial(_recoloured, draws=draws[:, :3])
            images = with_colours(images, self._pictures, change)
        if self.config.translation:
            images = _translated(images, draws[:, 3:5], self.config.translation)
        return _with_hole(images, draws[:, 5:], self.config.cutout) if self.config.cutout else images


def _recoloured(colours: Tensor, draws: Tensor) -> Tensor:
    """Return colours (N, 1 or 3, H, W) of another brightness, saturation and contrast, by draws (N, 3) in [0, 1).

    Up to ½ is added to all of an image. Its distances from its own grey picture are then multiplied by up to 2, and
    those from its mean by ½ to 1½.
    """
    brightness, saturation, contrast = draws[..., None, None, None].unbind(1)
    colours = colours + (brightness - 0.5)
    if colours.shape[1] > 1:
        grey = colours.mean(dim=1, keepdim=True)
        colours = grey + (colours - grey) * (2.0 * saturation)
    mean = colours.mean(dim=(1, 2, 3), keepdim=True)
    return mean + (colours - mean) * (contrast + 0.5)


def _translated(images: Tensor, draws: Tensor, share: float) -> Tensor:
    """Return images moved by whole pixels, each number of them up to a share of the side as likely as any other."""
    most = [_pixels(side, share) for side in images.shape[-2:]]
    down, across = ((draws[:, axis] * (2 * limit + 1)).floor().long() - limit for axis, limit in enumerate(most))
    moved: Tensor = _Shifted.apply(images, down, across)  # type: ignore[no-untyped-call]
    return moved


def _with_hole(images: Tensor, draws: Tensor, share: float) -> Tensor:
    """Return images with a grey rectangle each, whose middle lies anywhere in them; what juts out is cut off."""
    rows, columns = (
        _in_hole(draws[:, axis, None], side, _pixels(side, share)) for axis, side in enumerate(images.shape[-2:])
    )
    return images.masked_fill((rows[:, :, None] & columns[:, None, :])[:, None], 0.0)


def _in_hole(draws: Tensor, side: int, length: int) -> Tensor:
    """Return which places (N, side) along a side lie in a hole of some length, by draws (N, 1) of its middle."""
    first = (draws * (side + 1 - length % 2)).floor() - length // 2
    places = torch.arange(side, device=draws.device)
    return (places >= first) & (places < first + length)


def _pixels(side: int, share: float) -> int:
    return int(side * share + 0.5)


class _Shifted(Function):
    """Image (N, C, H, W) → the image moved by down, across (N,), with zeros from outside.

    Its slope is moved back: indexing's own would add up numbers in an order that a GPU does not keep.
    """

    @staticmethod
    def forward(ctx: Any, images: Tensor, down: Tensor, across: Tensor) -> Tensor:
        ctx.save_for_backward(down, across)
        height, width = images.shape[-2:]
        rows = torch.arange(height, device=images.device) - down[:, None]
        columns = torch.arange(width, device=images.device) - across[:, None]
        inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
        places = rows.clamp(0, height - 1)[:, :, None] * width + columns.clamp(0, width - 1)[:, None, :]
        flat = places.flatten(1)[:, None].expand(-1, images.shape[1], -1)
        return images.flatten(2).gather(2, flat).view(images.shape) * inside[:, None]

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Any:
        down, across = ctx.saved_tensors
        return _Shifted.apply(slope, -down, -across), None, None  # type: ignore[no-untyped-call]
