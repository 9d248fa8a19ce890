"""The kernel distance by hand, against torchmetrics, and over many draws."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torchmetrics.image.kid import poly_mmd

from ganache.evaluation.metrics.kernel import kernel_distance
from ganache.support.errors import UserError

Floats = NDArray[np.float64]


def draw(seed: int, count: int, shift: float = 0.0) -> Floats:
    return np.random.default_rng(seed).normal(size=(count, 6)) + shift


def test_by_hand() -> None:
    # D = 1: k(0, 1) = 1; k(2, 3) = 7³ = 343; across: k(0, 2) = 1, k(0, 3) = 1, k(1, 2) = 27, k(1, 3) = 64.
    found = kernel_distance(np.array([[0.0], [1.0]]), np.array([[2.0], [3.0]]))
    assert found.value == pytest.approx(1 + 343 - 2 * (1 + 1 + 27 + 64) / 4, rel=1e-14)
    # hᵢ: 1 - 1 and 1 - 45.5;  gⱼ: 343 - 14 and 343 - 32.5.
    expected = 4 * np.var([0.0, -44.5], ddof=1) / 2 + 4 * np.var([329.0, 310.5], ddof=1) / 2
    assert found.standard_error == pytest.approx(np.sqrt(expected), rel=1e-14)


def test_it_agrees_with_torchmetrics_on_equal_counts() -> None:
    ours, theirs = draw(0, 150), draw(1, 150, shift=0.3)
    expected = float(poly_mmd(torch.from_numpy(theirs), torch.from_numpy(ours)))
    assert kernel_distance(ours, theirs).value == pytest.approx(expected, rel=1e-9)
    assert kernel_distance(theirs, ours).value == pytest.approx(expected, rel=1e-9)


def test_unequal_counts_agree_with_a_plain_loop() -> None:
    ours, theirs = draw(2, 31), draw(3, 17, shift=0.5)

    def mean(first: Floats, second: Floats) -> float:
        pairs = [(x, y) for i, x in enumerate(first) for j, y in enumerate(second) if first is not second or i != j]
        return float(np.mean([(x @ y / 6 + 1) ** 3 for x, y in pairs]))

    found = kernel_distance(ours, theirs)
    expected = mean(ours, ours) + mean(theirs, theirs) - 2 * mean(ours, theirs)
    assert found.value == pytest.approx(expected, rel=1e-10)
    h = [mean(one[None], np.delete(ours, i, axis=0)) - mean(one[None], theirs) for i, one in enumerate(ours)]
    g = [mean(one[None], np.delete(theirs, j, axis=0)) - mean(one[None], ours) for j, one in enumerate(theirs)]
    variance = 4 * np.var(h, ddof=1) / 31 + 4 * np.var(g, ddof=1) / 17
    assert found.standard_error == pytest.approx(np.sqrt(variance), rel=1e-10)


def test_it_is_zero_on_average_for_equal_distributions_and_its_error_is_of_the_right_size() -> None:
    found = [kernel_distance(draw(100 + seed, 60), draw(500 + seed, 90)) for seed in range(200)]
    values = np.array([one.value for one in found])
    assert abs(values.mean()) < 3 * values.std() / np.sqrt(200)
    assert (values < 0).mean() > 0.3, "unbiased at zero means often below zero"
    # Where distributions are equal, the error is up to √2 too large, never too small.
    assert 0.9 < np.mean([one.standard_error for one in found]) / values.std() < 1.7


def test_the_error_is_that_of_many_draws_where_distributions_differ() -> None:
    found = [kernel_distance(draw(100 + seed, 80, shift=0.7), draw(500 + seed, 60)) for seed in range(200)]
    values = np.array([one.value for one in found])
    assert np.mean([one.standard_error for one in found]) == pytest.approx(values.std(), rel=0.15)


def test_sets_of_more_than_one_tile_agree_with_whole_matrices() -> None:
    ours, theirs = draw(4, 1100), draw(5, 1050, shift=0.2)
    own, other, across = ((x @ y.T / 6 + 1) ** 3 for x, y in ((ours, ours), (theirs, theirs), (ours, theirs)))
    h = (own.sum(axis=1) - own.diagonal()) / 1099 - across.mean(axis=1)
    g = (other.sum(axis=1) - other.diagonal()) / 1049 - across.mean(axis=0)
    found = kernel_distance(ours, theirs)
    assert found.value == pytest.approx(h.mean() + g.mean(), rel=1e-10)
    assert found.standard_error == pytest.approx(
        np.sqrt(4 * h.var(ddof=1) / 1100 + 4 * g.var(ddof=1) / 1050), rel=1e-10
    )


def test_equal_sets_and_constant_features() -> None:
    same = draw(6, 40)
    assert abs(kernel_distance(same, same).value) < 0.5  # without bias, equal sets are not at 0
    constant = np.full((5, 3), 2.0)
    assert kernel_distance(constant, constant[:2]).value == pytest.approx(0.0, abs=1e-12)
    assert kernel_distance(constant, constant[:2]).standard_error == pytest.approx(0.0, abs=1e-12)


def test_what_a_user_can_cause_is_refused() -> None:
    with pytest.raises(UserError, match="reference: 1 sample is too few; this score needs at least 2"):
        kernel_distance(draw(0, 5), draw(1, 1))
    with pytest.raises(UserError, match="not finite"):
        kernel_distance(draw(0, 5) * np.nan, draw(1, 5))
