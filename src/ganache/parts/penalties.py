"""Penalties on a discriminator's slope: how fast its logit changes with the image."""

import abc
from typing import ClassVar

import torch
from torch import Tensor

from ganache.parts.critic import Critic
from ganache.parts.slopes import Side, Slopes
from ganache.parts.terms import Move, Penalty
from ganache.support.world import batch_deviation, own_rows


class SlopePenalty(Penalty, abc.ABC):
    """A penalty on the logit's slope at single images; the logit must depend on its own image alone."""


class R1(SlopePenalty):
    """½|∇ₓD(x)|² at the reals: no slope where the data is (Mescheder et al. 2018, equation 9, weight γ)."""

    slopes: ClassVar[Side | None] = "reals"

    def __call__(self, move: Move) -> Tensor:
        """Return half the squared gradient norm of the logits with respect to the raw real images."""
        return _squared(move, "reals") / 2.0


class R2(SlopePenalty):
    """½|∇ₓD(G(z))|² at the fakes (Mescheder et al. 2018, equation 10, weight γ)."""

    slopes: ClassVar[Side | None] = "fakes"

    def __call__(self, move: Move) -> Tensor:
        """Return half the squared gradient norm of the logits with respect to the raw fake images."""
        return _squared(move, "fakes") / 2.0


class GradientPenalty(SlopePenalty):
    """(|∇D(x̂)| - 1)², x̂ uniform on the lines between reals and fakes (Gulrajani et al. 2017, equation 3)."""

    def __call__(self, move: Move) -> Tensor:
        """Return the squared distance of the gradient norm from 1 at one point of each pair's line."""
        points = torch.lerp(move.reals, move.fakes, _places(move.reals))
        return (norm(squared_slope(move.critic, points, move.conditions)) - 1.0).square()


class DRAGAN(SlopePenalty):
    """(|∇D(x + δ)| - 1)² near the reals (Kodali et al. 2017, section 2.3).

    As in its authors' code, x + δ lies uniformly on the line from the real to the real moved by ½ σ u, σ the batch's
    deviation and u uniform in [0, 1).
    """

    def __call__(self, move: Move) -> Tensor:
        """Return the squared distance of the gradient norm from 1 at a point near each real."""
        reals = move.reals
        moved = reals + 0.5 * batch_deviation(reals) * own_rows(reals)
        points = torch.lerp(reals, moved, _places(reals))
        return (norm(squared_slope(move.critic, points, move.conditions)) - 1.0).square()


def squared_slope(critic: Critic, images: Tensor, conditions: Tensor) -> Tensor:
    """Return |∇ D(images)|² (N,), differentiable with respect to the critic's weights, by a pass of its own."""
    points = images.detach().requires_grad_()
    logits = critic(points, conditions).logits
    return Slopes({"reals": points}, {"reals": logits}).squared("reals")


def _squared(move: Move, side: Side) -> Tensor:
    """Return the squared slopes of images in the pass that the move has made of them, or of another."""
    if side in move.slopes:
        return move.slopes.squared(side)
    return squared_slope(move.critic, {"reals": move.reals, "fakes": move.fakes}[side], move.conditions)


def norm(square: Tensor) -> Tensor:
    """Return the root of a squared norm (N,), with a finite gradient also where it is zero."""
    return (square + 1e-12).sqrt()


def _places(images: Tensor) -> Tensor:
    # One place in [0, 1) on the line of each pair, in the images' own precision.
    return own_rows(images.new_empty(len(images), 1, 1, 1))
