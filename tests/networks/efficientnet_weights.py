"""Weights of EfficientNet-Lite0 that nobody trained, for machines without the published ones."""

import math

import torch
from torch import Tensor

from ganache.networks.efficientnet import shapes


def drawn_weights(seed: int = 0) -> dict[str, Tensor]:
    """Return weights under which what is seen neither dies out nor is clipped altogether."""
    random = torch.Generator().manual_seed(seed)

    def drawn(name: str, shape: tuple[int, ...]) -> Tensor:
        if name.endswith("running_var"):
            return torch.rand(shape, generator=random) + 0.5
        values = torch.randn(shape, generator=random)
        if len(shape) == 4:
            return values * math.sqrt(2 / values[0].numel())
        return 1 + 0.1 * values if name.endswith("weight") else 0.1 * values

    return {name: drawn(name, shape) for name, shape in shapes().items()}
