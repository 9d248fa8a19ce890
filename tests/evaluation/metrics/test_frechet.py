"""The Fréchet distance against closed forms and independent references."""

import numpy as np
import pytest
import scipy.linalg
import torch
from numpy.typing import NDArray
from torchmetrics.image.fid import _compute_fid

from ganache.evaluation.metrics.frechet import extrapolate, frechet_distance
from ganache.evaluation.metrics.moments import AnyMoments, Moments, moments_of
from ganache.support.errors import UserError

Floats = NDArray[np.float64]


def draw(seed: int, count: int, dimensions: int, shift: float = 0.0) -> Floats:
    """Return correlated features (N, D) whose covariance depends on the seed."""
    random = np.random.default_rng(seed)
    return random.normal(size=(count, dimensions)) @ random.normal(size=(dimensions, dimensions)) + shift


def by_scipy(first: AnyMoments, second: AnyMoments) -> float:
    root = scipy.linalg.sqrtm(first.covariance @ second.covariance).real
    trace = np.trace(first.covariance + second.covariance - 2 * root)
    return float(np.sum((first.mean - second.mean) ** 2) + trace)


def by_nuclear_norm(first: Floats, second: Floats) -> float:
    """Of the features themselves, whatever their number: it never forms a covariance."""
    centred = [(values - values.mean(0)) / np.sqrt(len(values) - 1) for values in (first, second)]
    overlap = np.linalg.svd(centred[0] @ centred[1].T, compute_uv=False).sum()
    shift = np.sum((first.mean(0) - second.mean(0)) ** 2)
    return float(shift + (centred[0] ** 2).sum() + (centred[1] ** 2).sum() - 2 * overlap)


def test_equal_sets_are_at_zero_and_never_below() -> None:
    for count, dimensions in ((30, 1), (30, 5), (30, 40), (2, 3), (600, 40)):
        features = draw(0, count, dimensions)
        for moments in (moments_of(features), Moments.of(features)):
            scale = moments.variance.sum()
            assert 0.0 <= frechet_distance(moments, moments) < 1e-12 * scale


def test_gaussians_with_diagonal_covariances_in_closed_form() -> None:
    # |μ₁ - μ₂|² + Σ (σ₁ - σ₂)²
    first = Moments(9, np.array([1.0, 2.0]), np.diag([4.0, 9.0]))
    second = Moments(9, np.array([4.0, -2.0]), np.diag([1.0, 16.0]))
    assert frechet_distance(first, second) == pytest.approx(9 + 16 + 1 + 1, rel=1e-12)


def test_a_shifted_set_is_at_the_squared_shift() -> None:
    features = draw(1, 400, 12)
    shift = np.linspace(-1.0, 2.0, 12)
    distance = frechet_distance(moments_of(features), moments_of(features + shift))
    assert distance == pytest.approx(float(shift @ shift), rel=1e-10)


@pytest.mark.parametrize("dimensions", [20, 300])  # of 300, the triangular product takes two panels
def test_it_agrees_with_the_matrix_square_root_and_torchmetrics_and_is_symmetric(dimensions: int) -> None:
    first, second = moments_of(draw(2, 900, dimensions)), moments_of(draw(3, 700, dimensions, shift=0.5))
    assert isinstance(first, Moments)
    assert first.triangle is not None, "meant to take the fast route"
    distance = frechet_distance(first, second)
    assert distance == pytest.approx(by_scipy(first, second), rel=1e-9)
    theirs = _compute_fid(
        *(torch.from_numpy(part) for part in (first.mean, first.covariance, second.mean, second.covariance))
    )
    assert distance == pytest.approx(float(theirs), rel=1e-9)
    assert frechet_distance(second, first) == pytest.approx(distance, rel=1e-12)


@pytest.mark.parametrize(("count", "other"), [(10, 12), (10, 200), (200, 10), (2, 2)])
def test_fewer_samples_than_dimensions_agree_with_the_nuclear_norm(count: int, other: int) -> None:
    first, second = draw(4, count, 30), draw(5, other, 30, shift=1.0)
    expected = by_nuclear_norm(first, second)
    assert frechet_distance(moments_of(first), moments_of(second)) == pytest.approx(expected, rel=1e-12)
    # Covariances alone, as another program stores them, have lost digits but not more than these.
    assert frechet_distance(Moments.of(first), Moments.of(second)) == pytest.approx(expected, rel=1e-9)


def test_features_without_variance_stay_on_the_fast_route() -> None:
    dead = [np.hstack([draw(seed, 300, 8), np.full((300, 3), 1 / 3)]) for seed in (6, 7)]
    first, second = (Moments.of(features) for features in dead)
    assert first.only(first.variance > 0).triangle is not None  # what the route asks for
    assert frechet_distance(first, second) == pytest.approx(by_nuclear_norm(*dead), rel=1e-10)


def test_features_without_variance_and_copies_of_features_change_nothing() -> None:
    first, second = draw(6, 300, 8), draw(7, 200, 8, shift=0.1)
    expected = by_nuclear_norm(first, second)
    dead = [np.hstack([values, np.full((len(values), 3), 1 / 3)]) for values in (first, second)]
    assert frechet_distance(moments_of(dead[0]), moments_of(dead[1])) == pytest.approx(expected, rel=1e-10)
    half_dead = np.hstack([first, np.zeros((300, 1))]), np.hstack([second, draw(8, 200, 1)])
    distance = frechet_distance(moments_of(half_dead[0]), moments_of(half_dead[1]))
    assert distance == pytest.approx(by_nuclear_norm(*half_dead), rel=1e-10)
    copied = np.hstack([first, first]), np.hstack([second, second])
    assert frechet_distance(moments_of(copied[0]), moments_of(copied[1])) == pytest.approx(2 * expected, rel=1e-9)


