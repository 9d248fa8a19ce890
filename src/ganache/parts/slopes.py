"""How fast a critic's logits change with its images: what penalties look at."""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from ganache.parts.objectives import per_sample

Side = Literal["reals", "fakes"]
SIDES: tuple[Side, Side] = ("reals", "fakes")


class Slopes:
    """∇ₓD(x) of images that a move has passed through its critic, at no further pass through the network.

    Each logit depends on its own image alone, so the gradient of their sum holds every image's gradient. Of a map of
    logits D is the mean, as in the losses: otherwise γ would mean another thing for each size of the map.
    """

    def __init__(self, points: Mapping[Side, Tensor], logits: Mapping[Side, Tensor]) -> None:
        self._points, self._logits = points, logits
        self._found: dict[Side, Tensor] = {}

    def squared(self, side: Side) -> Tensor:
        """Return |∇ₓD|² (N,), differentiable with respect to the critic's weights; of all sides at once, when asked."""
        if not self._found:
            total = torch.stack([per_sample(logits).sum() for logits in self._logits.values()]).sum()
            slopes = torch.autograd.grad(total, list(self._points.values()), create_graph=True)
            self._found = {name: squared_norm(slope) for name, slope in zip(self._points, slopes, strict=True)}
        return self._found[side]

    def __contains__(self, side: Side) -> bool:
        return side in self._points


NO_SLOPES = Slopes({}, {})


def squared_norm(slope: Tensor) -> Tensor:
    """Return the squared norm of each sample's slope: (N, …) to (N,), in float32 at least."""
    wide = slope if slope.dtype == torch.float64 else slope.float()
    return wide.flatten(1).square().sum(dim=1)
