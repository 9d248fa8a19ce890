"""Shares behind a classifier's reads: published intervals, sums done by hand, and how often a false alarm comes."""

import numpy as np
import pytest

from ganache.evaluation.metrics.group_shares import group_shares, wide_enough
from ganache.support.errors import UserError

Z = 1.959964
RIGHT = np.diag([10**12, 10**12])  # of a classifier that never errs, as is well known


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [(81, 263, 0.2535, 0.3682), (15, 148, 0.0598, 0.1644), (0, 20, 0.0, 0.2005), (1, 29, 0.0018, 0.1963)],
)
def test_without_errors_the_interval_is_wilsons_corrected_for_continuity(
    hits: int, count: int, low: float, high: float
) -> None:
    """Newcombe 1998, table I, method 4."""
    found = group_shares(np.array([hits, count - hits]), RIGHT, np.array([0.5, 0.5]), Z)
    assert (found.low[0], found.high[0]) == pytest.approx((low, high), abs=1e-4)
    assert found.shares[0] == pytest.approx(hits / count)
    assert (found.low[1], found.high[1]) == pytest.approx((1 - high, 1 - low), abs=1e-4)


def test_what_a_classifier_misreads_is_counted_back() -> None:
    """It takes a tenth of the first for the second, a fifth of the second for the first: of 500 each it reads 550."""
    confusion = np.array([[900, 100], [200, 800]])
    found = group_shares(np.array([550, 450]), confusion, np.array([0.5, 0.5]), Z)
    assert found.shares == pytest.approx([0.5, 0.5])
    # s = (r - 0.2) / 0.7, so that its variance is that of r over 0.49; by the confusion s² 0.9 0.1 / n and so on.
    exact = 0.55 * 0.45 / 1000 / 0.49 + 0.25 * (0.9 * 0.1 + 0.8 * 0.2) / 1001 / 0.49
    assert found.high[0] - found.low[0] == pytest.approx(2 * (Z * np.sqrt(exact) + 0.0005), rel=0.02)


def test_few_held_out_pictures_make_an_interval_wide() -> None:
    read, even = np.array([500, 500]), np.array([0.5, 0.5])
    widths = []
    for known in (10, 100, 1000, 10**9):
        found = group_shares(read, np.diag([known, known]), even, Z)
        widths.append(found.high[0] - found.low[0])
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 2 * widths[-1]


def test_a_group_that_is_mostly_taken_for_another_is_not_called_lost() -> None:
    confusion = np.array([[400, 600, 0], [10, 990, 0], [0, 0, 1000]])
    thirds = np.full(3, 1 / 3)
    found = group_shares(np.array([410, 1590, 1000]), confusion, thirds, wide_enough(0.95, 3))
    assert found.low[0] < 1 / 3 < found.high[0]
    assert found.shares[0] == pytest.approx(1 / 3, abs=1e-3)


def test_a_share_just_below_the_bound_differs_and_one_above_does_not() -> None:
    even = np.array([0.5, 0.5])
    bound = group_shares(np.array([500, 500]), RIGHT, even, Z).found_below[0]
    highs = [
        group_shares(np.array([hits, 1000 - hits]), RIGHT, even, Z).high[0]
        for hits in (int(1000 * bound), int(1000 * bound) + 1)
    ]
    assert highs[0] < 0.5 < highs[1]


def test_a_classifier_that_cannot_tell_groups_apart_is_refused() -> None:
    with pytest.raises(UserError, match="cannot tell their shares"):
        group_shares(np.array([5, 5]), np.array([[5, 5], [5, 5]]), np.array([0.5, 0.5]), Z)


def test_alarms_are_false_in_no_more_than_a_twentieth_of_draws_and_a_loss_is_always_found() -> None:
    random, groups, count = np.random.default_rng(0), 10, 2000
    rates = np.full((groups, groups), 0.05 / 9) + np.eye(groups) * (0.95 - 0.05 / 9)
    even = np.full(groups, 0.1)
    thinned = np.where(np.arange(groups) == 3, 0.05 * 0.1, 0.1)
    z, alarms, missed, draws = wide_enough(0.95, groups), 0, 0, 400
    for _ in range(draws):
        confusion = np.stack([random.multinomial(100, row) for row in rates])
        fair, unfair = (
            group_shares(random.multinomial(count, rates.T @ (shares / shares.sum())), confusion, even, z)
            for shares in (even, thinned)
        )
        alarms += bool(((fair.high < even) | (fair.low > even)).any())
        missed += bool(unfair.high[3] >= 0.1)
    assert alarms / draws <= 0.05
    assert missed == 0
