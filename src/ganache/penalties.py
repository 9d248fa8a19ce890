"""Terms added to the discriminator's loss, one value per sample, and constraints applied after its update."""

import abc

import torch
from pydantic import Field
from torch import Tensor, nn

from ganache.critic import Critic, CriticPass
from ganache.parts import Part
from ganache.schedules import NonNegative


class Penalty(Part, abc.ABC):
    """A term of the discriminator's loss that looks at the critic itself."""

    @abc.abstractmethod
    def __call__(self, critic: Critic, seen: CriticPass) -> Tensor:
        """Return (N,) in float32, with a graph that reaches the critic's weights."""


class R1(Penalty):
    """½|∇ₓD(x)|² at the reals: no slope where the data is (Mescheder et al. 2018, equation 9, weight γ)."""

    def __call__(self, critic: Critic, seen: CriticPass) -> Tensor:
        """Return half the squared gradient norm of the logits with respect to the raw real images."""
        return squared_slope(critic, seen.reals, seen.labels) / 2.0


class Weighted(Part):
    """A penalty with its weight; `every` k critic steps it is applied k-fold (lazy regularisation).

    Source of laziness: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", section 3.1.
    """

    penalty: Penalty
    weight: NonNegative = 1.0
    every: int = Field(default=1, ge=1)


class Constraint(Part, abc.ABC):
    """What the discriminator's weights must satisfy after every one of its updates."""

    @abc.abstractmethod
    def apply(self, discriminator: nn.Module) -> None:
        """Move the weights, in place, to where they satisfy it."""


class Unconstrained(Constraint):
    """Nothing is asked of the weights."""

    def apply(self, discriminator: nn.Module) -> None:
        """Leave the weights."""


def squared_slope(critic: Critic, images: Tensor, labels: Tensor) -> Tensor:
    """Return |∇ D(images)|² (N,), differentiable with respect to the critic's weights."""
    points = images.detach().requires_grad_()
    # Each logit depends on its own image alone, so the gradient of the sum holds every image's gradient.
    logits = critic.precisely(points, labels)
    (slope,) = torch.autograd.grad(logits.sum(), points, create_graph=True)
    return slope.flatten(1).square().sum(dim=1)
