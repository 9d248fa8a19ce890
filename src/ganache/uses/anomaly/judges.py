"""What says how strange something is: each judge by what it learnt from normals alone."""

import abc
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganache.engine.full_precision import full_precision
from ganache.engine.transfers import to_device
from ganache.games.inversion import mean_squares
from ganache.parts.verdict import Verdict
from ganache.runs.whole_groups import whole_groups
from ganache.uses.anomaly.ranks import Scores

GROUP = 128  # always computed together, so that a score does not depend on what else is scored
KAPPA = 1.0  # f-AnoGAN: the weight of what the discriminator sees (Schlegl et al. 2019, section 3.3)
ALPHA = 0.9  # BiGAN: the share of the residual in pixels (Zenati et al. 2018, section 3)


class StrangenessJudge(abc.ABC):
    """One way to tell how strange things are."""

    @abc.abstractmethod
    def scores(self, values: Tensor) -> Scores:
        """Return a score (N,), higher for stranger, for values (N, C, H, W) as networks see them."""


class Remaking(StrangenessJudge):
    """A judge that makes each thing anew, as normal as it can: what it cannot make is strange."""

    @abc.abstractmethod
    def remade(self, values: Tensor) -> Tensor:
        """Return what is made (N, C, H, W) in the place of values."""


class FAnoGAN(Remaking):
    """|x - G(E(x))|² / n + κ |f(x) - f(G(E(x)))|² / m (Schlegl et al. 2019, equation 4)."""

    def __init__(self, generator: nn.Module, encoder: nn.Module, discriminator: nn.Module) -> None:
        self.generator, self.encoder, self.discriminator = generator, encoder, discriminator

    def scores(self, values: Tensor) -> Scores:
        """Return the residual of the image and of the discriminator's features."""

        def score(group: Tensor) -> Tensor:
            made = self._made(group)
            one, other = (features_of(self.discriminator, images) for images in (group, made))
            return mean_squares(group, made) + KAPPA * mean_squares(one, other)

        return np.asarray(in_groups(score, values, device_of(self.encoder)), np.float64)

    def remade(self, values: Tensor) -> Tensor:
        """Return G(E(x))."""
        return in_groups(self._made, values, device_of(self.encoder))

    def _made(self, group: Tensor) -> Tensor:
        latents = self.encoder(group)
        made: Tensor = self.generator(latents, latents[:, :0])
        return made


class PairResiduals(Remaking):
    """α |x - G(E(x))| + (1 - α) |f(x, E(x)) - f(G(E(x)), E(x))|, each the mean over its values, of a BiGAN.

    Source: Zenati et al. 2018, "Efficient GAN-Based Anomaly Detection", equation 3 with the feature loss; sums there.
    """

    def __init__(self, generator: nn.Module, encoder: nn.Module, discriminator: nn.Module) -> None:
        self.generator, self.encoder, self.discriminator = generator, encoder, discriminator

    def scores(self, values: Tensor) -> Scores:
        """Return the residual of the image and of what the discriminator makes of the pairs."""

        def score(group: Tensor) -> Tensor:
            latents = self.encoder(group)
            made = self.generator(latents, latents[:, :0])
            one, other = (self.discriminator(images, latents).features for images in (group, made))
            apart, seen = ((one - other).abs().flatten(1).mean(dim=1) for one, other in ((group, made), (one, other)))
            return torch.add(ALPHA * apart, (1.0 - ALPHA) * seen)

        return np.asarray(in_groups(score, values, device_of(self.encoder)), np.float64)

    def remade(self, values: Tensor) -> Tensor:
        """Return G(E(x))."""

        def made(group: Tensor) -> Tensor:
            latents = self.encoder(group)
            return torch.as_tensor(self.generator(latents, latents[:, :0]))

        return in_groups(made, values, device_of(self.encoder))


class Neighbours(StrangenessJudge):
    """The mean distance to the nearest normals in a discriminator's features, each scaled to deviation 1 among them."""

    NEAREST = 3

    def __init__(self, discriminator: nn.Module, normals: Tensor) -> None:
        self.discriminator = discriminator
        known = self._features(normals)
        self.centre, self.spread = known.mean(dim=0), known.std(dim=0, correction=0).clamp_min(1e-6)
        self.known = (known - self.centre) / self.spread

    def scores(self, values: Tensor) -> Scores:
        """Return the mean distance to the three nearest."""
        nearest = min(self.NEAREST, len(self.known))

        def score(group: Tensor) -> Tensor:
            found = (features_of(self.discriminator, group) - self.centre) / self.spread
            apart = torch.cdist(found, self.known, compute_mode="use_mm_for_euclid_dist")
            return apart.topk(nearest, dim=1, largest=False).values.mean(dim=1)

        return np.asarray(in_groups(score, values, device_of(self.discriminator)), np.float64)

    def _features(self, values: Tensor) -> Tensor:
        device = device_of(self.discriminator)
        return in_groups(lambda group: features_of(self.discriminator, group), values, device).to(device)


def features_of(discriminator: nn.Module, images: Tensor) -> Tensor:
    """Return the features (N, F) that a discriminator judges images by."""
    features = Verdict.of(discriminator(images, images.new_zeros(len(images), 0))).features
    assert features is not None, discriminator
    return features.float()


def in_groups(function: Callable[[Tensor], Tensor], values: Tensor, device: torch.device) -> Tensor:
    """Return what a function makes of values (N, …), on the CPU, computed in groups that are always of one size."""
    with torch.inference_mode(), full_precision():
        parts = [function(to_device(group, device)).cpu() for group in whole_groups(values, GROUP)]
    return torch.cat(parts)[: len(values)]


def device_of(network: nn.Module) -> torch.device:
    """Return where a network is."""
    return next(network.parameters()).device


def flat(values: Tensor) -> NDArray[np.float64]:
    """Return values (N, …) as rows (N, K)."""
    return values.flatten(1).numpy().astype(np.float64)
