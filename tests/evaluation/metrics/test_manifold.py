"""Precision, recall, density and coverage by hand and against a loop over all pairs."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ganache.evaluation.metrics.manifold import ManifoldScores, manifold_scores
from ganache.support.errors import UserError

Floats = NDArray[np.floating]


def by_loops(samples: Floats, reals: Floats, k: int) -> ManifoldScores:
    def distance(first: Floats, second: Floats) -> float:
        return float(((first.astype(np.float64) - second) ** 2).sum())

    def radius(points: Floats, index: int) -> float:
        others = [distance(points[index], point) for number, point in enumerate(points) if number != index]
        return sorted(others)[k - 1]

    real_radii = [radius(reals, index) for index in range(len(reals))]
    sample_radii = [radius(samples, index) for index in range(len(samples))]
    inside = np.array([[distance(x, y) <= r for y in samples] for x, r in zip(reals, real_radii, strict=True)])
    back = np.array([[distance(x, y) <= r for y, r in zip(samples, sample_radii, strict=True)] for x in reals])
    return ManifoldScores(
        precision=float(inside.any(axis=0).mean()),
        recall=float(back.any(axis=1).mean()),
        density=float(inside.sum() / (k * len(samples))),
        coverage=float(inside.any(axis=1).mean()),
    )


def test_by_hand_on_a_line() -> None:
    # k = 1. Reals 0, 1, 3: radii 1, 1, 2. Samples 0.5, 10: radii 9.5 both.
    found = manifold_scores(np.array([[0.5], [10.0]]), np.array([[0.0], [1.0], [3.0]]), k=1)
    assert found.precision == 1 / 2  # 0.5 lies in two balls, 10 in none
    assert found.density == 2 / 2
    assert found.coverage == 2 / 3
    assert found.recall == 1.0  # all reals are within 9.5 of 0.5


@pytest.mark.parametrize("k", [1, 3])
def test_it_agrees_with_loops(k: int) -> None:
    random = np.random.default_rng(0)
    reals = random.normal(size=(40, 8)).astype(np.float32)
    samples = random.normal(0.3, 1.1, size=(25, 8)).astype(np.float32)
    assert manifold_scores(samples, reals, k) == by_loops(samples, reals, k)
    tied_reals, tied = (random.integers(0, 3, size).astype(np.float64) for size in ((40, 4), (25, 4)))
    assert manifold_scores(tied, tied_reals, k) == by_loops(tied, tied_reals, k)


def test_sets_of_more_than_one_tile_on_a_line() -> None:
    # Reals 0, 2, 4 … and samples 0.5, 2.5, … with k = 1: every ball has radius 2, and the ends see one side alone.
    reals = 2.0 * np.arange(1100)[:, None]
    found = manifold_scores(reals[:1050] + 0.5, reals, k=1)
    assert found == ManifoldScores(precision=1.0, recall=1051 / 1100, density=2.0, coverage=1051 / 1100)


def test_identical_sets_are_precise_recalled_and_covered() -> None:
    points = np.random.default_rng(1).normal(size=(80, 6)).astype(np.float32)
    found = manifold_scores(points, points, k=5)
    assert (found.precision, found.recall, found.coverage) == (1.0, 1.0, 1.0)
    assert found.density == 6 / 5  # each closed ball holds its centre and its five neighbours
    assert manifold_scores(points, points.copy(), k=5) == found


def test_sets_far_from_each_other_share_nothing() -> None:
    points = np.random.default_rng(2).normal(size=(50, 6)).astype(np.float32)
    found = manifold_scores(points + 100, points)
    assert (found.precision, found.recall, found.density, found.coverage) == (0.0, 0.0, 0.0, 0.0)


def test_a_collapsed_generator_is_precise_and_covers_nothing() -> None:
    reals = np.random.default_rng(3).normal(size=(200, 6)).astype(np.float32)
    found = manifold_scores(np.tile(reals[:1], (200, 1)), reals)
    assert found.precision == 1.0
    assert found.recall == 1 / 200
    assert found.coverage < 0.2


def test_constant_features_and_the_fewest_points() -> None:
    constant = np.full((4, 3), 0.1, dtype=np.float32)
    assert manifold_scores(constant, constant, k=3).precision == 1.0
    two = np.array([[0.0], [1.0]])
    assert manifold_scores(two, two, k=1).recall == 1.0


def test_what_a_user_can_cause_is_refused() -> None:
    points = np.zeros((5, 2))
    with pytest.raises(UserError, match="features: 5 samples are too few; this score needs at least 6"):
        manifold_scores(points, np.zeros((6, 2)), k=5)
    with pytest.raises(UserError, match="k: 0"):
        manifold_scores(points, points, k=0)
    with pytest.raises(UserError, match="reference: 5 of 5 feature vectors are not finite"):
        manifold_scores(points, points * np.nan, k=2)
