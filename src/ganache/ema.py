"""The average of the generator's weights over training, which draws better pictures than any moment of it."""

import copy

import torch
from torch import Tensor, nn


class WeightAverage:
    """An exponential moving average with a half-life in images (Karras et al. 2018, "Progressive Growing", 4.1)."""

    def __init__(self, network: nn.Module) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, network: nn.Module, images: int, half_life: float) -> None:
        """Move towards the network after `images` more images: a weight from `half_life` ago counts half.

        Batch norm's running statistics are averaged like weights, since they belong to them; counters are copied.
        """
        weight = 1.0 - 0.5 ** (images / half_life) if half_life > 0 else 1.0
        averages, values = _floats(self.network), _floats(network)
        torch._foreach_lerp_(averages, values, weight)
        for average, value in zip(self.network.buffers(), network.buffers(), strict=True):
            if not average.is_floating_point():
                average.copy_(value)


def _floats(network: nn.Module) -> list[Tensor]:
    floats = [buffer for buffer in network.buffers() if buffer.is_floating_point()]
    return [parameter.detach() for parameter in network.parameters()] + floats
