"""The Fréchet distance between two sets of feature vectors, each taken for a Gaussian.

    d² = |μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½)          (Heusel et al. 2017, equation 6; Fréchet 1957)

All in float64. (Σ₁ Σ₂)^½ has the trace of the singular values of Σ₁^½ Σ₂^½, which needs no square root of a
non-symmetric matrix and is never complex.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Mean (D,) and covariance (D, D), unbiased, of so many feature vectors."""

    count: int
    mean: Floats
    covariance: Floats

    @classmethod
    def of(cls, features: NDArray[np.floating]) -> "Moments":
        """Return the moments of features (N, D); N is at least 2."""
        assert features.ndim == 2, features.shape
        assert len(features) >= 2, features.shape
        values = features.astype(np.float64)
        mean = values.mean(axis=0)
        centred = values - mean
        return cls(len(values), mean, centred.T @ centred / (len(values) - 1))


def frechet_distance(first: Moments, second: Moments) -> float:
    """Return d², not negative: what rounding leaves below zero is zero."""
    shift = float(np.sum((first.mean - second.mean) ** 2))
    root = _square_root(first.covariance)
    shared = np.linalg.eigvalsh(root @ second.covariance @ root)
    overlap = float(np.sqrt(np.clip(shared, 0.0, None)).sum())
    spread = float(np.trace(first.covariance) + np.trace(second.covariance))
    return max(0.0, shift + spread - 2.0 * overlap)


def _square_root(covariance: Floats) -> Floats:
    values, vectors = np.linalg.eigh(covariance)
    root: Floats = (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
    return root
