"""Areas under ROC curves and their bounds, against sums over pairs and against many draws."""

import numpy as np
import pytest

from ganache.uses.areas import area, area_within, difference_within
from ganache.uses.thresholds import interval

ODD, OTHERS = np.array([0.2, 0.9, 1.4, 2.0, 0.5]), np.array([0.1, 0.9, 0.3, 0.0])


def pairs(odd: np.ndarray, others: np.ndarray) -> np.ndarray:
    """1 where one of the odd is above one of the others, ½ where they are equal."""
    return np.asarray((odd[:, None] > others) + 0.5 * (odd[:, None] == others))


def test_an_area_and_its_deviation_are_means_over_pairs() -> None:
    above = pairs(ODD, OTHERS)
    found, low, high = area_within(ODD, OTHERS)
    assert found == pytest.approx(above.mean())
    assert found == area(np.concatenate([ODD, OTHERS]), np.arange(9) < 5)
    variance = above.mean(axis=1).var(ddof=1) / 5 + above.mean(axis=0).var(ddof=1) / 4
    logits = [np.log(place / (1 - place)) for place in (low, found, high)]
    reach = 1.96 * np.sqrt(variance) / (found * (1 - found))
    assert np.diff(logits).tolist() == pytest.approx([reach, reach], rel=1e-4)
    other = ODD[::-1].copy()
    difference, below, beyond = difference_within([(ODD, OTHERS)], [(other, -OTHERS)])
    apart = above - pairs(other, -OTHERS)
    deviation = np.sqrt(apart.mean(axis=1).var(ddof=1) / 5 + apart.mean(axis=0).var(ddof=1) / 4)
    assert difference == pytest.approx(apart.mean())
    assert (beyond - below) == pytest.approx(2 * 1.96 * deviation, rel=1e-4)


def test_where_all_is_in_order_the_bounds_are_those_of_a_share() -> None:
    assert area_within(ODD + 5, OTHERS) == (1.0, *interval(4, 4))
    assert area_within(ODD - 5, OTHERS) == (0.0, *interval(0, 4))


def test_bounds_hold_in_nineteen_of_twenty_draws() -> None:
    random = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        _, low, high = area_within(random.normal(1.0, 1.0, 60), random.normal(0.0, 1.0, 40))
        held += low < 0.7602 < high  # Φ(1 / √2)
    assert held / 400 == pytest.approx(0.95, abs=0.03)
