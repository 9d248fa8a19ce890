"""The Fréchet distance against closed forms and an independent reference."""

import numpy as np
import pytest
import scipy.linalg

from ganache.evaluation.frechet import Moments, frechet_distance

RANDOM = np.random.default_rng(0)


def test_moments_by_hand() -> None:
    moments = Moments.of(np.array([[0.0, 1.0], [2.0, 5.0]]))
    assert moments.count == 2
    assert moments.mean.tolist() == [1.0, 3.0]
    assert moments.covariance.tolist() == [[2.0, 4.0], [4.0, 8.0]]


def test_equal_sets_are_at_zero_and_never_below() -> None:
    for dimensions in (1, 5, 40):
        moments = Moments.of(RANDOM.normal(size=(30, dimensions)))
        assert 0.0 <= frechet_distance(moments, moments) < 1e-6


def test_gaussians_with_diagonal_covariances_in_closed_form() -> None:
    # |μ₁ - μ₂|² + Σ (σ₁ - σ₂)²
    first = Moments(9, np.array([1.0, 2.0]), np.diag([4.0, 9.0]))
    second = Moments(9, np.array([4.0, -2.0]), np.diag([1.0, 16.0]))
    assert frechet_distance(first, second) == pytest.approx(9 + 16 + 1 + 1, rel=1e-12)


def test_it_agrees_with_the_matrix_square_root_and_is_symmetric() -> None:
    first = Moments.of(RANDOM.normal(size=(200, 20)) @ RANDOM.normal(size=(20, 20)))
    second = Moments.of(RANDOM.normal(size=(300, 20)) @ RANDOM.normal(size=(20, 20)) + 0.5)
    root = scipy.linalg.sqrtm(first.covariance @ second.covariance).real
    expected = np.sum((first.mean - second.mean) ** 2) + np.trace(first.covariance + second.covariance - 2 * root)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-8)
    assert frechet_distance(second, first) == pytest.approx(expected, rel=1e-8)


def test_fewer_samples_than_dimensions_agree_with_the_nuclear_norm() -> None:
    first, second = RANDOM.normal(size=(10, 30)), RANDOM.normal(size=(12, 30)) + 1.0
    centred = [(values - values.mean(0)) / np.sqrt(len(values) - 1) for values in (first, second)]
    overlap = np.linalg.svd(centred[0] @ centred[1].T, compute_uv=False).sum()
    expected = (
        np.sum((first.mean(0) - second.mean(0)) ** 2) + (centred[0] ** 2).sum() + (centred[1] ** 2).sum() - 2 * overlap
    )
    assert frechet_distance(Moments.of(first), Moments.of(second)) == pytest.approx(expected, rel=1e-6)
