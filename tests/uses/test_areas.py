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
    assert area_within(ODD, OTHERS)[0] == pytest.approx(above.mean())
    assert above.mean() == area(np.concatenate([ODD, OTHERS]), np.arange(9) < 5)
    many, fewer = np.tile(ODD, 12), np.tile(OTHERS, 15)  # 60 of either kind, with the same area
    above_many = pairs(many, fewer)
    found, low, high = area_within(many, fewer)
    variance = above_many.mean(axis=1).var(ddof=1) / 60 + above_many.mean(axis=0).var(ddof=1) / 60
    logits = [np.log(place / (1 - place)) for place in (low, found, high)]
    reach = 1.96 * np.sqrt(variance) / (found * (1 - found))
    assert np.diff(logits).tolist() == pytest.approx([reach, reach], rel=1e-4)
    other = ODD[::-1].copy()
    difference, below, beyond = difference_within([(ODD, OTHERS)], [(other, -OTHERS)])
    apart = above - pairs(other, -OTHERS)
    deviation = np.sqrt(apart.mean(axis=1).var(ddof=1) / 5 + apart.mean(axis=0).var(ddof=1) / 4)
    assert difference == pytest.approx(apart.mean())
    assert (beyond - below) == pytest.approx(2 * 3.18245 * deviation, rel=1e-4)  # Student's t with 3 degrees
    found, below, beyond = difference_within([(many, fewer)], [(np.tile(other, 12), -fewer)])
    apart = above_many - pairs(np.tile(other, 12), -fewer)
    deviation = np.sqrt(apart.mean(axis=1).var(ddof=1) / 60 + apart.mean(axis=0).var(ddof=1) / 60)
    assert (beyond - below) == pytest.approx(2 * 1.96 * deviation, rel=1e-4)


def test_where_all_is_in_order_the_bounds_are_those_of_a_share() -> None:
    assert area_within(ODD + 5, OTHERS) == (1.0, *interval(4, 4))
    assert area_within(ODD - 5, OTHERS) == (0.0, *interval(0, 4))


def test_bounds_hold_in_nineteen_of_twenty_draws() -> None:
    random = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        _, low, high = area_within(random.normal(1.0, 1.0, 60), random.normal(0.0, 1.0, 50))
        held += low < 0.7602 < high  # Φ(1 / √2)
    assert held / 400 == pytest.approx(0.95, abs=0.03)


def test_bounds_of_few_are_those_of_a_share_at_least() -> None:
    found, low, high = area_within(ODD, OTHERS)
    assert found == 16.5 / 20  # pairs in order, a tie being half
    least, most = interval(3, 4)  # 3.3 of the 4 others
    assert low <= least
    assert high >= most


@pytest.mark.parametrize(("count", "apart", "true"), [(2, 1.0, 0.7602), (8, 2.0, 0.9214), (16, 3.0, 0.9831)])
def test_bounds_of_few_hold_however_near_to_1_the_area_is(count: int, apart: float, true: float) -> None:
    random = np.random.default_rng(1)  # true: Φ(apart / √2)
    held = 0
    for _ in range(100):
        _, low, high = area_within(random.normal(apart, 1.0, count), random.normal(0.0, 1.0, 300))
        held += low <= true <= high
    assert held >= 93
