"""Where a generator's images are looked for and walked between: among its latents or, where it has them, its styles."""

import abc
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from numpy.typing import NDArray
from torch import Tensor

from ganache.engine.full_precision import full_precision
from ganache.engine.transfers import to_device
from ganache.networks.base import StyledGenerator
from ganache.runs.products import GROUP, TrainedGenerator


class Places(NamedTuple):
    """Points (N, S) of a space, and what belongs to them: latents (N, Z) for their keys, conditions (N, K)."""

    points: Tensor
    latents: Tensor
    conditions: Tensor


class Space(abc.ABC):
    """The points from which a generator draws, each an image once its keys and its condition are known."""

    name: str  # of the points, in files

    def __init__(self, generator: TrainedGenerator) -> None:
        self.generator = generator
        self.device = next(generator.network.parameters()).device

    @property
    @abc.abstractmethod
    def size(self) -> int:
        """How many values a point has."""

    @abc.abstractmethod
    def points(self, latents: Tensor, conditions: Tensor) -> Tensor:
        """Return the points (N, S) of latents (N, Z) and conditions (N, K), on the generator's device."""

    @abc.abstractmethod
    def images(self, points: Tensor, latents: Tensor, conditions: Tensor) -> Tensor:
        """Return images (N, C, H, W) about in [-1, 1], differentiable in the points; all on the generator's device."""

    @abc.abstractmethod
    def plausible(self, points: Tensor) -> Tensor:
        """Return the nearest points that are about as likely as those of latents that are drawn."""

    @abc.abstractmethod
    def interpolate(self, start: Tensor, end: Tensor, fraction: float) -> Tensor:
        """Return the points (N, S) between others."""

    def places(self, latents: Tensor, conditions: Tensor) -> Places:
        """Return latents and conditions with their points, on the CPU."""
        with torch.no_grad(), full_precision():
            points = self.points(to_device(latents, self.device), to_device(conditions, self.device))
        return Places(points.cpu(), latents, conditions)

    def draw(self, places: Places) -> Iterator[NDArray[Any]]:
        """Yield the images (H, W, C) of places as `sample` has them; whole groups are computed, whatever is wanted."""
        for start in range(0, len(places.points), GROUP):
            part = [rows[start : start + GROUP] for rows in places]
            missing = GROUP - len(part[0])
            whole = (torch.cat([rows, rows[:1].expand(missing, -1)]) for rows in part)
            yield from self.generator.pixels(self.values(Places(*whole))).cpu().numpy()[: len(part[0])]

    def values(self, places: Places) -> Tensor:
        """Return the images (N, C, H, W) of places about in [-1, 1], computed at once, on the generator's device."""
        with torch.no_grad(), full_precision():
            return self.images(*(to_device(rows, self.device) for rows in places))


class LatentSpace(Space):
    """Latents themselves."""

    name = "latents"

    @property
    def size(self) -> int:
        """The latent's."""
        return self.generator.config.latent.size

    def points(self, latents: Tensor, conditions: Tensor) -> Tensor:
        """Return the latents, nearer to what is likely where the generator draws with a truncation."""
        truncation = self.generator.truncation
        return latents if truncation == 1.0 else self.generator.config.latent.truncated(latents, truncation)

    def images(self, points: Tensor, latents: Tensor, conditions: Tensor) -> Tensor:
        """Return what the generator makes of points as latents."""
        images: Tensor = self.generator.network(points, conditions)
        return images.float()

    def plausible(self, points: Tensor) -> Tensor:
        """Return what the latent's distribution says."""
        return self.generator.config.latent.plausible(points)

    def interpolate(self, start: Tensor, end: Tensor, fraction: float) -> Tensor:
        """Return what the latent's distribution says."""
        return self.generator.config.latent.interpolate(start, end, fraction)


class StyleSpace(Space):
    """Styles w, one for all layers: nearer to what can be seen than latents are, and straight lines lead somewhere.

    Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", section 5.
    """

    name = "styles"

    def __init__(self, generator: TrainedGenerator, network: StyledGenerator) -> None:
        super().__init__(generator)
        self.network = network
        with torch.no_grad():
            _, conditions = generator.inputs(0, 0)
            latents = torch.zeros(1, generator.config.latent.size, device=self.device)
            self.layers = self.network.styles(latents, to_device(conditions[:1], self.device)).shape[1]

    @property
    def size(self) -> int:
        """A style's."""
        return self.network.centre.shape[1]

    def points(self, latents: Tensor, conditions: Tensor) -> Tensor:
        """Return the styles, nearer to their centre where the generator draws with a truncation."""
        styles = self.network.styles(latents, conditions)[:, 0]
        return torch.lerp(self.network.centres(conditions), styles, self.generator.truncation)

    def images(self, points: Tensor, latents: Tensor, conditions: Tensor) -> Tensor:
        """Return what the generator makes of styles, with the noise of the latents' keys."""
        return self.network.synthesis(self.in_layers(points), latents).float()

    def in_layers(self, points: Tensor) -> Tensor:
        """Return the styles (N, L, W) of points (N, W), the same in all layers, or (N, L · W), one for each."""
        return points.view(len(points), -1, self.size).expand(-1, self.layers, -1)

    def plausible(self, points: Tensor) -> Tensor:
        """Return the points: no style is known to be out of place."""
        return points

    def interpolate(self, start: Tensor, end: Tensor, fraction: float) -> Tensor:
        """Return what lies on the straight line."""
        return torch.lerp(start, end, fraction)


def space_of(generator: TrainedGenerator) -> Space:
    """Return where a generator's images are looked for."""
    network = generator.network
    return StyleSpace(generator, network) if isinstance(network, StyledGenerator) else LatentSpace(generator)
