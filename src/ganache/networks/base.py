"""What every network is to the rest of Ganache, and the distributions that latents come from.

A network's part is its configuration; `build` makes the module for a shape and a number of label values.
``generator(latent, labels)`` maps (N, Z) and (N, K) to images (N, C, H, W) in [-1, 1];
``discriminator(images, labels)`` maps images and (N, K) to logits (N, …). K = 0 when there are no labels.
"""

import abc

import torch
from pydantic import Field
from torch import Tensor, nn

from ganache.parts import Part
from ganache.shape import ImageShape


class Latent(Part, abc.ABC):
    """A distribution of latent vectors of `size` independent values."""

    size: int = Field(ge=1)

    @abc.abstractmethod
    def draw(self, count: int, random: torch.Generator) -> Tensor:
        """Return (count, size) float32 values on the generator's device."""

    @abc.abstractmethod
    def interpolate(self, start: Tensor, end: Tensor, fraction: float) -> Tensor:
        """Return the point between two latents that is as likely as they are."""


class Normal(Latent):
    """Independent standard normal values."""

    def draw(self, count: int, random: torch.Generator) -> Tensor:
        """Return (count, size) standard normal values."""
        return torch.randn(count, self.size, generator=random, device=random.device)

    def interpolate(self, start: Tensor, end: Tensor, fraction: float) -> Tensor:
        """Return the point on the great circle: a straight line would leave the shell where the mass is.

        Source: White 2016, "Sampling Generative Networks", section 2.1 (slerp), lengths interpolated apart.
        """
        lengths = torch.lerp(start.norm(dim=-1, keepdim=True), end.norm(dim=-1, keepdim=True), fraction)
        first = start / start.norm(dim=-1, keepdim=True)
        last = end / end.norm(dim=-1, keepdim=True)
        angle = torch.acos((first * last).sum(-1, keepdim=True).clamp(-1.0, 1.0))
        mixed = torch.sin((1.0 - fraction) * angle) * first + torch.sin(fraction * angle) * last
        circle = lengths * mixed / torch.sin(angle)
        # Between equal or opposite directions no great circle is the shortest; the straight line will do.
        return torch.where(torch.sin(angle) < 1e-4, torch.lerp(start, end, fraction), circle)


class Uniform(Latent):
    """Independent values, uniform in [-1, 1)."""

    def draw(self, count: int, random: torch.Generator) -> Tensor:
        """Return (count, size) values uniform in [-1, 1)."""
        return torch.rand(count, self.size, generator=random, device=random.device) * 2.0 - 1.0

    def interpolate(self, start: Tensor, end: Tensor, fraction: float) -> Tensor:
        """Return the point on the straight line, which stays inside the cube."""
        return torch.lerp(start, end, fraction)


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
