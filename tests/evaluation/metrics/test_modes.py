"""Modes and high-quality samples: counted by hand, and on densities whose answer is known."""

import math

import numpy as np
import pytest

from ganache.data.sources.densities import DENSITIES
from ganache.evaluation.metrics.modes import Modes, count_modes

CENTRES = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
STD = 0.1


def test_points_within_three_deviations_of_the_nearest_centre_are_counted_at_it() -> None:
    points = np.array(
        [
            [0.0, 0.0],  # at the first
            [0.2, 0.2],  # distance 0.283 from the first: within 0.3
            [0.3, 0.3],  # 0.424: near nothing, though each coordinate is within 0.3
            [1.0, 0.29],  # at the second
            [0.7, -0.05],  # 0.304 from the second
            [0.5, 0.5],  # between all
        ]
    )
    assert count_modes(points, CENTRES, STD) == Modes(samples=6, counts=(2, 1, 0))


def test_a_point_at_exactly_three_deviations_counts() -> None:
    assert count_modes(np.array([[1.5, 0.0]]), np.array([[0.0, 0.0]]), 0.5).counts == (1,)
    assert count_modes(np.array([[1.501, 0.0]]), np.array([[0.0, 0.0]]), 0.5).counts == (0,)


def test_a_point_near_two_centres_counts_once_at_the_nearer() -> None:
    modes = count_modes(np.array([[0.6, 0.0]]), CENTRES, std=1.0)
    assert modes.counts == (0, 1, 0)


def test_scores_follow_from_the_counts() -> None:
    modes = Modes(samples=100, counts=(1, 19, 20, 0, 40))
    assert (modes.known, modes.found, modes.found_well) == (5, 4, 2)
    assert modes.high_quality == 0.8


@pytest.mark.parametrize(("name", "modes"), [("ring", 8), ("grid", 25), ("spiral", 20)])
def test_a_densitys_own_points_find_every_mode_and_reach_the_share_of_reals(name: str, modes: int) -> None:
    density = DENSITIES[name]()
    points = density.stream(seed=5).batch(0, 20_000).images.reshape(-1, 2)
    found = count_modes(points, density.modes, density.std)
    assert (found.known, found.found, found.found_well) == (modes, modes, modes)
    # P(r > kσ) = exp(-k²/2) in two dimensions, so 1 - exp(-9/2) = 0.98889; five deviations of 20,000 draws are 0.0037.
    assert found.high_quality == pytest.approx(0.98889, abs=5 * math.sqrt(0.98889 * 0.01111 / 20_000))


def test_collapse_onto_one_mode_is_of_high_quality_and_finds_one() -> None:
    density = DENSITIES["grid"]()
    found = count_modes(np.repeat(density.modes[7:8], 50, axis=0), density.modes, density.std)
    assert (found.found, found.high_quality) == (1, 1.0)
    assert found.counts[7] == 50
