"""The distributions that latents come from."""

import abc
import math
from typing import Annotated, ClassVar, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor
from torch.nn.functional import one_hot

from ganache.parts.part import Part
from ganache.support.errors import UserError
from ganache.support.world import own_rows

NORMAL_REACH = 2.0  # beyond the mean length of normal vectors: nearly three of its deviations


class Latent(Part, abc.ABC):
    """A distribution of latent vectors of `size` independent values."""

    size: int = Field(ge=1)

    @abc.abstractmethod
    def draw(self, count: int, random: torch.Generator) -> Tensor:
        """Return (count, size) float32 values on the generator's device."""

    def redrawn(self, values: Tensor) -> Tensor:
        """Return others in the place of values (N, V), a row for each of the batch: those of which styles are mixed.

        They have the same distribution, and the same codes, of which an image has one alone. Torch's default
        generators draw them.
        """
        return own_rows(values, torch.randn_like)

    @abc.abstractmethod
    def interpolate(self, start: Tensor, end: Tensor, fraction: float | Tensor) -> Tensor:
        """Return the point between two latents that is as likely as they are."""

    def on_one_way(self, stops: Tensor) -> Tensor:
        """Return latents (S, N, size) as the S stops of N ways, on which nothing shall jump."""
        return stops

    @abc.abstractmethod
    def plausible(self, latents: Tensor) -> Tensor:
        """Return the nearest latents (N, size) that are about as likely as those that are drawn."""

    def truncated(self, latents: Tensor, truncation: float | Tensor) -> Tensor:
        """Return latents nearer to what is likely, the more so the smaller `truncation` is, from 1 to 0.

        A truncation that is a tensor (1,) belongs to a graph for another program: 1 is none, and all operations are
        such as every program knows, in float32. Raises UserError for a distribution without a centre.
        """
        kind = type(self).__name__
        raise UserError(f"truncation: latents of {kind} have no tails to cut off; those of Normal and Keyed have")


class Normal(Latent):
    """Independent standard normal values."""

    def draw(self, count: int, random: torch.Generator) -> Tensor:
        """Return (count, size) standard normal values."""
        return torch.randn(count, self.size, generator=random, device=random.device)

    def interpolate(self, start: Tensor, end: Tensor, fraction: float | Tensor) -> Tensor:
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

    def plausible(self, latents: Tensor) -> Tensor:
        """Return latents no farther out than nearly all that are drawn: lengths are √size, give or take 0.7."""
        longest = self.size**0.5 + NORMAL_REACH
        shares: Tensor = longest / latents.norm(dim=-1, keepdim=True)
        return latents * shares.clamp(max=1.0)

    def truncated(self, latents: Tensor, truncation: float | Tensor) -> Tensor:
        """Return the values of the normal distribution cut off at ±2 · truncation that have the same ranks.

        z' = Φ⁻¹(Φ(-c) + Φ(z) (Φ(c) - Φ(-c))), c = 2 · truncation. It is the truncation of Brock et al. 2019, "Large
        Scale GAN Training", section 3.1, as a function of z: nothing is drawn anew.
        """
        if isinstance(truncation, Tensor):
            return torch.where(truncation < 1.0, _cut_off(latents, 2.0 * truncation), latents)
        limit = 2.0 * truncation
        within = math.erf(limit / math.sqrt(2.0))  # Φ(c) - Φ(-c)
        # erfinv of a number below 1 by less than float32 tells: latents are mapped in float64.
        ranks = torch.erf(latents.double() / math.sqrt(2.0))  # 2Φ(z) - 1
        return (torch.erfinv(within * ranks) * math.sqrt(2.0)).to(latents.dtype)


def _cut_off(values: Tensor, limit: Tensor) -> Tensor:
    """Return normal values by rank in the distribution cut off at ±limit, at most 2, without the inverse of erf.

    Newton's way to it stays on one side of it; five steps leave the rounding of float32 alone, since below erf(√2) the
    inverse is nowhere steeper than 7.
    """
    wanted = torch.erf(limit * math.sqrt(0.5)) * torch.erf(values * math.sqrt(0.5))
    found = wanted * (math.sqrt(math.pi) / 2.0)
    for _ in range(6):
        found = found + (wanted - torch.erf(found)) * (found * found).exp() * (math.sqrt(math.pi) / 2.0)
    return found * math.sqrt(2.0)


class Uniform(Latent):
    """Independent values, uniform in [-1, 1)."""

    def draw(self, count: int, random: torch.Generator) -> Tensor:
        """Return (count, size) values uniform in [-1, 1)."""
        return torch.rand(count, self.size, generator=random, device=random.device) * 2.0 - 1.0

    def redrawn(self, values: Tensor) -> Tensor:
        """Return others, uniform in [-1, 1)."""
        return own_rows(values) * 2.0 - 1.0

    def interpolate(self, start: Tensor, end: Tensor, fraction: float | Tensor) -> Tensor:
        """Return the point on the straight line, which stays inside the cube."""
        return torch.lerp(start, end, fraction)

    def plausible(self, latents: Tensor) -> Tensor:
        """Return the nearest latents inside the cube."""
        return latents.clamp(-1.0, 1.0)


