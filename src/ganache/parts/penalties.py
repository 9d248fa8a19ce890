"""Terms added to the discriminator's loss, one value per sample, and constraints applied after its update."""

import abc

import torch
from pydantic import Field
from torch import Tensor, nn

from ganache.parts.critic import Critic, CriticPass
from ganache.parts.objectives import per_sample
from ganache.parts.part import Part
from ganache.parts.schedules import NonNegative


class Penalty(Part, abc.ABC):
    """A term of the discriminator's loss that looks at the critic itself."""

    @abc.abstractmethod
    def __call__(self, critic: Critic, seen: CriticPass) -> Tensor:
        """Return (N,) in float32, with a graph that reaches the critic's weights."""


class SlopePenalty(Penalty, abc.ABC):
    """A penalty on the logit's slope at single images; the logit must depend on its own image alone."""


class R1(SlopePenalty):
    """½|∇ₓD(x)|² at the reals: no slope where the data is (Mescheder et al. 2018, equation 9, weight γ)."""

    def __call__(self, critic: Critic, seen: CriticPass) -> Tensor:
        """Return half the squared gradient norm of the logits with respect to the raw real images."""
        return squared_slope(critic, seen.reals, seen.labels) / 2.0


class R2(SlopePenalty):
    """½|∇ₓD(G(z))|² at the fakes (Mescheder et al. 2018, equation 10, weight γ)."""

    def __call__(self, critic: Critic, seen: CriticPass) -> Tensor:
        """Return half the squared gradient norm of the logits with respect to the raw fake images."""
        return squared_slope(critic, seen.fakes, seen.labels) / 2.0


class GradientPenalty(SlopePenalty):
    """(|∇D(x̂)| - 1)², x̂ uniform on the lines between reals and fakes (Gulrajani et al. 2017, equation 3)."""

    def __call__(self, critic: Critic, seen: CriticPass) -> Tensor:
        """Return the squared distance of the gradient norm from 1 at one point of each pair's line."""
        points = torch.lerp(seen.reals, seen.fakes, _places(seen.reals))
        return (norm(squared_slope(critic, points, seen.labels)) - 1.0).square()


class DRAGAN(SlopePenalty):
    """(|∇D(x + δ)| - 1)² near the reals (Kodali et al. 2017, section 2.3).

    As in its authors' code, x + δ lies uniformly on the line from the real to the real moved by ½ σ u, σ the batch's
    deviation and u uniform in [0, 1).
    """

    def __call__(self, critic: Critic, seen: CriticPass) -> Tensor:
        """Return the squared distance of the gradient norm from 1 at a point near each real."""
        reals = seen.reals
        moved = reals + 0.5 * reals.std(correction=0) * torch.rand_like(reals)
        points = torch.lerp(reals, moved, _places(reals))
        return (norm(squared_slope(critic, points, seen.labels)) - 1.0).square()


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


class WeightClipping(Constraint):
    """Every weight in [-c, c] (Arjovsky et al. 2017, algorithm 1, line 7)."""

    limit: float = Field(default=0.01, gt=0)  # c

    @torch.no_grad()
    def apply(self, discriminator: nn.Module) -> None:
        """Clamp every parameter."""
        for parameter in discriminator.parameters():
            parameter.clamp_(-self.limit, self.limit)


def squared_slope(critic: Critic, images: Tensor, labels: Tensor) -> Tensor:
    """Return |∇ D(images)|² (N,), differentiable with respect to the critic's weights.

    Of a map of logits D is the mean, as in the losses: otherwise γ would mean another thing for each size of the map.
    """
    points = images.detach().requires_grad_()
    # Each logit depends on its own image alone, so the gradient of the sum holds every image's gradient.
    logits = per_sample(critic.precisely(points, labels))
    (slope,) = torch.autograd.grad(logits.sum(), points, create_graph=True)
    return slope.flatten(1).square().sum(dim=1)


def norm(square: Tensor) -> Tensor:
    """Return the root of a squared norm (N,), with a finite gradient also where it is zero."""
    return (square + 1e-12).sqrt()


def _places(images: Tensor) -> Tensor:
    # One place in [0, 1) on the line of each pair, in the images' own precision.
    return torch.rand(len(images), 1, 1, 1, dtype=images.dtype, device=images.device)
