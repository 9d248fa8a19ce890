from math import prod

import pytest
import torch
from torch import Tensor

from ganache.evaluation.features.inception_weights import inception_shapes


@pytest.fixture(scope="session")
def inception_weights() -> dict[str, Tensor]:
    """Return weights for Inception v3 that keep a signal alive through all of its layers."""
    generator = torch.Generator().manual_seed(5)
    weights: dict[str, Tensor] = {}
    for name, shape in inception_shapes().items():
        kind = name.rsplit(".", 1)[-1]
        if kind == "num_batches_tracked":
            weights[name] = torch.tensor(0)
        elif len(shape) > 1:
            weights[name] = torch.randn(shape, generator=generator) * (2.0 / prod(shape[1:])) ** 0.5
        elif kind in ("running_var", "weight"):
            weights[name] = torch.rand(shape, generator=generator) + 0.5
        else:
            weights[name] = torch.randn(shape, generator=generator) * 0.2
    return weights
