"""What says how strange something is: each judge by what it learnt from normals alone."""

import abc
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ganache.data.shape import ImageShape
from ganache.games.inversion import mean_squares
from ganache.parts.verdict import Verdict
from ganache.runs.whole_groups import in_whole_groups
from ganache.uses.areas import Scores

GROUP = 128  # always computed together, so that a score does not depend on what else is scored
KAPPA = 1.0  # f-AnoGAN: the weight of what the discriminator sees (Schlegl et al. 2019, section 3.3)
ALPHA = 0.9  # BiGAN: the share of the residual in pixels (Zenati et al. 2018, section 3)


Apart: TypeAlias = Callable[[Tensor, Tensor], Tensor]  # of values (N, …) each, how far they are apart (N,)


class StrangenessJudge(abc.ABC):
    """One way to tell how strange things are."""

    @abc.abstractmethod
    def scores(self, values: Tensor) -> Scores:
        """Return a score (N,), higher for stranger, for values (N, C, H, W) as networks see them."""


class Remaking(StrangenessJudge):
    """A judge that makes each thing anew, as normal as it can: what it cannot make is strange."""

    def __init__(self, generator: nn.Module, encoder: nn.Module, discriminator: nn.Module, apart: Apart) -> None:
        self.generator, self.encoder, self.discriminator, self.apart = generator, encoder, discriminator, apart

    def remade(self, values: Tensor) -> Tensor:
        """Return what is made (N, C, H, W) in the place of values: G(E(x))."""
        device = device_of(self.encoder)
        return in_whole_groups(lambda group: self.made_from(self.encoder(group)), values, GROUP, device)

    def made_from(self, latents: Tensor) -> Tensor:
        """Return what the generator makes (N, C, H, W) of latents (N, Z)."""
        made: Tensor = self.generator(latents, latents[:, :0])
        return made


class FAnoGAN(Remaking):
    """|x - G(E(x))|² / n + κ |f(x) - f(G(E(x)))|² / m (Schlegl et al. 2019, equation 4), or `apart` of both."""

    def scores(self, values: Tensor) -> Scores:
        """Return the residual of the image and of the discriminator's features."""

        def score(group: Tensor) -> Tensor:
            made = self.made_from(self.encoder(group))
            one, other = (features_of(self.discriminator, images) for images in (group, made))
            return self.apart(above_black(group), above_black(made)) + KAPPA * self.apart(one, other)

        return np.asarray(in_whole_groups(score, values, GROUP, device_of(self.encoder)), np.float64)


class PairResiduals(Remaking):
    """α of the residual x - G(E(x)) and 1 - α of f(x, E(x)) - f(G(E(x)), E(x)), by `apart`, of a BiGAN.

    Source: Zenati et al. 2018, "Efficient GAN-Based Anomaly Detection", equation 3 with the feature loss; absolute
    differences there.
    """

    def scores(self, values: Tensor) -> Scores:
        """Return the residual of the image and of what the discriminator makes of the pairs."""

        def score(group: Tensor) -> Tensor:
            latents = self.encoder(group)
            made = self.made_from(latents)
            one, other = (self.discriminator(images, latents).features for images in (group, made))
            residual = self.apart(above_black(group), above_black(made))
            return torch.add(ALPHA * residual, (1.0 - ALPHA) * self.apart(one, other))

        return np.asarray(in_whole_groups(score, values, GROUP, device_of(self.encoder)), np.float64)


class Neighbours(StrangenessJudge):
    """The mean distance to the nearest normals in a discriminator's features.

    Of rows each feature is `scaled` to deviation 1 among the normals; of pictures each one's features to length 1, for
    how much ink or contrast a picture has moves all of them at once.
    """

    NEAREST = 3

    def __init__(self, discriminator: nn.Module, normals: Tensor, scaled: bool) -> None:
        self.discriminator, self._scaled = discriminator, scaled
        device = device_of(discriminator)
        known = in_whole_groups(lambda group: features_of(discriminator, group), normals, GROUP, device).to(device)
        self.centre, self.spread = known.mean(dim=0), known.std(dim=0, correction=0).clamp_min(1e-6)
        self.known = self._placed(known)

    def scores(self, values: Tensor) -> Scores:
        """Return the mean distance to the three nearest."""
        nearest = min(self.NEAREST, len(self.known))

        def score(group: Tensor) -> Tensor:
            found = self._placed(features_of(self.discriminator, group))
            apart = torch.cdist(found, self.known, compute_mode="use_mm_for_euclid_dist")
            return apart.topk(nearest, dim=1, largest=False).values.mean(dim=1)

        return np.asarray(in_whole_groups(score, values, GROUP, device_of(self.discriminator)), np.float64)

    def _placed(self, features: Tensor) -> Tensor:
        return (features - self.centre) / self.spread if self._scaled else F.normalize(features, dim=1)


def above_black(images: Tensor) -> Tensor:
    """Return values of which 0 is black; of a row it does not matter to differences."""
    return images + 1.0


def by_direction(one: Tensor, other: Tensor) -> Tensor:
    """Return 1 - cos (N,) of the angle between values (N, …): how far apart they are whatever their lengths are."""
    return 1.0 - F.cosine_similarity(one.flatten(1), other.flatten(1), dim=1)


def apart_for(shape: ImageShape) -> Apart:
    """Return by what a thing and what is made in its place are compared.

    Of rows by squares, as the papers do. Of pictures by direction: squares grow with how much there is in a picture,
    so that a thick normal digit is stranger by them than a thin one that is none.
    """
    return mean_squares if shape.is_row else by_direction


def features_of(discriminator: nn.Module, images: Tensor) -> Tensor:
    """Return the features (N, F) that a discriminator judges images by."""
    features = Verdict.of(discriminator(images, images.new_zeros(len(images), 0))).features
    assert features is not None, discriminator
    return features.float()


def device_of(network: nn.Module) -> torch.device:
    """Return where a network is."""
    return next(network.parameters()).device


def flat(values: Tensor) -> NDArray[np.float64]:
    """Return values (N, …) as rows (N, K)."""
    return values.flatten(1).numpy().astype(np.float64)
