"""Moments by hand, in any batches, across processes."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ganache.evaluation.metrics.moments import AnyMoments, FewMoments, Moments, RunningMoments, moments_of
from ganache.support.errors import UserError

Floats = NDArray[np.float64]
FEATURES = np.random.default_rng(0).normal(size=(2500, 5)) * 3 + 100


def gathered(parts: list[Floats]) -> AnyMoments:
    running = RunningMoments(parts[0].shape[1])
    for part in parts:
        running.add(part)
    return running.result()


def test_moments_by_hand() -> None:
    for moments in (Moments.of(np.array([[0.0, 1.0], [2.0, 5.0]])), moments_of(np.array([[0.0, 1.0], [2.0, 5.0]]))):
        assert moments.count == 2
        assert moments.mean.tolist() == [1.0, 3.0]
        np.testing.assert_allclose(moments.covariance, [[2.0, 4.0], [4.0, 8.0]], rtol=1e-15)
        np.testing.assert_allclose(moments.variance, [2.0, 8.0], rtol=1e-15)


def test_they_agree_with_numpy() -> None:
    moments = moments_of(FEATURES)
    np.testing.assert_allclose(moments.mean, FEATURES.mean(0), rtol=1e-14)
    np.testing.assert_allclose(moments.covariance, np.cov(FEATURES.T), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("cuts", [[1, 2, 3], [1024], [1023, 1025], [7 * i for i in range(1, 350)]])
def test_no_bit_depends_on_the_batches(cuts: list[int]) -> None:
    whole, parts = moments_of(FEATURES), gathered(np.split(FEATURES, cuts))
    assert parts.count == 2500
    assert np.array_equal(parts.mean, whole.mean)
    assert np.array_equal(parts.covariance, whole.covariance)


@pytest.mark.parametrize("cuts", [[1], [3, 1200], [500, 1000, 1500, 2000], [1100, 2300], [1024, 2048]])
def test_processes_are_merged_exactly(cuts: list[int]) -> None:
    total = RunningMoments(5)
    for part in np.split(FEATURES, cuts):
        process = RunningMoments(5)
        process.add(part)
        total.merge(RunningMoments.from_arrays(process.arrays()))
    assert total.count == 2500
    merged, whole = total.result(), moments_of(FEATURES)
    np.testing.assert_allclose(merged.mean, whole.mean, rtol=1e-14)
    np.testing.assert_allclose(merged.covariance, whole.covariance, rtol=1e-12, atol=1e-12)


def test_a_merge_leaves_the_other_gatherer_as_it_was() -> None:
    first, second = RunningMoments(5), RunningMoments(5)
    second.add(FEATURES[:1200])
    before = second.result().covariance.copy()
    first.merge(second)
    first.add(FEATURES)
    assert np.array_equal(second.result().covariance, before)


def test_looking_at_the_result_changes_nothing() -> None:
    running = RunningMoments(5)
    for part in np.split(FEATURES, [10, 1500]):
        running.add(part)
        running.result()
    assert np.array_equal(running.result().covariance, moments_of(FEATURES).covariance)


def test_few_vectors_are_kept_and_many_are_not() -> None:
    features = np.random.default_rng(1).normal(size=(50, 40))
    assert isinstance(moments_of(features[:40]), FewMoments)
    many = moments_of(features[:41])
    assert isinstance(many, Moments)
    np.testing.assert_allclose(moments_of(features[:40]).covariance, np.cov(features[:40].T), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(many.covariance, np.cov(features[:41].T), rtol=1e-9, atol=1e-12)


def test_a_factor_multiplies_to_the_covariance() -> None:
    singular = np.random.default_rng(2).normal(size=(300, 3)) @ np.random.default_rng(3).normal(size=(3, 6))
    moments = moments_of(singular)
    assert isinstance(moments, Moments)
    assert moments.triangle is None
    factor = moments.factor()
    assert factor.shape == (3, 6)
    np.testing.assert_allclose(factor.T @ factor, moments.covariance, rtol=1e-9, atol=1e-12)
    noisy = Moments(4, np.zeros(6), moments.covariance + 1e-6 * np.eye(6))  # as stored in float32, say
    np.testing.assert_allclose(noisy.factor().T @ noisy.factor(), moments.covariance, rtol=1e-5, atol=1e-5)
    assert noisy.factor().shape == (3, 6), "four vectors have no more than three directions"


def test_a_far_mean_costs_no_digits_and_a_constant_has_no_variance() -> None:
    features = np.random.default_rng(4).normal(size=(1500, 3))
    far = moments_of(features + 2.0**14)
    exact = np.cov((features + 2.0**14 - 2.0**14).T)
    np.testing.assert_allclose(far.covariance, exact, rtol=1e-9)
    constant = moments_of(np.full((2500, 2), 0.1))
    assert constant.covariance.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert constant.mean == pytest.approx([0.1, 0.1], rel=1e-15)


def test_float32_is_taken_as_it_is() -> None:
    narrow = FEATURES.astype(np.float32)
    assert np.array_equal(moments_of(narrow).covariance, moments_of(narrow.astype(np.float64)).covariance)


def test_what_a_user_can_cause_is_refused() -> None:
    with pytest.raises(UserError, match="features: 1 sample is too few; a covariance needs at least 2"):
        moments_of(FEATURES[:1])
    for damage in (np.nan, np.inf):
        damaged = FEATURES[:4].copy()
        damaged[1, 2] = damage
        with pytest.raises(UserError, match="features: 1 of 4 feature vectors are not finite"):
            moments_of(damaged)
