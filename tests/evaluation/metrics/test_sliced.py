"""The sliced Wasserstein distance in closed form, and on sets of unequal sizes."""

import numpy as np
import pytest
import scipy.optimize
from numpy.typing import NDArray

from ganache.evaluation.metrics.inputs import stream
from ganache.evaluation.metrics.sliced import sliced_wasserstein
from ganache.support.errors import UserError

Floats = NDArray[np.float64]


def draw(seed: int, count: int, dimensions: int = 5) -> Floats:
    return np.random.default_rng(seed).normal(size=(count, dimensions))


def test_equal_sets_are_at_zero_in_any_order() -> None:
    points = draw(0, 60)
    assert sliced_wasserstein(points, points, seed=0).value == 0.0
    assert sliced_wasserstein(points, points, seed=0).standard_error == 0.0
    assert sliced_wasserstein(points[::-1], points, seed=0).value == 0.0
    assert sliced_wasserstein(np.tile(points, (3, 1)), points, seed=0).value == 0.0
    assert sliced_wasserstein(np.full((4, 2), 0.1), np.full((7, 2), 0.1), seed=0).value == 0.0


def test_in_one_dimension_by_hand() -> None:
    # {0, 1} and {0, 1, 5}: on sixths of (0, 1] the gaps are 0, 0, 1 | 0, 4, 4
    found = sliced_wasserstein(np.array([[0.0], [1.0]]), np.array([[5.0], [0.0], [1.0]]), seed=0)
    assert found.value == pytest.approx(np.sqrt((0 + 0 + 1 + 0 + 16 + 16) / 6), rel=1e-14)
    assert found.standard_error == pytest.approx(0.0, abs=1e-12)


def test_unequal_counts_agree_with_a_linear_program() -> None:
    ours, theirs = draw(1, 7, 1), draw(2, 5, 1)
    costs = (ours - theirs.T) ** 2
    marginals = np.vstack([np.kron(np.eye(7), np.ones(5)), np.kron(np.ones(7), np.eye(5))])
    best = scipy.optimize.linprog(costs.ravel(), A_eq=marginals, b_eq=[1 / 7] * 7 + [1 / 5] * 5).fun
    assert sliced_wasserstein(ours, theirs, seed=0).value ** 2 == pytest.approx(best, rel=1e-9)


def test_a_shift_in_closed_form() -> None:
    # Along θ the distance is |θᵀs|, and E (θᵀs)² = |s|² / D
    points, shift = draw(3, 50), np.array([3.0, 0.0, -4.0, 0.0, 0.0])
    found = sliced_wasserstein(points + shift, points, seed=0, projections=4000)
    assert abs(found.value - 5 / np.sqrt(5)) < 4 * found.standard_error
    assert found.standard_error < 0.05


def test_a_far_mean_costs_no_digits() -> None:
    far, other = draw(3, 50) + 1e12, draw(4, 40) + 1e12  # rounded to 1e-4, and 1e12 can be subtracted exactly
    near = sliced_wasserstein(far - 1e12, other - 1e12, seed=0)
    assert sliced_wasserstein(far, other, seed=0).value == pytest.approx(near.value, rel=1e-12)


def test_it_is_seeded_and_its_error_is_that_of_the_directions() -> None:
    ours, theirs = draw(4, 40) * [1.0, 3.0, 1.0, 1.0, 0.2], draw(5, 55)
    assert sliced_wasserstein(ours, theirs, seed=1) == sliced_wasserstein(ours, theirs, seed=1)
    found = [sliced_wasserstein(ours, theirs, seed=seed, projections=50) for seed in range(60)]
    spread = np.std([one.value for one in found])
    assert spread > 0
    assert np.mean([one.standard_error for one in found]) == pytest.approx(spread, rel=0.3)


def test_more_rows_and_directions_than_are_projected_at_a_time() -> None:
    points, shift = draw(6, 5_000, dimensions=2), np.array([3.0, -4.0])
    found = sliced_wasserstein(points + shift, points, seed=0)
    directions = stream(0, "sliced_wasserstein").normal(size=(1_000, 2))
    gaps = (directions @ shift) / np.linalg.norm(directions, axis=1)  # every sample's, along each direction
    assert found.value == pytest.approx(np.sqrt((gaps**2).mean()), rel=1e-10)


def test_what_a_user_can_cause_is_refused() -> None:
    with pytest.raises(UserError, match="features: 0 samples are too few; this score needs at least 1"):
        sliced_wasserstein(draw(0, 0), draw(1, 3), seed=0)
    with pytest.raises(UserError, match="projections: 1"):
        sliced_wasserstein(draw(0, 3), draw(1, 3), seed=0, projections=1)
    with pytest.raises(UserError, match="not finite"):
        sliced_wasserstein(draw(0, 3) * np.nan, draw(1, 3), seed=0)
