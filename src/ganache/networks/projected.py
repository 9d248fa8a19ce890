"""A discriminator that looks at pictures through a trained network (Sauer et al. 2021, "Projected GANs").

What EfficientNet-Lite0 makes of a picture at four sizes is mixed at random, over channels and over sizes, by layers
that never learn; a small network for each size tells reals and fakes apart by the mixture. What pictures in general
look like need not be learnt from these few, and a generator hears from its first step on what its images lack.

Ours: a fifth network sees the pixels themselves, since the trained one hears little of colours and of single pixels;
small pictures are enlarged for it to `side` pixels, where the paper's are to 256; what halves the mixtures has no batch
norm; and classes, where they are told, enter as an inner product at every size.
"""

import itertools
import math
from collections.abc import Sequence
from contextlib import nullcontext
from typing import NamedTuple, Self

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import conv2d

from ganache.data.shape import ImageShape
from ganache.networks.base import Discriminator, FeatureDiscriminator
from ganache.networks.convolutions import Conv2d
from ganache.networks.efficientnet import EfficientNetLite0, scaled_values
from ganache.networks.efficientnet_weights import published_weights
from ganache.networks.layers import (
    ConditionProjection,
    beyond_odd_sides,
    halvings,
    kernel_for,
    orthogonally_initialised,
    spectrally_normalised,
    stride_between,
)
from ganache.networks.perceptual import in_colour
from ganache.networks.resampling import Interpolated, Size
from ganache.support.errors import UserError
from ganache.support.precision import unmixed

MAPS = (24, 40, 112, 320)  # channels of the network's maps, at a quarter of the picture's size and its halves
FIRST = 4  # the factor by which the first of them are smaller than the picture
MOST_CHANNELS = 4  # red, green, blue, alpha
LAST = 4  # places of a side, at most, where logits are made


class ProjectedDiscriminator(Discriminator):
    """Random mixtures of a trained network's maps at four sizes, and the pixels: a normalised network on each."""

    side: int = Field(default=64, ge=32)  # pixels to which the longer side of smaller pictures is enlarged
    width: int = Field(default=32, ge=1)  # features at the first size; doubled with each
    pixels: int = Field(default=32, ge=0)  # features of what sees the pixels themselves, at half their size; 0: nothing

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the module; raises UserError for rows, and where the trained weights are not installed."""
        if shape.channels > MOST_CHANNELS:
            raise UserError(f"discriminator: ProjectedDiscriminator is for pictures, not for rows of {shape.channels}")
        return _Projected(self, shape, conditions)


class _Projected(FeatureDiscriminator):
    def __init__(self, config: ProjectedDiscriminator, shape: ImageShape, conditions: int) -> None:
        super().__init__()
        factor = max(1.0, config.side / max(shape.height, shape.width))
        size = (max(1, round(shape.height * factor)), max(1, round(shape.width * factor)))
        self.enlarged = Interpolated((shape.height, shape.width), size)
        self.trained = EfficientNetLite0(published_weights("discriminator: ProjectedDiscriminator"))
        sizes = [_smaller(size, FIRST * 2**level) for level in range(len(MAPS))]
        widths = [config.width * 2**level for level in range(len(MAPS))]
        self.mixing = _Mixing(widths, sizes)
        chains = [_Chain.of(width, size) for width, size in zip(widths, sizes, strict=True)]
        if config.pixels:
            chains.append(_Chain.growing(shape, config.pixels))
        self.forms = [chain.form for chain in chains]
        self.halving = nn.ModuleList(map(_halving, chains))
        self.judging = nn.ModuleList(_PlaceLogits(chain.widths[-1], conditions) for chain in chains)
        for learnt in (self.halving, self.judging):
            spectrally_normalised(orthogonally_initialised(learnt))

    def stages(self) -> list[nn.Module]:
        """Return the convolutions before the logits': the first of every size, the second of those that have two, …"""
        ways = [[layer for layer in way.children() if isinstance(layer, Conv2d)] for way in self.halving]
        return [nn.ModuleList(filter(None, layers)) for layers in itertools.zip_longest(*ways)]

    def features(self, images: Tensor, conditions: Tensor) -> Tensor:
        """Return the last maps (N, F) of all sizes, side by side; the conditions (N, K) have no part in them."""
        with unmixed(images):  # a bfloat16 holds no pixel of eight bits
            seen = scaled_values(self.enlarged(in_colour(images)))
        seen = seen.contiguous(memory_format=torch.channels_last)
        views = [*self.mixing(self._maps(seen)), images][: len(self.halving)]
        return torch.cat([halve(view).flatten(1) for halve, view in zip(self.halving, views, strict=True)], dim=1)

    def logits(self, features: Tensor, conditions: Tensor) -> Tensor:
        """Return (N, P), a logit for every place of every size."""
        parts = torch.split(features, [math.prod(form) for form in self.forms], dim=1)
        maps = (part.reshape(-1, *form) for part, form in zip(parts, self.forms, strict=True))
        return torch.cat([judge(own, conditions) for judge, own in zip(self.judging, maps, strict=True)], dim=1)

    def _maps(self, seen: Tensor) -> list[Tensor]:
        """Return the trained network's maps; in bfloat16 slopes through it would lose half of their direction."""
        with unmixed(seen) if seen.requires_grad else nullcontext():
            return self.trained.maps(seen)[1:]


