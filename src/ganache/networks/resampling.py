"""Growing and shrinking features by a filter: one product of matrices a side."""

import torch
from torch import Tensor, nn

Size = tuple[int, int]


class Resampled(nn.Module):
    """[1, 2, 1] on repeated or before averaged pairs of places, which is [1, 3, 3, 1], as one product a side.

    A side that keeps its length is left alone; beyond the borders there is nothing, so that a constant stays one but
    for the outermost places. As products of matrices the filter repeats its bits on every device, and its slopes of any
    order are products too. The weights are exact in bfloat16.
    Source: the authors' Resamplers.py (interpolative resampling).
    """

    rows: Tensor | None  # (H after, H before)
    columns: Tensor | None

    def __init__(self, before: Size, after: Size) -> None:
        super().__init__()
        for name, one, other in zip(("rows", "columns"), before, after, strict=True):
            taps = None if one == other else torch.tensor(_filter(one, other))
            self.register_buffer(name, taps, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Map features (N, C, …) of the one size to the other."""
        places = features.permute(0, 2, 3, 1)
        if self.rows is not None:
            lines = places.flatten(2)
            places = (self.rows.to(lines.dtype) @ lines).reshape(len(lines), -1, *places.shape[2:])
        if self.columns is not None:
            places = self.columns.to(places.dtype) @ places
        return places.permute(0, 3, 1, 2).to(features.dtype)


def _filter(before: int, after: int) -> list[list[float]]:
    """Return the weight of each place before (column) in each place after (row).

    Halved, an odd side's last place counts twice; doubled, it is what halving would be from there, with a gain of 2,
    and an odd side loses its last place.
    """
    if before > after:
        weights = [[0.0] * before for _ in range(after)]
        for place, row in enumerate(weights):
            for heard, weight in enumerate((0.125, 0.375, 0.375, 0.125), 2 * place - 1):
                heard = before - 1 if heard == before and before % 2 else heard
                if 0 <= heard < before:
                    row[heard] += weight
        return weights
    halving = _filter(2 * before, before)
    return [[2.0 * row[place] for row in halving] for place in range(after)]
