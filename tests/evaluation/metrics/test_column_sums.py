"""Columns side by side, against NumPy on the numbers themselves."""

import numpy as np
import pytest

from ganache.data.rows.columns import CategoryColumn, NumberColumn
from ganache.data.rows.table import Schema
from ganache.evaluation.metrics.column_sums import ColumnSums, by_chance, correlation_gaps, share_distances

NUMBER = NumberColumn(name="n", positions=(-1, 0, 1), values=(1e6, 1e6 + 1, 1e6 + 9))
TABLE = Schema(columns=(NUMBER, CategoryColumn(name="c", names=("a", "b"))))


def counted(*parts: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> ColumnSums:
    sums = ColumnSums(TABLE)
    for part in parts:
        sums.add(part.reshape(-1, 1, 1, 3), None)
    return sums


def rows(seed: int, count: int, share: float = 0.5) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    random = np.random.default_rng(seed)
    first = random.random(count) < share
    return np.stack([random.uniform(-1, 1, count), 2 * first - 1, 1 - 2 * first], axis=1).astype(np.float32)


def test_means_and_deviations_are_those_of_the_numbers() -> None:
    values = rows(0, 500)
    numbers = NUMBER.decoded(values[:, :1])
    found = counted(values[:200], values[200:])
    assert (found.count, found.numbers) == (500, ["n"])
    np.testing.assert_allclose(found.means, [numbers.mean()], rtol=1e-12)
    np.testing.assert_allclose(found.deviations, [numbers.std()], rtol=1e-9)


def test_shares_and_how_far_they_are_apart() -> None:
    ours = counted(np.array([[0, 1, -1]] * 3 + [[0, -1, 1]], np.float32))
    theirs = counted(np.array([[0, 1, -1], [0, -1, 1]], np.float32))
    assert ours.shares()["c"].tolist() == [0.75, 0.25]
    assert share_distances(ours, theirs) == {"c": 0.25}


def test_correlations_of_different_columns_alone() -> None:
    theirs = np.array([[4.0, 1.0, -1.0], [1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]])
    ours = np.array([[4.0, 0.0, 0.0], [0.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    assert correlation_gaps(ours, theirs, TABLE).tolist() == [0.5, 0.5]  # not of the two categories of one column
    still = np.zeros((3, 3))
    assert correlation_gaps(still, theirs, TABLE).tolist() == [0.5, 0.5]
    assert len(correlation_gaps(ours, still, TABLE)) == 0


def test_what_chance_would_do() -> None:
    random = np.random.default_rng(0)
    gaps = np.abs(random.normal(size=(4_000, 50)).mean(axis=1) - random.normal(size=(4_000, 200)).mean(axis=1))
    assert by_chance(50, 200) == pytest.approx(gaps.mean(), rel=0.03)
