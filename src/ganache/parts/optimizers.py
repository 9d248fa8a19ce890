"""Optimisers as parts: configuration here, torch's implementation behind it."""

import abc
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.optim.adam import adam

from ganache.parts.moment import Moment
from ganache.parts.part import Part
from ganache.parts.schedules import NonNegative, Schedule, at, within

Beta = Annotated[Schedule, within(0.0, 1.0)]


class Optimizer(Part, abc.ABC):
    """How one player moves."""

    @abc.abstractmethod
    def build(self, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
        """Return torch's optimiser over the parameters."""

    @abc.abstractmethod
    def set(self, optimizer: torch.optim.Optimizer, now: Moment) -> None:
        """Give the optimiser the scheduled values of this moment."""


class Adam(Optimizer):
    """Kingma & Ba 2015, algorithm 1, with scheduled learning rate and betas."""

    learning_rate: NonNegative = 1e-3
    betas: tuple[Beta, Beta] = (0.9, 0.999)
    epsilon: float = Field(default=1e-8, ge=1e-30)  # of float32: less would be 0, by which 0 is divided

    def build(self, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
        """Return Adam with the values of the first step; the fused kernel is the same arithmetic in one pass."""
        rate, betas = at(self.learning_rate, 0), (at(self.betas[0], 0), at(self.betas[1], 0))
        return _Adam(parameters, lr=rate, betas=betas, eps=self.epsilon, fused=True)

    def set(self, optimizer: torch.optim.Optimizer, now: Moment) -> None:
        """Set learning rate and betas."""
        for group in optimizer.param_groups:
            group["lr"] = now.at(self.learning_rate)
            group["betas"] = (now.at(self.betas[0]), now.at(self.betas[1]))


class _Adam(torch.optim.Adam):
    """torch's Adam, which also takes betas that are scalars on the device, and weights in any order of memory.

    The fused kernel takes a rate on the device, and betas as numbers alone; torch's other implementations ask a tensor
    for its number somewhere too (as of 2.13), which no graph can. On a processor the fused kernel copies all that is
    not contiguous, there and back, which takes as long as its arithmetic, and mistakes one weight for another where a
    weight and its gradient have other orders: it is given values as they lie in memory.
    """

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move all weights that have a gradient."""
        assert closure is None, "losses are differentiated by the game"
        with torch.no_grad():
            for group in self.param_groups:
                lists: list[list[Tensor]] = [[] for _ in range(6)]
                self._init_group(group, *lists)  # type: ignore[no-untyped-call]
                weights, slopes, means, squares, _, steps = lists
                if weights:
                    is_on_device = any(isinstance(beta, Tensor) for beta in group["betas"])
                    (_step if is_on_device else _fused_step)(_Moved(weights, slopes, means, squares, steps), group)
        return None


class _Moved(NamedTuple):
    """What a step is of and moves: for each weight its slope, both averages, and how often it was moved."""

    weights: list[Tensor]
    slopes: list[Tensor]
    means: list[Tensor]
    squares: list[Tensor]
    steps: list[Tensor]


def _fused_step(moved: _Moved, group: dict[str, Any]) -> None:
    """Move weights in place by the fused kernel, which on a processor sees each of them as a row of numbers."""
    weights, slopes, means, squares, steps = moved
    if weights[0].device.type == "cpu":
        slopes = [_ordered_as(*pair) for pair in zip(weights, slopes, strict=True)]
        lists = (weights, slopes, means, squares)
        weights, slopes, means, squares = ([_in_a_row(values) for values in some] for some in lists)
    (first, second), rate, epsilon = group["betas"], group["lr"], group["eps"]
    how = {"weight_decay": 0.0, "eps": epsilon, "amsgrad": False, "maximize": False, "fused": True}
    adam(weights, slopes, means, squares, [], steps, lr=rate, beta1=first, beta2=second, **how)


def _ordered_as(weight: Tensor, slope: Tensor) -> Tensor:
    """Return a slope in its weight's order of memory."""
    alike = weight.stride() == slope.stride() or (weight.is_contiguous() and slope.is_contiguous())
    return slope if alike else torch.empty_like(weight).copy_(slope)


def _in_a_row(values: Tensor) -> Tensor:
    """Return values as they lie in memory, which has no gaps; a view."""
    return values if values.is_contiguous() else values.as_strided((values.numel(),), (1,))


def _step(moved: _Moved, group: dict[str, Any]) -> None:
    """Move weights in place, with every setting of the group a number or a scalar on their device.

    m ← β₁ m + (1 - β₁) g,  v ← β₂ v + (1 - β₂) g²,  w ← w - α/(1 - β₁ᵗ) m / (√v / √(1 - β₂ᵗ) + ε)
    """
    weights, slopes, means, squares, steps = moved
    (first, second), rate, epsilon = group["betas"], group["lr"], group["eps"]
    torch._foreach_add_(steps, 1)
    torch._foreach_mul_(means, first)
    torch._foreach_add_(means, torch._foreach_mul(slopes, 1.0 - first))
    torch._foreach_mul_(squares, second)
    torch._foreach_addcmul_(squares, torch._foreach_mul(slopes, 1.0 - second), slopes)
    # Each weight has its own t, for it may have had no gradient in some moves: vectors over the weights.
    moves = torch.stack(steps)
    scale = 1.0 - first**moves
    factors, offsets = (scale / (1.0 - second**moves).sqrt()).unbind(), (epsilon * scale).unbind()
    roots = zip(offsets, torch._foreach_sqrt(squares), factors, strict=True)
    # The rate is above the line: below it, one of 0 would make NaN of a weight that never had a slope.
    torch._foreach_addcdiv_(
        weights,
        torch._foreach_mul(means, -rate),
        [torch.addcmul(offset, root, factor) for offset, root, factor in roots],
    )
