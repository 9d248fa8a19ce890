"""The average of the generator's weights over training, which draws better pictures than any moment of it."""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from ganache.parts.moment import Moment
from ganache.parts.schedules import Curve, Schedule

START = Moment()


def newness(images: int, half_life: float) -> float:
    """Return the share in an average of what came with the last images."""
    return 1.0 - 0.5 ** (images / half_life) if half_life > 0 else 1.0


@dataclass(frozen=True)
class Newness:
    """The same share where the half-life moves."""

    images: int
    half_life: Curve

    def value(self, images_seen: float) -> float:
        """Return the share after so many images."""
        return newness(self.images, self.half_life.value(images_seen))


class WeightAverage:
    """An exponential moving average with a half-life in images (Karras et al. 2018, "Progressive Growing", 4.1)."""

    def __init__(self, network: nn.Module) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, network: nn.Module, images: int, half_life: Schedule, now: Moment = START) -> None:
        """Move towards the network after `images` more images: a weight from `half_life` ago counts half.

        Batch norm's running statistics are averaged like weights, since they belong to them. All other buffers are
        copied: counters, and spectral norm's vectors, whose average would have no length of 1.
        """
        weight = now.at(Newness(images, half_life) if isinstance(half_life, Curve) else newness(images, half_life))
        averages, values = _averaged(self.network), _averaged(network)
        if isinstance(weight, Tensor):  # torch's own takes one for each tensor, or a number
            torch._foreach_mul_(averages, 1.0 - weight)
            torch._foreach_add_(averages, torch._foreach_mul(values, weight))
        else:
            torch._foreach_lerp_(averages, values, weight)
        done = {id(tensor) for tensor in averages}
        for average, value in zip(self.network.buffers(), network.buffers(), strict=True):
            if id(average) not in done:
                average.copy_(value)


def _averaged(network: nn.Module) -> list[Tensor]:
    norms = [module for module in network.modules() if isinstance(module, _NormBase)]
    statistics = [buffer for norm in norms for buffer in (norm.running_mean, norm.running_var) if buffer is not None]
    return [parameter.detach() for parameter in network.parameters()] + statistics
