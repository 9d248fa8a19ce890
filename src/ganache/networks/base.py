"""What every network is to the rest of Ganache.

A network's part is its configuration; `build` makes the module for a shape and conditions of so many values.
``generator(latents, conditions)`` maps (N, Z) and (N, K) to values (N, C, H, W) in [-1, 1], which a network that learns
may leave; ``discriminator(values, conditions)`` maps values and (N, K) to a `Verdict`. Conditions are floats: one-hot
classes, attributes, an embedding; K = 0 when there are none. A network knows no loss.
"""

import abc
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.parts.latents import Latent
from ganache.parts.part import Part
from ganache.parts.verdict import Verdict
from ganache.support.errors import UserError
from ganache.support.precision import unmixed
from ganache.support.world import here


class Generator(Part, abc.ABC):
    """A generator's configuration."""

    latent: Latent

    @abc.abstractmethod
    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return a module (latents (N, Z), conditions (N, K)) → images (N, C, H, W), outside of training in [-1, 1].

        Raises UserError when the network cannot make images of this shape.
        """


class Discriminator(Part, abc.ABC):
    """A discriminator's configuration."""

    @abc.abstractmethod
    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return a module (images (N, C, H, W), conditions (N, K)) → Verdict, or logits (N, …) alone.

        Raises UserError when the network cannot read images of this shape.
        """


class StyledGenerator(nn.Module, abc.ABC):
    """A generator's module that makes styles w of latents, and images of styles, one style for each of its L layers.

    What is drawn may then be pulled towards the centre of all styles (truncation), mixed of two, or looked for among
    styles. `centre` is the running mean of w, one for each class where there are any.
    Source: Karras et al. 2019, "A Style-Based Generator Architecture", sections 2 and 3 and appendix B.
    """

    KEPT = 0.995  # of the centre at each pass in training: the authors' decay

    centre: Tensor  # (K, W), or (1, W) without conditions

    def __init__(self, conditions: int, width: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(max(conditions, 1), width))

    @abc.abstractmethod
    def styles(self, latents: Tensor, conditions: Tensor) -> Tensor:
        """Return styles (N, L, W) of latents (N, Z) and conditions (N, K); while training, mixed of two at random."""

    @abc.abstractmethod
    def synthesis(self, styles: Tensor, latents: Tensor) -> Tensor:
        """Return images (N, C, H, W) of styles (N, L, W); of the latents (N, Z) nothing but their keys is looked at."""

    def forward(self, latents: Tensor, conditions: Tensor, truncation: float | Tensor = 1.0) -> Tensor:
        """Return images; the styles are `truncation` times as far from their centre as they would be.

        While training the pixels may leave [-1, 1], or they would not learn to come back.
        """
        styles = self.styles(latents, conditions)
        if isinstance(truncation, Tensor) or truncation != 1.0:  # a tensor, (1,), of a graph for another program
            styles = torch.lerp(self.centres(conditions)[:, None], styles, truncation)
        images = self.synthesis(styles, latents)
        return images if self.training else images.clamp(-1.0, 1.0)

    def centres(self, conditions: Tensor) -> Tensor:
        """Return the centre (N, W) of each image's class, or what lies between those of several."""
        if not conditions.shape[1]:
            return self.centre.expand(conditions.shape[0], -1)
        with unmixed(conditions):
            shares = conditions / conditions.sum(dim=1, keepdim=True)
            return shares.to(self.centre.dtype) @ self.centre

    @torch.no_grad()
    def move_centre(self, styles: Tensor, conditions: Tensor) -> None:
        """Move the centre of every class towards the mean of its styles (N, W) in the whole batch, if it has any."""
        told = conditions if conditions.shape[1] else conditions.new_ones(len(conditions), 1)
        sums = here().sum(torch.cat([told.T @ styles, told.sum(dim=0)[:, None]], dim=1))
        totals, counts = sums[:, :-1], sums[:, -1:]
        there = (counts > 0).to(totals.dtype)
        self.centre.lerp_(totals / (counts + (1.0 - there)), (1.0 - self.KEPT) * there.expand_as(totals))


@runtime_checkable
class Staged(Protocol):
    """A discriminator's module whose layers have an order."""

    def stages(self) -> Sequence[nn.Module]:
        """Return its layers from the image inwards, in as many parts as can stand still; not the one of the logit."""


class FeatureDiscriminator(nn.Module, abc.ABC):
    """A discriminator's module that has features to give: what its last layer makes the logit from."""

    @abc.abstractmethod
    def features(self, images: Tensor, conditions: Tensor) -> Tensor:
        """Return features (N, F) of images (N, C, H, W) with conditions (N, K)."""

    @abc.abstractmethod
    def logits(self, features: Tensor, conditions: Tensor) -> Tensor:
        """Return logits (N, …) from features (N, F) and conditions (N, K)."""

    def forward(self, images: Tensor, conditions: Tensor) -> Verdict:
        """Return the verdict on images (N, C, H, W) with conditions (N, K): logits (N, …) and features."""
        features = self.features(images, conditions)
        return Verdict(self.logits(features, conditions), features)


def verdict_in_shapes(discriminator: Discriminator, shape: ImageShape, conditions: int) -> Verdict:
    """Return a verdict without numbers on two images of a shape, to see what a discriminator has to give."""
    with torch.device("meta"), torch.no_grad():
        images = torch.zeros(2, shape.channels, shape.height, shape.width)
        return Verdict.of(discriminator.build(shape, conditions)(images, torch.zeros(2, conditions)))


def feature_count(discriminator: Discriminator, shape: ImageShape, conditions: int) -> int:
    """Return how many features a discriminator has to give of images of a shape, 0 where it has none."""
    features = verdict_in_shapes(discriminator, shape, conditions).features
    return 0 if features is None else features.shape[1]


def stages_of(discriminator: nn.Module) -> Sequence[nn.Module]:
    """Return a discriminator's layers from the image inwards; none where it does not say."""
    return discriminator.stages() if isinstance(discriminator, Staged) else ()


def first_stages(discriminator: nn.Module, count: int) -> tuple[nn.Module, ...]:
    """Return the first layers of a discriminator, from the image inwards; raises UserError for more than it has."""
    stages = stages_of(discriminator)
    if count > len(stages):
        raise UserError(f"frozen_stages: the discriminator has {len(stages)} that can stand still, not {count}")
    return tuple(stages[:count])
