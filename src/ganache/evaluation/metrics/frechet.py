"""The Fréchet distance between two sets of feature vectors, each taken for a Gaussian.

    d² = |μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½)          (Heusel et al. 2017, equation 6; Fréchet 1957)

In float64, and never through a root of the non-symmetric product, which may be complex. With any factors Σᵢ = Fᵢᵀ Fᵢ,

    tr (Σ₁ Σ₂)^½ = |F₁ F₂ᵀ|_*, the sum of the singular values.

Where both covariances have full rank, F₂ is Cholesky's and the singular values are the roots of the eigenvalues of the
symmetric F₂ Σ₁ F₂ᵀ. Where one has not (fewer vectors than dimensions), the product of the factors is decomposed as it
is: squared, its smallest singular values would drown in rounding.

With N vectors the expectation is too high by about c / N. `extrapolate` measures c, and what would be left of the
distance for N → ∞ (Chong & Forsyth 2020).
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ganache.engine.transfers import CPU
from ganache.evaluation.metrics.inputs import Features, Floats, check_features, stream
from ganache.evaluation.metrics.moments import AnyMoments, Moments, RunningMoments, moments_of
from ganache.support.errors import UserError

PARTS = 8  # disjoint ones of the samples, from which the distance's error is known
PANEL = 256  # columns of a triangular product at a time: wide enough for the processor, few wasted zeros


def frechet_distance(first: AnyMoments, second: AnyMoments) -> float:
    """Return d², not negative: what rounding leaves below zero is zero.

    Give the set that is compared most often second: what its covariance needs is computed once.
    """
    assert first.mean.shape == second.mean.shape, (first.mean.shape, second.mean.shape)
    shift = float(np.sum((first.mean - second.mean) ** 2))
    spread = float(first.variance.sum() + second.variance.sum())
    distance = max(0.0, shift + spread - 2.0 * _overlap(first, second))
    assert np.isfinite(distance), distance
    return distance


def _overlap(first: AnyMoments, second: AnyMoments) -> float:
    """Return tr (Σ₁ Σ₂)^½ by the fastest route that is exact."""
    if isinstance(first, Moments) and isinstance(second, Moments):
        alive = (first.variance > 0) & (second.variance > 0)  # a constant feature adds nothing, and makes Σ singular
        if not alive.any():
            return 0.0
        if not alive.all():
            first, second = first.only(alive), second.only(alive)
        triangle = second.triangle
        if triangle is not None and first.triangle is not None:
            return float(np.sqrt(_squared_overlaps(triangle, first.covariance)).sum())
    return float(np.linalg.svd(_factor(first) @ _factor(second).T, compute_uv=False).sum())


def _factor(moments: AnyMoments) -> Floats:
    if isinstance(moments, Moments) and moments.triangle is not None:
        return moments.triangle.T
    return moments.factor()


def _squared_overlaps(triangle: Floats, covariance: Floats) -> Floats:
    """Return the eigenvalues (D,) of Lᵀ Σ L, not negative.

    Only its lower half is computed, and nothing is multiplied with the zeros above L's diagonal: a third of the work
    of two full products.
    """
    size = len(triangle)
    product = np.empty_like(covariance)
    for start in range(0, size, PANEL):
        below, panel = slice(start, size), slice(start, start + PANEL)
        product[below, panel] = triangle[below, below].T @ (covariance[below, below] @ triangle[below, panel])
    squares: Floats = np.linalg.eigvalsh(product, UPLO="L").clip(0.0, None)
    return squares


@dataclass(frozen=True)
class Extrapolation:
    """The distance of N vectors, and its limit for N → ∞ along the line `limit + rise / N`.

    `standard_error` is that of the distance and, to first order, that of the limit: the sampling of the N vectors, with
    the reference as it is; None of fewer than 8. `distances[i]` is the mean over disjoint subsets of `sizes[i]`
    vectors. A limit that comes out below zero is zero.
    """

    distance: float
    limit: float
    rise: float
    standard_error: float | None
    sizes: tuple[int, ...]
    distances: tuple[float, ...]

    @property
    def bias(self) -> float:
        """How much the N vectors overestimate the distance."""
        return self.distance - self.limit


def extrapolate(
    features: Features, reference: AnyMoments, seed: int, halvings: int = 3, device: torch.device = CPU
) -> Extrapolation:
    """Return the distance of features (N, D) to a reference, and its limit for infinitely many (FID∞).

    As Chong & Forsyth (2020), by a line through the distances of smaller subsets over 1 / N; but the subsets are
    disjoint parts of one seeded shuffle, N in 1, 2, 4, … 2^halvings, and each size is averaged over all of them: all
    vectors count at every size. The line is trusted where the smallest subsets are larger than D; `halvings` is
    reduced to reach that, to no less than 1. Raises UserError for fewer than 4 vectors, or values that are not finite.
    """
    check_features("features", features, least=4)
    if halvings < 1:
        raise UserError(f"halvings: {halvings} leaves no subset to draw a line through; at least 1")
    count, dimensions = features.shape
    while halvings > 1 and count >> halvings <= dimensions:
        halvings -= 1
    order = stream(seed, "frechet", "subsets").permutation(count)
    level = []
    for chosen in np.array_split(order, 2**halvings):
        level.append(RunningMoments(dimensions, device))
        level[-1].add(features[np.sort(chosen)])
    smallest = [frechet_distance(part.result(), reference) for part in level]
    sizes, distances = [count / len(level)], [float(np.mean(smallest))]
    while len(level) > 1:
        for left, right in zip(level[::2], level[1::2], strict=True):
            left.merge(right)
        level = level[::2]
        sizes.append(count / len(level))
        distances.append(float(np.mean([frechet_distance(part.result(), reference) for part in level])))
    if len(smallest) >= PARTS:
        error: float | None = float(np.std(smallest, ddof=1) / np.sqrt(len(smallest)))
    else:
        error = _error(features, order, reference, device)
    rise, limit = np.polyfit(1.0 / np.array(sizes), distances, deg=1)
    return Extrapolation(
        distance=distances[-1],
        limit=max(0.0, float(limit)),
        rise=float(rise),
        standard_error=error,
        sizes=tuple(int(size) for size in sizes),
        distances=tuple(distances),
    )


def _error(features: Features, order: NDArray[np.int64], reference: AnyMoments, device: torch.device) -> float | None:
    """Return the standard error of the distance by the jackknife: eight times without another eighth of the vectors.

    For vectors so few that parts of them have fewer than dimensions. A spread of two or four parts would be known too
    badly, and eight such small parts lie apart by twice as much as they should; seven eighths are nearly all. None of
    fewer than 8 vectors.
    """
    if len(order) < PARTS:
        return None
    kept = [np.setdiff1d(order, part) for part in np.array_split(order, PARTS)]
    without = np.array([frechet_distance(moments_of(features[rows], device), reference) for rows in kept])
    return float(np.sqrt((PARTS - 1) / PARTS * np.square(without - without.mean()).sum()))
