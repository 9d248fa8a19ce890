"""The sliced Wasserstein distance: optimal transport along random directions, where it only takes sorting.

    SW₂² = E_θ W₂²(θᵀx, θᵀy),    W₂²(a, b) = ∫₀¹ (F_a⁻¹(u) - F_b⁻¹(u))² du,    θ uniform on the unit sphere

(Rabin et al. 2011; Bonneel et al. 2015, definition 2). On features as they are: not the distance between patches of
Laplacian pyramids that Karras et al. (2018) give the same name.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganache.evaluation.metrics.inputs import Features, Floats, check_pair, stream
from ganache.support.errors import UserError

Indices = NDArray[np.int64]

ELEMENTS = 1 << 22  # projected values at a time: 32 MiB
ROWS = 4096  # rows in float64 at a time


@dataclass(frozen=True)
class SlicedWasserstein:
    """SW₂, in the features' unit and not negative, and the standard error that the choice of directions gives it."""

    value: float
    standard_error: float
    projections: int


def sliced_wasserstein(
    features: Features, reference: Features, seed: int, projections: int = 1000
) -> SlicedWasserstein:
    """Return SW₂ between features (N, D) and a reference (M, D), exact along each of the seeded directions.

    N and M may differ: the quantile functions are compared as they are, without resampling. Raises UserError for an
    empty set, values that are not finite and fewer than 2 projections.
    """
    check_pair(("features", "reference"), features, reference)
    if projections < 2:
        raise UserError(f"projections: {projections} is too few; at least 2")
    ours, theirs, widths = _coupling(len(features), len(reference))
    draw = stream(seed, "sliced_wasserstein")
    centre = reference.mean(axis=0, dtype=np.float64)  # a common shift changes no distance, and keeps digits
    squares = np.empty(projections)
    group = max(1, ELEMENTS // max(len(features), len(reference)))
    for start in range(0, projections, group):
        directions = draw.normal(size=(min(group, projections - start), features.shape[1]))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        sorted_ours = _sorted_projections(features, centre, directions)
        sorted_theirs = _sorted_projections(reference, centre, directions)
        for number in range(len(directions)):
            gaps = sorted_ours[number, ours] - sorted_theirs[number, theirs]
            squares[start + number] = widths @ (gaps * gaps)
    value = float(np.sqrt(squares.mean()))
    spread = float(squares.std(ddof=1) / np.sqrt(projections))
    return SlicedWasserstein(value, spread / (2 * value) if value > 0 else 0.0, projections)


def _coupling(count: int, other: int) -> tuple[Indices, Indices, Floats]:
    """Return which quantiles of both sorted sets meet on each piece of (0, 1], and the pieces' widths.

    The pieces end where either quantile function steps: at multiples of 1 / N and of 1 / M, counted in 1 / NM.
    """
    ends = np.union1d(np.arange(1, count + 1) * other, np.arange(1, other + 1) * count)
    widths = np.diff(ends, prepend=0) / (count * other)
    return (ends - 1) // other, (ends - 1) // count, widths


def _sorted_projections(points: Features, centre: Floats, directions: Floats) -> Floats:
    """Return θᵀ(x - c), sorted along each of the P directions: (P, N)."""
    projected = np.empty((len(directions), len(points)))
    for start in range(0, len(points), ROWS):
        rows = slice(start, start + ROWS)
        projected[:, rows] = directions @ (points[rows] - centre).T
    projected.sort(axis=1)
    return projected
