"""The kernel distance (KID): the squared maximum mean discrepancy of two sets of feature vectors, without bias.

    MMD² = Σ_{i≠j} k(xᵢ, xⱼ) / n(n-1) + Σ_{i≠j} k(yᵢ, yⱼ) / m(m-1) - 2 Σᵢⱼ k(xᵢ, yⱼ) / nm,    k(x, y) = (xᵀy / D + 1)³

(Bińkowski et al. 2018, section 3 and appendix A; Gretton et al. 2012, equation 3). Its expectation is 0 for equal
distributions and does not depend on n and m. So it can come out **below zero**, and half of the time does when the
distributions are equal; a value that is clipped at zero has a bias again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ganache.evaluation.metrics.inputs import Features, Floats, check_pair

TILE = 1024  # pairs of rows at a time: 8 MiB of kernel values


@dataclass(frozen=True)
class KernelDistance:
    """MMD², and the standard error that sampling both sets gives it."""

    value: float
    standard_error: float


def kernel_distance(features: Features, reference: Features) -> KernelDistance:
    """Return MMD² over all pairs of features (N, D) and a reference (M, D), N and M at least 2.

    In float64, tile by tile: memory does not grow with N × M; nothing is drawn at random. The standard error is

        √(4 Var(hᵢ) / n + 4 Var(gⱼ) / m),    hᵢ = Σ_{j≠i} k(xᵢ, xⱼ) / (n-1) - Σⱼ k(xᵢ, yⱼ) / m,  g likewise

    (Hoeffding's projection of a U-statistic, as the jackknife gives it). It is up to √2 too large when the
    distributions are equal. Raises UserError for too few vectors and values that are not finite.
    """
    check_pair(("features", "reference"), features, reference, least=2)
    count, other = len(features), len(reference)
    own, theirs = _sums_within(features), _sums_within(reference)
    across, back = _sums_across(features, reference)
    value = own.sum() / (count * (count - 1)) + theirs.sum() / (other * (other - 1)) - 2 * across.sum() / count / other
    projections = (own / (count - 1) - across / other, theirs / (other - 1) - back / count)
    variance = sum(4 * part.var(ddof=1) / len(part) for part in projections)
    return KernelDistance(float(value), float(np.sqrt(variance)))


def _sums_within(points: Features) -> Floats:
    """Return Σ_{j≠i} k(xᵢ, xⱼ) for every i, computing each pair once."""
    sums = np.zeros(len(points))
    for rows in _tiles(len(points)):
        left = points[rows].astype(np.float64)
        for columns in _tiles(len(points), rows.start):
            kernel = _kernel(left, left if columns == rows else points[columns].astype(np.float64))
            if columns == rows:
                np.fill_diagonal(kernel, 0.0)
            else:
                sums[columns] += kernel.sum(axis=0)
            sums[rows] += kernel.sum(axis=1)
    return sums


def _sums_across(points: Features, others: Features) -> tuple[Floats, Floats]:
    """Return Σⱼ k(xᵢ, yⱼ) for every i, and Σᵢ k(xᵢ, yⱼ) for every j."""
    sums, back = np.zeros(len(points)), np.zeros(len(others))
    for rows in _tiles(len(points)):
        left = points[rows].astype(np.float64)
        for columns in _tiles(len(others)):
            kernel = _kernel(left, others[columns].astype(np.float64))
            sums[rows] += kernel.sum(axis=1)
            back[columns] += kernel.sum(axis=0)
    return sums, back


def _kernel(left: Floats, right: Floats) -> Floats:
    kernel: Floats = left @ right.T
    kernel /= left.shape[1]
    kernel += 1.0
    squares = kernel * kernel
    squares *= kernel
    return squares


def _tiles(count: int, start: int = 0) -> Iterator[slice]:
    return (slice(first, min(first + TILE, count)) for first in range(start, count, TILE))
