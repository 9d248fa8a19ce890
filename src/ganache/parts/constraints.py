"""What a discriminator's weights must satisfy after every one of its updates."""

import abc

import torch
from pydantic import Field
from torch import nn

from ganache.parts.part import Part


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
        """Clamp every parameter that learns: what stands still keeps the weights that it was given."""
        for parameter in discriminator.parameters():
            if parameter.requires_grad:
                parameter.clamp_(-self.limit, self.limit)