def test_a_collapsed_generator_has_no_covariance_and_a_distance() -> None:
    same, reals = np.full((50, 4), 0.1), draw(9, 60, 4)
    expected = float(np.sum((reals.mean(0) - 0.1) ** 2) + reals.var(axis=0, ddof=1).sum())
    assert frechet_distance(moments_of(same), moments_of(reals)) == pytest.approx(expected, rel=1e-12)
    assert frechet_distance(moments_of(same), moments_of(same)) == 0.0
    singular = Moments(50, np.zeros(4), np.zeros((4, 4)))
    assert frechet_distance(singular, Moments.of(reals)) > 0


@pytest.mark.parametrize("smallest", [1e-6, 1e-12, 1e-20])
def test_covariances_near_singularity_keep_their_digits(smallest: float) -> None:
    random = np.random.default_rng(10)
    widths = np.geomspace(1.0, np.sqrt(smallest), 60)
    turn, _ = np.linalg.qr(random.normal(size=(60, 60)))
    first = (random.normal(size=(400, 60)) * widths) @ turn
    second = (random.normal(size=(300, 60)) * widths * 1.2) @ turn
    distance = frechet_distance(moments_of(first), moments_of(second))
    assert distance == pytest.approx(by_nuclear_norm(first, second), rel=1e-9)


def test_the_limit_removes_the_bias_of_few_samples() -> None:
    # Both distributions are equal, so the distance of N samples is nothing but bias.
    reference = moments_of(np.random.default_rng(11).normal(size=(40_000, 10)))
    found = extrapolate(np.random.default_rng(12).normal(size=(2_000, 10)), reference, seed=0)
    assert found.sizes == (250, 500, 1000, 2000)
    assert list(found.distances) == sorted(found.distances, reverse=True)
    assert found.limit < 0.1 * found.distance
    assert found.bias == found.distance - found.limit
    assert found.distances[-1] == found.distance
    whole = moments_of(np.random.default_rng(12).normal(size=(2_000, 10)))
    assert found.distance == pytest.approx(frechet_distance(whole, reference), rel=1e-9)


def test_the_limit_finds_a_known_distance_within_its_error() -> None:
    # N(0.3, 1.2² I) and N(0, I) in 8 dimensions: 8 (0.3² + 0.2²)
    exact = Moments(10**9, np.zeros(8), np.eye(8))
    errors = []
    for seed in range(30):
        features = np.random.default_rng([13, seed]).normal(0.3, 1.2, size=(1_000, 8))
        found = extrapolate(features, exact, seed=0)
        assert found.standard_error is not None
        errors.append((found.limit - 8 * (0.3**2 + 0.2**2)) / found.standard_error)
    assert abs(np.mean(errors)) < 4 / np.sqrt(30) * max(1.0, np.std(errors))
    assert 0.6 < np.std(errors) < 1.7


def test_the_limit_is_seeded_and_takes_any_count() -> None:
    features, reference = draw(14, 41, 6), moments_of(draw(15, 300, 6))
    assert extrapolate(features, reference, seed=1) == extrapolate(features, reference, seed=1)
    assert extrapolate(features, reference, seed=1) != extrapolate(features, reference, seed=2)
    few = extrapolate(draw(14, 9, 6), reference, seed=0)
    assert few.sizes == (4, 9)
    assert few.limit >= 0.0
    assert extrapolate(draw(14, 4, 6), reference, seed=0).sizes == (2, 4)
    with pytest.raises(UserError, match=r"features: 3 samples are too few; this score needs at least 4"):
        extrapolate(draw(14, 3, 6), reference, seed=0)
    with pytest.raises(UserError, match="halvings: 0"):
        extrapolate(features, reference, seed=0, halvings=0)


def test_of_few_the_error_is_that_of_the_jackknife() -> None:
    # Of one feature the distance is that of the means squared, and that of the deviations squared. 8 parts of 1.
    values, exact = np.array([0.3, 1.1, -0.4, 2.0, 0.9, -1.2, 0.1, 0.6]), Moments(10**9, np.zeros(2), np.eye(2))
    features = np.column_stack([values, np.zeros(8)])
    kept = [np.delete(values, number) for number in range(8)]
    left = [few.mean() ** 2 + (few.std(ddof=1) - 1.0) ** 2 + 1.0 for few in kept]  # 1: the feature that is constant
    expected = np.sqrt(7 / 8 * np.square(left - np.mean(left)).sum())
    assert extrapolate(features, exact, seed=0).standard_error == pytest.approx(expected, rel=1e-9)
    assert extrapolate(features[:7], exact, seed=0).standard_error is None


@pytest.mark.parametrize(("count", "dimensions"), [(60, 16), (40, 32)])
def test_of_few_equal_generators_seldom_differ_by_two_errors(count: int, dimensions: int) -> None:
    random = np.random.default_rng(16)
    exact = Moments(10**9, np.zeros(dimensions), np.eye(dimensions))
    found = [extrapolate(random.normal(0.1, 1.1, size=(count, dimensions)), exact, seed=seed) for seed in range(120)]
    distances = np.array([one.distance for one in found])
    errors = np.array([one.standard_error for one in found], np.float64)
    assert 0.9 < np.mean(errors) / distances.std() < 2.0
    apart = np.abs(distances[0::2] - distances[1::2]) > 2 * np.hypot(errors[0::2], errors[1::2])
    assert apart.mean() < 0.1  # by the spread of two or four parts it was 0.1 to 0.2
