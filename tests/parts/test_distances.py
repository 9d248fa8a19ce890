"""Distances between pictures: 0 for equal ones, and numbers that were worked out by hand."""

import pytest
import torch

from ganache.parts.distances import Absolute, Structural

LEVEL, STRUCTURE = 0.0004, 0.0036  # 0.02² and 0.06²


@pytest.mark.parametrize("distance", [Absolute(), Structural(), Structural(share=1.0, window=2)])
def test_equal_pictures_are_at_distance_0_and_each_pair_has_its_own(distance: Absolute | Structural) -> None:
    torch.manual_seed(0)
    pictures = torch.rand(3, 2, 9, 8) * 2 - 1
    assert distance(pictures, pictures).tolist() == pytest.approx([0.0] * 3, abs=1e-6)
    moved = pictures.clone()
    moved[1] = -moved[1]
    found = distance(moved, pictures)
    assert found.shape == (3,)
    assert [value > 0.1 for value in found.tolist()] == [False, True, False]


def test_absolute_is_the_mean_difference_of_values() -> None:
    made = torch.tensor([[[[0.5, -1.0], [0.0, 1.0]]], [[[1.0, 1.0], [1.0, 1.0]]]])
    wanted = torch.tensor([[[[0.0, 1.0], [0.0, 0.5]]], [[[-1.0, -1.0], [-1.0, -1.0]]]])
    assert Absolute()(made, wanted).tolist() == [0.75, 2.0]  # (0.5 + 2 + 0 + 0.5) / 4, and the farthest


def test_of_flat_pictures_the_similarity_is_that_of_their_levels() -> None:
    made, wanted = torch.full((1, 1, 8, 8), 0.5), torch.full((1, 1, 8, 8), 0.25)
    similar = (2 * 0.5 * 0.25 + LEVEL) / (0.5**2 + 0.25**2 + LEVEL)  # × (0 + C₂) / (0 + C₂)
    assert float(Structural().similarity(made, wanted)) == pytest.approx(similar, abs=1e-4)
    assert float(Structural()(made, wanted)) == pytest.approx(0.84 * (1 - similar) + 0.16 * 0.25, abs=1e-4)


def test_a_chequered_picture_is_its_negatives_opposite() -> None:
    rows = torch.arange(8)
    chequered = ((rows[:, None] + rows) % 2 * 2 - 1).float()[None, None]
    # In every 2×2 window the mean is 0 and the variance 1, and the negative's covariance with it is -1.
    opposite = (-2 + STRUCTURE) / (2 + STRUCTURE)
    assert float(Structural(window=2).similarity(chequered, -chequered)) == pytest.approx(opposite, rel=1e-5)


def test_the_similarity_is_that_of_explicit_windows() -> None:
    torch.manual_seed(1)
    made, wanted = torch.rand(1, 1, 10, 9).double() * 2 - 1, torch.rand(1, 1, 10, 9).double() * 2 - 1
    found = []
    for row in range(10 - 6):
        for column in range(9 - 6):
            one, other = (x[0, 0, row : row + 7, column : column + 7].flatten() for x in (made, wanted))
            covariance = ((one - one.mean()) * (other - other.mean())).mean()
            level = (2 * one.mean() * other.mean() + LEVEL) / (one.mean() ** 2 + other.mean() ** 2 + LEVEL)
            variances = one.var(correction=0) + other.var(correction=0)
            found.append(level * (2 * covariance + STRUCTURE) / (variances + STRUCTURE))
    assert float(Structural().similarity(made, wanted)) == pytest.approx(float(torch.stack(found).mean()), rel=1e-9)


def test_pictures_smaller_than_the_window_are_one_window() -> None:
    made, wanted = torch.rand(2, 3, 1, 4), torch.rand(2, 3, 1, 4)
    assert bool(torch.isfinite(Structural()(made, wanted)).all())