class _Mixing(nn.Module):
    """Random layers of one place: channels of each size mixed, and from the smallest on added to the next larger.

    Source: section 3.2, cross-channel and cross-scale mixing. Its weights are drawn as He et al. 2015 draw them, and
    stay; they are buffers, part of the state.
    """

    def __init__(self, widths: Sequence[int], sizes: Sequence[Size]) -> None:
        super().__init__()
        for level, (channels, width) in enumerate(zip(MAPS, widths, strict=True)):
            self.register_buffer(f"channels_{level}", _drawn(channels, width))
        for level, (small, large) in enumerate(itertools.pairwise(widths)):
            self.register_buffer(f"scales_{level}", _drawn(large, small))
        self.larger = nn.ModuleList(Interpolated(small, large) for large, small in itertools.pairwise(sizes))

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Map maps (N, C, h, w), the largest first, to mixtures (N, W, h, w) of the same sizes."""
        mixed = [conv2d(made, self.get_buffer(f"channels_{level}")) for level, made in enumerate(maps)]
        for level in reversed(range(len(mixed) - 1)):
            below = conv2d(mixed[level + 1], self.get_buffer(f"scales_{level}"))
            mixed[level] = mixed[level] + self.larger[level](below)
        return mixed


class _Chain(NamedTuple):
    """The features and the sizes of the maps in a row, from what is seen to that of the logits."""

    widths: list[int]
    sizes: list[Size]

    @classmethod
    def of(cls, width: int, size: Size) -> Self:
        """Return the chain of a mixture, whose width stays; it has one step at least."""
        sizes = halvings(*size, smallest=LAST, at_least=1)
        return cls([width] * len(sizes), sizes)

    @classmethod
    def growing(cls, shape: ImageShape, width: int) -> Self:
        """Return that of the pixels, whose width doubles with each step, eightfold at most."""
        sizes = halvings(shape.height, shape.width, smallest=LAST)
        return cls([shape.channels, *(width * min(2**step, 8) for step in range(len(sizes) - 1))], sizes)

    @property
    def form(self) -> tuple[int, int, int]:
        """Features, height and width of the last map."""
        return self.widths[-1], *self.sizes[-1]


class _PlaceLogits(nn.Module):
    """A logit for every place of a map, and what the conditions add to each of them."""

    def __init__(self, width: int, conditions: int) -> None:
        super().__init__()
        self.logit = Conv2d(width, 1, 3, padding=1)
        self.projection = ConditionProjection(conditions, width) if conditions else None

    def forward(self, maps: Tensor, conditions: Tensor) -> Tensor:
        """Map (N, W, h, w) and conditions (N, K) to logits (N, h · w)."""
        logits: Tensor = self.logit(maps).flatten(1)
        return logits if self.projection is None else logits + self.projection(maps.mean(dim=(2, 3)), conditions)


def _halving(chain: _Chain) -> nn.Sequential:
    """Return a chain's convolutions, each with leaky ReLU 0.2."""
    layers: list[nn.Module] = []
    steps = zip(itertools.pairwise(chain.sizes), itertools.pairwise(chain.widths), strict=True)
    for (large, small), (inputs, outputs) in steps:
        stride = stride_between(large, small)
        layers += [
            nn.ZeroPad2d(beyond_odd_sides(large, stride)),
            Conv2d(inputs, outputs, kernel_for(stride), stride, padding=1),
            nn.LeakyReLU(0.2),
        ]
    return nn.Sequential(*layers)


def _drawn(inputs: int, outputs: int) -> Tensor:
    weight = torch.empty(outputs, inputs, 1, 1)
    return weight if weight.is_meta else nn.init.kaiming_normal_(weight, nonlinearity="linear")


def _smaller(size: Size, factor: int) -> Size:
    return -(-size[0] // factor), -(-size[1] // factor)
