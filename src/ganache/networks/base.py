"""What every network is to the rest of Ganache.

A network's part is its configuration; `build` makes the module for a shape and conditions of so many values.
``generator(latents, conditions)`` maps (N, Z) and (N, K) to values (N, C, H, W) in [-1, 1];
``discriminator(values, conditions)`` maps values and (N, K) to a `Verdict`. Conditions are floats: one-hot classes,
attributes, an embedding; K = 0 when there are none. A network knows no loss.
"""

import abc

import torch
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.parts.latents import Latent
from ganache.parts.part import Part
from ganache.parts.verdict import Verdict


class Generator(Part, abc.ABC):
    """A generator's configuration."""

    latent: Latent

    @abc.abstractmethod
    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return a module (latents (N, Z), conditions (N, K)) → images (N, C, H, W) in [-1, 1].

        Raises UserError when the network cannot make images of this shape.
        """


class Discriminator(Part, abc.ABC):
    """A discriminator's configuration."""

    @abc.abstractmethod
    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return a module (images (N, C, H, W), conditions (N, K)) → Verdict, or logits (N, …) alone.

        Raises UserError when the network cannot read images of this shape.
        """


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


def feature_count(discriminator: Discriminator, shape: ImageShape, conditions: int) -> int:
    """Return how many features a discriminator has to give of images of a shape, 0 where it has none."""
    with torch.device("meta"), torch.no_grad():
        images = torch.zeros(2, shape.channels, shape.height, shape.width)
        verdict = Verdict.of(discriminator.build(shape, conditions)(images, torch.zeros(2, conditions)))
    return 0 if verdict.features is None else verdict.features.shape[1]
