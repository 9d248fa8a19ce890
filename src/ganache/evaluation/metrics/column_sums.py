"""Columns of tables side by side: means, deviations, shares of categories, correlations.

Of numbers the means and deviations are those of the numbers themselves, whatever places them in [-1, 1]. What the
difference of two sets would be by chance, were both drawn from the same distribution, is known for means: of sizes n
and m, E|Δ| = √(2/π) · √(1/n + 1/m) deviations, and likewise for shares and for correlations of what is not correlated.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganache.data.rows.columns import CategoryColumn, NumberColumn
from ganache.data.rows.table import Schema
from ganache.evaluation.metrics.counter import ALONE, Beside, Sums

Values = NDArray[np.float64]


class ColumnSums(Sums):
    """Sums and sums of squares of every column of numbers, less a number in its midst, and how often each category is.

    All in float64.
    """

    def __init__(self, table: Schema) -> None:
        self.table, self.name = table, f"columns-{table.digest[:16]}"
        self._numbers = [(column, place) for column, place in table.places() if isinstance(column, NumberColumn)]
        self._centres = np.array([column.values[len(column.values) // 2] for column, _ in self._numbers])
        counts = {"values": np.zeros(len(self._numbers)), "squares": np.zeros(len(self._numbers))}
        self.sums = {"count": np.zeros((), np.int64), "categories": np.zeros(table.width), **counts}

    def add(self, images: NDArray[Any], logits: NDArray[np.float32] | None, beside: Beside = ALONE) -> None:
        """Count rows of values (n, 1, 1, W)."""
        values = images.reshape(len(images), -1)
        self.sums["count"] += len(values)
        self.sums["categories"] += (values > 0.0).sum(axis=0)
        if self._numbers:
            decoded = [column.decoded(values[:, place]).astype(np.float64) for column, place in self._numbers]
            numbers = np.stack(decoded, axis=1) - self._centres
            self.sums["values"] += numbers.sum(axis=0)
            self.sums["squares"] += np.square(numbers).sum(axis=0)

    @property
    def count(self) -> int:
        """How many rows were counted."""
        return int(self.sums["count"])

    @property
    def numbers(self) -> list[str]:
        """The names of the columns of numbers."""
        return [column.name for column, _ in self._numbers]

    @property
    def means(self) -> Values:
        """The mean of each column of numbers."""
        means: Values = self._centres + self.sums["values"] / self.count
        return means

    @property
    def deviations(self) -> Values:
        """The standard deviation of each column of numbers."""
        centred = self.sums["squares"] - np.square(self.sums["values"]) / self.count
        found: Values = np.sqrt(np.maximum(centred, 0.0) / self.count)
        return found

    def shares(self) -> dict[str, Values]:
        """Return the share of each category of each column of them."""
        return {
            column.name: self.sums["categories"][place] / self.count
            for column, place in self.table.places()
            if isinstance(column, CategoryColumn)
        }


def by_chance(ours: int, theirs: int) -> float:
    """Return E|Δ| of two means, in deviations, of sets of these sizes of one distribution."""
    return math.sqrt(2.0 / math.pi * (1.0 / ours + 1.0 / theirs))


def share_distances(ours: ColumnSums, theirs: ColumnSums) -> dict[str, float]:
    """Return for each column of categories Σ|p - q| / 2: 0 where all shares are the same, 1 where none is common."""
    other = theirs.shares()
    return {name: float(np.abs(shares - other[name]).sum() / 2.0) for name, shares in ours.shares().items()}


def correlation_gaps(covariance: Values, other: Values, table: Schema) -> Values:
    """Return |ρ - ρ'| of each pair of values (P,) of different columns that vary among the other rows.

    A value that does not vary has no correlation with any, 0.
    """
    owners = np.concatenate([np.full(column.width, number) for number, column in enumerate(table.columns)])
    varies = other.diagonal() > 1e-12
    first, second = np.triu_indices(len(owners), 1)
    wanted = (owners[first] != owners[second]) & varies[first] & varies[second]
    first, second = first[wanted], second[wanted]
    gaps: Values = np.abs(_correlations(covariance)[first, second] - _correlations(other)[first, second])
    return gaps


def _correlations(covariance: Values) -> Values:
    deviations = np.sqrt(np.maximum(covariance.diagonal(), 0.0))
    scale = np.where(deviations > 1e-6, 1.0 / np.maximum(deviations, 1e-6), 0.0)
    return covariance * scale[:, None] * scale[None, :]
