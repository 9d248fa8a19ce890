"""Growing and shrinking features by a filter: one product of matrices a side."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

Size = tuple[int, int]


class Filtered(nn.Module):
    """A linear map of each side of features, as one product of matrices a side.

    So it repeats its bits on every device, and its slopes of any order are products too. The weights of the filters
    here are exact in bfloat16.
    """

    rows: Tensor | None  # (H after, H before); None: this side stays as it is
    columns: Tensor | None

    def __init__(self, rows: list[list[float]] | None, columns: list[list[float]] | None) -> None:
        super().__init__()
        for name, taps in (("rows", rows), ("columns", columns)):
            self.register_buffer(name, None if taps is None else torch.tensor(taps), persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Map features (N, C, …) of the one size to the other."""
        places = features.permute(0, 2, 3, 1)
        if self.rows is not None:
            lines = places.flatten(2)
            places = (self.rows.to(lines.dtype) @ lines).reshape(lines.shape[0], -1, *places.shape[2:])
        if self.columns is not None:
            places = self.columns.to(places.dtype) @ places
        return places.permute(0, 3, 1, 2).to(features.dtype)


class Resampled(Filtered):
    """[1, 2, 1] on repeated or before averaged pairs of places, which is [1, 3, 3, 1].

    A side that keeps its length is left alone; beyond the borders there is nothing, so that a constant stays one but
    for the outermost places.
    Source: the authors' Resamplers.py (interpolative resampling) of R3GAN; StyleGAN2's upfirdn2d makes the same.
    """

    def __init__(self, before: Size, after: Size) -> None:
        super().__init__(*_sides(_filter, before, after))


class BlurredToStride(Filtered):
    """[1, 3, 3, 1] before a 3×3 convolution that halves and pads nothing, which together pad once, before the filter.

    Source: StyleGAN2's conv2d_resample, which pads so.
    """

    def __init__(self, before: Size, after: Size) -> None:
        super().__init__(*_sides(_before_stride, before, after))


class BlurredFromStride(Filtered):
    """[1, 3, 3, 1], with a gain of 2 a side, after a transposed 3×3 convolution that doubles and crops nothing."""

    def __init__(self, before: Size, after: Size) -> None:
        super().__init__(*_sides(_after_stride, before, after))


class Interpolated(Filtered):
    """Features at another, larger size: each place's value is interpolated linearly between the two nearest.

    Places are squares, the corners of both sizes lie on each other, and beyond the outermost middles values stay.
    """

    def __init__(self, before: Size, after: Size) -> None:
        super().__init__(*_sides(_between, before, after))


TAPS = (0.125, 0.375, 0.375, 0.125)
Side = Callable[[int, int], list[list[float]]]


def _sides(side: Side, before: Size, after: Size) -> list[list[list[float]] | None]:
    """Return the matrices of both sides; None for one that keeps its length."""
    return [None if one == other else side(one, other) for one, other in zip(before, after, strict=True)]


def _before_stride(before: int, after: int) -> list[list[float]]:
    """Return the weight of each place before in the 2 · after + 1 places that the convolution sees.

    An odd side's last place counts twice, as where sides are halved without a convolution.
    """
    rows = [[0.0] * before for _ in range(2 * after + 1)]
    for place, row in enumerate(rows):
        for heard, weight in enumerate(TAPS, place - 2):
            heard = before - 1 if heard == before and before % 2 else heard
            if 0 <= heard < before:
                row[heard] += weight
    return rows


def _after_stride(before: int, after: int) -> list[list[float]]:
    """Return the weight of each of the 2 · before + 1 places that the convolution made; an odd side loses its last."""
    rows = [[0.0] * (2 * before + 1) for _ in range(after)]
    for place, row in enumerate(rows):
        for heard, weight in enumerate(TAPS, place - 1):
            if 0 <= heard <= 2 * before:
                row[heard] = 2.0 * weight
    return rows


def _between(before: int, after: int) -> list[list[float]]:
    """Return the weight of each place before (column) in each place after (row)."""
    rows = [[0.0] * before for _ in range(after)]
    for place, row in enumerate(rows):
        at = min(max((place + 0.5) * before / after - 0.5, 0.0), before - 1.0)
        first = min(int(at), before - 2) if before > 1 else 0
        row[first] += 1.0 - (at - first)
        if before > 1:
            row[first + 1] += at - first
    return rows


def _filter(before: int, after: int) -> list[list[float]]:
    """Return the weight of each place before (column) in each place after (row).

    Halved, an odd side's last place counts twice; doubled, it is what halving would be from there, with a gain of 2,
    and an odd side loses its last place.
    """
    if before > after:
        weights = [[0.0] * before for _ in range(after)]
        for place, row in enumerate(weights):
            for heard, weight in enumerate(TAPS, 2 * place - 1):
                heard = before - 1 if heard == before and before % 2 else heard
                if 0 <= heard < before:
                    row[heard] += weight
        return weights
    halving = _filter(2 * before, before)
    return [[2.0 * row[place] for row in halving] for place in range(after)]
