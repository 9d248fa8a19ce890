"""What happens to images, real and generated alike, on their way into the discriminator.

An augmentation is differentiable, so the generator learns through it; it may keep state in module buffers.
"""

import abc
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.parts.moment import Moment
from ganache.parts.part import Part
from ganache.parts.schedules import NonNegative
from ganache.support.errors import UserError
from ganache.support.world import own_rows


class Augmentation(Part, abc.ABC):
    """A configuration that builds an image → image module."""

    @abc.abstractmethod
    def build(self, shape: ImageShape) -> "Augmenter":
        """Return the module for images of this shape."""


class Augmenter(nn.Module, abc.ABC):
    """A differentiable map of images (N, C, H, W) to images, at a moment of training."""

    @abc.abstractmethod
    def forward(self, images: Tensor, now: Moment) -> Tensor:
        """Return the images as the discriminator shall see them."""

    def heard(self, excess: Tensor) -> None:
        """Take notice of how far a batch of reals' logits (N, …) were above the boundary when the discriminator moved.

        Told after moves of training alone. What changes by it is in buffers, and no number is read on the host.
        """

    def marks(self, now: Moment) -> dict[str, float]:
        """Return numbers of its own by name, for a line of the log."""
        return {}


class Unchanged(Augmentation):
    """The discriminator sees the images as they are."""

    def build(self, shape: ImageShape) -> Augmenter:
        """Return the identity."""
        return _Identity()


class InputNoise(Augmentation):
    """Gaussian noise on every pixel, with a scheduled deviation, so that the two distributions overlap.

    Source: Sønderby et al. 2017, "Amortised MAP Inference for Image Super-resolution", section 3.3 (instance noise).
    """

    deviation: NonNegative = 0.1  # pixels span [-1, 1]

    def build(self, shape: ImageShape) -> Augmenter:
        """Return the module that adds the noise."""
        return _Noise(self)


def refuse_points(augmentation: Augmentation, shape: ImageShape) -> None:
    """Raise UserError where images are rows or points, which have neither colours nor borders."""
    if shape.is_row:
        kind = "points" if shape.is_point else "rows"
        raise UserError(f"augment: {type(augmentation).__name__} is for pictures, and these data are {kind}")


def colours_among(channels: int) -> int:
    """Return how many of a picture's channels, the first ones, are colours: all but alpha."""
    return 3 if channels >= 3 else 1


def with_colours(images: Tensor, pictures: Sequence[int], change: Callable[[Tensor], Tensor]) -> Tensor:
    """Return images (N, C, H, W) with their colours (N, 1 or 3, H, W) changed, and alpha as it is.

    An image may hold several pictures, one behind the other in its channels, so many of them each; all are changed.
    """
    parts = []
    for picture in torch.split(images, list(pictures), dim=1):
        colours = colours_among(picture.shape[1])
        parts += [change(picture[:, :colours]), picture[:, colours:]]
    there = [part for part in parts if part.shape[1]]
    return torch.cat(there, dim=1) if len(there) > 1 else there[0]


class _Identity(Augmenter):
    def forward(self, images: Tensor, now: Moment) -> Tensor:
        return images


class _Noise(Augmenter):
    def __init__(self, config: InputNoise) -> None:
        super().__init__()
        self.config = config

    def forward(self, images: Tensor, now: Moment) -> Tensor:
        return images + now.at(self.config.deviation) * own_rows(images, torch.randn_like)