class Coded(Latent):
    """Standard normal noise, then codes that can be steered: categories one-hot, and values uniform in [-1, 1).

    Source: Chen et al. 2016, "InfoGAN", section 4.
    """

    categories: tuple[Annotated[int, Field(ge=2)], ...] = (10,)
    continuous: int = Field(default=2, ge=0)

    @model_validator(mode="after")
    def _holds_its_codes(self) -> Self:
        if self.noise < 0:
            raise ValueError(f"size: {self.size} values cannot hold {self.codes} of codes")
        return self

    @property
    def codes(self) -> int:
        """How many of the values are codes; they are the last ones, categories first."""
        return sum(self.categories) + self.continuous

    @property
    def noise(self) -> int:
        """How many of the values are noise."""
        return self.size - self.codes

    def draw(self, count: int, random: torch.Generator) -> Tensor:
        """Return (count, size) values: noise, one-hot categories, continuous codes."""
        device = random.device
        parts = [torch.randn(count, self.noise, generator=random, device=device)]
        for category in self.categories:
            drawn = torch.randint(category, (count,), generator=random, device=device)
            parts.append(one_hot(drawn, category).float())
        parts.append(torch.rand(count, self.continuous, generator=random, device=device) * 2.0 - 1.0)
        return torch.cat(parts, dim=1)

    def redrawn(self, values: Tensor) -> Tensor:
        """Return the codes beside other noise."""
        return torch.cat([own_rows(values[:, : self.noise], torch.randn_like), values[:, self.noise :]], dim=1)

    def interpolate(self, start: Tensor, end: Tensor, fraction: float | Tensor) -> Tensor:
        """Return noise on the great circle as for `Normal`, and codes on the straight line."""
        straight = torch.lerp(start, end, fraction)
        if not self.noise:
            return straight
        noise = Normal(size=self.noise).interpolate(start[:, : self.noise], end[:, : self.noise], fraction)
        return torch.cat([noise, straight[:, self.noise :]], dim=1)

    def plausible(self, latents: Tensor) -> Tensor:
        """Return noise as `Normal` has it, shares of categories that are none below 0, and continuous codes inside."""
        noise, codes = latents[:, : self.noise], latents[:, self.noise :]
        categories, values = codes[:, : sum(self.categories)], codes[:, sum(self.categories) :]
        likely = Normal(size=self.noise).plausible(noise) if self.noise else noise
        return torch.cat([likely, categories.clamp(0.0, 1.0), values.clamp(-1.0, 1.0)], dim=1)

    def split(self, latents: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return the categories' parts (N, k) and the continuous codes (N, continuous) of latents (N, size)."""
        *categories, values = torch.split(latents[:, self.noise :], [*self.categories, self.continuous], dim=1)
        return categories, values


class Keyed(Latent):
    """Standard normal values, the last of which are keys: a network's noise is a function of them.

    So an image with noise of its own is a function of its latent too, whatever else is drawn beside it.
    """

    KEYS: ClassVar[int] = 2  # together some 48 bits

    size: int = Field(ge=KEYS + 1)

    @property
    def values(self) -> int:
        """How many of the values are no keys."""
        return self.size - self.KEYS

    def draw(self, count: int, random: torch.Generator) -> Tensor:
        """Return (count, size) standard normal values."""
        return torch.randn(count, self.size, generator=random, device=random.device)

    def interpolate(self, start: Tensor, end: Tensor, fraction: float | Tensor) -> Tensor:
        """Return values on the great circle as for `Normal`, and the start's keys: noise that changes would flicker."""
        values = Normal(size=self.values).interpolate(start[..., : self.values], end[..., : self.values], fraction)
        return torch.cat([values, start[..., self.values :]], dim=-1)

    def on_one_way(self, stops: Tensor) -> Tensor:
        """Return the stops with the keys of the first."""
        return torch.cat([stops[..., : self.values], stops[:1, ..., self.values :].expand(len(stops), -1, -1)], dim=-1)

    def plausible(self, latents: Tensor) -> Tensor:
        """Return values as `Normal` has them; any keys will do."""
        values, keys = self.split(latents)
        return torch.cat([Normal(size=self.values).plausible(values), keys], dim=1)

    def truncated(self, latents: Tensor, truncation: float | Tensor) -> Tensor:
        """Return values nearer to 0 as for `Normal`, and the keys as they are."""
        values, keys = self.split(latents)
        return torch.cat([Normal(size=self.values).truncated(values, truncation), keys], dim=1)

    def split(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Return the values (N, size - 2) and the keys (N, 2) of latents (N, size)."""
        return latents[:, : self.values], latents[:, self.values :]
