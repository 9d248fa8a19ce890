"""The distributions that latents come from."""

import abc

import torch
from pydantic import Field
from torch import Tensor

from ganache.parts.part import Part


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
