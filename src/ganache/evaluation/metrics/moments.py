"""Means and covariances of feature vectors, gathered batch by batch and merged exactly.

    m = m₁ + δ n₂ / n,    S = S₁ + S₂ + δ δᵀ n₁ n₂ / n,    δ = m₂ - m₁,  n = n₁ + n₂      (Chan, Golub & LeVeque 1983)

with S the sum of the centred outer products. Rows are gathered into blocks of a size that depends on D alone, so a
value does not depend on how the samples were cut into batches: not in its last bit. What several processes gathered is
merged by the same formula, and differs from one process by rounding (1e-15).

While there are no more vectors than dimensions, the covariance (D, D) is singular and larger than the vectors
themselves. Then they are kept instead, as its factor: exact, and faster to compare.

The products are made on a device that has float64, where one is given; Apple's GPUs have none, so theirs are the CPU's.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from ganache.engine.transfers import CPU, with_float64
from ganache.evaluation.metrics.inputs import Features, Floats, check_features
from ganache.support.errors import UserError
from ganache.support.units import are

BLOCK = 1024  # rows at least; more than D of them, so that all rows are at hand as long as they are few
SMALLEST_PIVOT = 1e-10  # of the largest; below it, too few digits of the smallest singular values would be right


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean (D,) and covariance (D, D), unbiased, of so many feature vectors."""

    count: int
    mean: Floats
    covariance: Floats

    @classmethod
    def of(cls, features: Features) -> "Moments":
        """Return the moments of features (N, D), with the covariance in full; N is at least 2."""
        found = moments_of(features)
        return cls(found.count, found.mean, found.covariance)

    @cached_property
    def variance(self) -> Floats:
        """The variance (D,) of each feature."""
        return self.covariance.diagonal()

    @cached_property
    def triangle(self) -> Floats | None:
        """Cholesky's L with covariance = L Lᵀ; None when the covariance is singular to working precision."""
        return _cholesky(self.covariance)

    def factor(self) -> Floats:
        """Return F (r, D) with covariance = Fᵀ F, where r < N is the covariance's rank to working precision."""
        values, vectors = np.linalg.eigh(self.covariance)
        rounding = len(values) * np.finfo(np.float64).eps * values[-1]
        rank = min(int(np.count_nonzero(values > rounding)), self.count - 1)
        if rank == 0:
            return np.zeros((1, len(values)))
        root: Floats = np.sqrt(values[-rank:, None]) * vectors[:, -rank:].T
        return root

    def only(self, kept: NDArray[np.bool_]) -> "Moments":
        """Return the moments of the features that are True in `kept` (D,)."""
        return Moments(self.count, self.mean[kept], self.covariance[np.ix_(kept, kept)])


@dataclass(frozen=True, eq=False)
class FewMoments:
    """Mean (D,) of N ≤ D feature vectors, and the vectors themselves, centred and over √(N - 1), as `rows` (N, D)."""

    count: int
    mean: Floats
    rows: Floats

    @property
    def covariance(self) -> Floats:
        """The covariance (D, D), unbiased."""
        product: Floats = self.rows.T @ self.rows
        return product

    @cached_property
    def variance(self) -> Floats:
        """The variance (D,) of each feature."""
        squares: Floats = np.einsum("nd,nd->d", self.rows, self.rows)
        return squares

    def factor(self) -> Floats:
        """Return F (N, D) with covariance = Fᵀ F."""
        return self.rows


AnyMoments = Moments | FewMoments


def moments_of(features: Features, device: torch.device = CPU) -> AnyMoments:
    """Return the moments of features (N, D); UserError when N < 2 or a value is not finite."""
    running = RunningMoments(features.shape[1], device)
    running.add(features)
    return running.result()


