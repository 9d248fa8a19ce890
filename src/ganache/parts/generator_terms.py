"""Terms of the generator's loss besides the objective: they look at the images, or at the discriminator's features."""

import abc
from typing import ClassVar

from torch import Tensor

from ganache.parts.critic import Critic
from ganache.parts.part import Part
from ganache.parts.schedules import NonNegative


class GeneratorTerm(Part, abc.ABC):
    """A term of the generator's loss with its weight."""

    needs_features: ClassVar[bool] = False  # whether the discriminator must have features to give

    weight: NonNegative = 1.0

    @abc.abstractmethod
    def __call__(self, critic: Critic, reals: Tensor, fakes: Tensor, labels: Tensor) -> Tensor:
        """Return (N,) with a graph that reaches the fakes (N, C, H, W); reals are as many, labels (N, K) of both."""


class FeatureMatching(GeneratorTerm):
    """‖E f(x) - E f(G(z))‖², f the discriminator's last features (Salimans et al. 2016, section 3.1).

    There it takes the objective's place: ``--set generator_terms.matching=FeatureMatching --set adversarial=0``.
    """

    needs_features: ClassVar[bool] = True

    def __call__(self, critic: Critic, reals: Tensor, fakes: Tensor, labels: Tensor) -> Tensor:
        """Return the squared distance between the batch means, the same for every sample."""
        difference = critic.features(reals, labels).mean(dim=0) - critic.features(fakes, labels).mean(dim=0)
        return difference.square().sum().expand(len(fakes))
