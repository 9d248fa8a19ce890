"""The contrast of patches: a place of a translation is to resemble that place of its original, and no other.

Park et al. 2020, "Contrastive Learning for Unpaired Image-to-Image Translation" (CUT), section 3: mutual information
between the two, estimated by telling the right place from the others of the same picture (equations 2 to 4).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax, normalize

from ganache.support.precision import unmixed

DEVIATION = 0.02  # of the first weights


class PatchContrast(nn.Module):
    """For each of some layers two linear ones, which make unit vectors of the features at a place, and the loss.

    Sources: section 3.2 and appendix C.1 of the paper, for all numbers.
    """

    def __init__(self, features: Sequence[int], width: int = 256, places: int = 256, temperature: float = 0.07) -> None:
        super().__init__()
        self.places, self.temperature = places, temperature
        self.projections = nn.ModuleList(
            nn.Sequential(nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, width)) for inputs in features
        )
        for weights in self.parameters():
            if weights.dim() == 1:
                nn.init.zeros_(weights)
            elif not weights.is_meta:  # there torch would import its compiler to draw nothing
                nn.init.normal_(weights, 0.0, DEVIATION)

    def forward(self, made: Sequence[Tensor], given: Sequence[Tensor]) -> Tensor:
        """Return the mean loss over all layers (N,) of features (N, C, h, w) of translations and of their originals.

        In each layer the same places of all pictures are drawn. Slopes flow through the translations alone.
        """
        losses = []
        for projection, ours, theirs in zip(self.projections, made, given, strict=True):
            with unmixed(ours):
                chosen = _drawn(ours, self.places)
                with torch.no_grad():
                    keys = projected(projection, theirs, chosen)
                losses.append(contrasted(projected(projection, ours, chosen), keys, self.temperature))
        return torch.stack(losses).mean(dim=0)


def projected(projection: nn.Module, maps: Tensor, places: Tensor) -> Tensor:
    """Return unit vectors (N, P, W) of features (N, C, h, w) at some places (P,)."""
    rows = maps.float().permute(0, 2, 3, 1).flatten(1, 2).index_select(1, places)
    return normalize(projection(rows), dim=2, eps=1e-6)


def contrasted(queries: Tensor, keys: Tensor, temperature: float) -> Tensor:
    """Return -log of the share that each query's own key has among all keys of its picture, as the mean (N,).

    Queries and keys are (N, P, W).
    """
    alike = queries @ keys.transpose(1, 2) / temperature
    return -log_softmax(alike, dim=2).diagonal(dim1=1, dim2=2).mean(dim=1)


def _drawn(maps: Tensor, count: int) -> Tensor:
    """Return so many different places of maps (N, C, h, w), or all of them in some order."""
    return torch.rand(maps.shape[2] * maps.shape[3], device=maps.device).argsort()[:count]