class RunningMoments:
    """The moments of all feature vectors that were added so far, in the memory of two covariances."""

    def __init__(self, dimensions: int, device: torch.device = CPU) -> None:
        self.dimensions, self._device = dimensions, with_float64(device)
        self._block = max(BLOCK, dimensions + 1)
        self._rows: list[Floats] = []
        self._waiting = 0
        self._count = 0
        self._mean = np.zeros(dimensions)
        self._scatter: Floats | None = None

    @property
    def count(self) -> int:
        """How many vectors were added."""
        return self._count + self._waiting

    def add(self, features: Features) -> None:
        """Add features (N, D), N ≥ 0; UserError when a value is not finite."""
        assert features.shape[1:] == (self.dimensions,), features.shape
        check_features("features", features, least=0)
        start = 0
        while start < len(features):
            part = features[start : start + self._block - self._waiting].astype(np.float64)
            self._rows.append(part)
            self._waiting += len(part)
            start += len(part)
            if self._waiting == self._block:
                self._absorb(self._waiting_rows())
                self._rows, self._waiting = [], 0

    def merge(self, other: "RunningMoments") -> None:
        """Add what another gatherer, of another process for instance, was given."""
        assert self.dimensions == other.dimensions, (self.dimensions, other.dimensions)
        if other._scatter is not None:
            self._combine(other._count, other._mean, other._scatter.copy())
        self.add(other._waiting_rows())

    def result(self) -> AnyMoments:
        """Return the moments of what was added so far; UserError when that is fewer than 2 vectors."""
        if self.count < 2:
            raise UserError(f"features: {are(self.count, 'sample')} too few; a covariance needs at least 2")
        waiting = self._waiting_rows()
        if self.count <= self.dimensions and self._scatter is None:
            mean, centred = _centred(waiting)
            return FewMoments(self.count, mean, centred / np.sqrt(self.count - 1))
        total = RunningMoments(self.dimensions, self._device)  # a copy: more vectors may follow
        total._count, total._mean = self._count, self._mean
        total._scatter = None if self._scatter is None else self._scatter.copy()
        if len(waiting):
            total._absorb(waiting)
        assert total._scatter is not None
        return Moments(total._count, total._mean, total._scatter / (total._count - 1))

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return everything gathered as arrays, to send to another process or to keep."""
        gathered: dict[str, NDArray[np.generic]] = {
            "count": np.array(self._count),
            "mean": self._mean,
            "rows": self._waiting_rows(),
        }
        return gathered if self._scatter is None else {**gathered, "scatter": self._scatter}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]], device: torch.device = CPU) -> "RunningMoments":
        """Return the gatherer whose arrays these are."""
        running = cls(len(arrays["mean"]), device)
        if "scatter" in arrays:
            running._count = int(arrays["count"])
            running._mean = np.asarray(arrays["mean"], dtype=np.float64)
            running._scatter = np.array(arrays["scatter"], dtype=np.float64)
        running.add(np.asarray(arrays["rows"], dtype=np.float64))
        return running

    def _waiting_rows(self) -> Floats:
        return np.concatenate(self._rows) if self._rows else np.zeros((0, self.dimensions))

    def _absorb(self, rows: Floats) -> None:
        mean, centred = _centred(rows)
        # By torch: NumPy's threads and those of torch's networks would wait for each other.
        vectors = torch.from_numpy(centred).to(self._device)
        self._combine(len(rows), mean, (vectors.T @ vectors).cpu().numpy())

    def _combine(self, count: int, mean: Floats, scatter: Floats) -> None:
        if self._scatter is None:
            self._count, self._mean, self._scatter = count, mean, scatter
            return
        total = self._count + count
        shift = mean - self._mean
        self._scatter += scatter
        self._scatter += np.outer(shift, shift * (self._count * count / total))
        self._mean = self._mean + shift * (count / total)
        self._count = total


def _centred(rows: Floats) -> tuple[Floats, Floats]:
    """Return mean and rows - mean. By way of the first row: a constant feature is left with a variance of exactly 0."""
    moved = rows - rows[0]
    mean = moved.mean(axis=0)
    moved -= mean
    return rows[0] + mean, moved


def _cholesky(covariance: Floats) -> Floats | None:
    try:
        triangle = np.asarray(np.linalg.cholesky(covariance), dtype=np.float64)
    except np.linalg.LinAlgError:  # singular: NumPy has no other way to say so
        return None
    pivots = triangle.diagonal() ** 2
    return triangle if pivots.min() > SMALLEST_PIVOT * pivots.max() else None
