"""Optimisers as parts: configuration here, torch's implementation behind it."""

import abc
from typing import Annotated

import torch
from pydantic import Field
from torch import nn

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
    epsilon: float = Field(default=1e-8, gt=0)

    def build(self, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
        """Return Adam with the values of the first step; the fused kernel is the same arithmetic in one pass."""
        rate, betas = at(self.learning_rate, 0), (at(self.betas[0], 0), at(self.betas[1], 0))
        return torch.optim.Adam(parameters, lr=rate, betas=betas, eps=self.epsilon, fused=True)

    def set(self, optimizer: torch.optim.Optimizer, now: Moment) -> None:
        """Set learning rate and betas."""
        for group in optimizer.param_groups:
            group["lr"] = now.at(self.learning_rate)
            group["betas"] = (now.at(self.betas[0]), now.at(self.betas[1]))
