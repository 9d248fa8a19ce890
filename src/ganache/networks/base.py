"""What every network is to the rest of Ganache, and the distributions that latents come from.

A network's part is its configuration; `build` makes the module for a shape and a number of label values.
``generator(latent, labels)`` maps (N, Z) and (N, K) to images (N, C, H, W) in [-1, 1];
``discriminator(images, labels)`` maps images and (N, K) to logits (N, …). K = 0 when there are no labels.
"""

import abc

from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.parts.latents import Latent
from ganache.parts.part import Part


class Generator(Part, abc.ABC):
    """A generator's configuration."""

    latent: Latent

    @abc.abstractmethod
    def build(self, shape: ImageShape, labels: int) -> nn.Module:
        """Return a module (latent (N, Z), labels (N, K)) → images (N, C, H, W) in [-1, 1].

        Raises UserError when the network cannot make images of this shape.
        """


class Discriminator(Part, abc.ABC):
    """A discriminator's configuration."""

    @abc.abstractmethod
    def build(self, shape: ImageShape, labels: int) -> nn.Module:
        """Return a module (images (N, C, H, W), labels (N, K)) → logits (N, …).

        Raises UserError when the network cannot read images of this shape.
        """


class FeatureDiscriminator(nn.Module, abc.ABC):
    """A discriminator's module that has features to give: what its last layer makes the logit from."""

    @abc.abstractmethod
    def features(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return features (N, F) of images (N, C, H, W) with labels (N, K)."""

    @abc.abstractmethod
    def logits(self, features: Tensor, labels: Tensor) -> Tensor:
        """Return logits (N, …) from features (N, F) and labels (N, K)."""

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return logits (N, …) of images (N, C, H, W) with labels (N, K)."""
        return self.logits(self.features(images, labels), labels)
