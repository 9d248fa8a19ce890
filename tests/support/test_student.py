"""Student's t against its tables."""

import pytest

from ganache.support.student import quantile, within


@pytest.mark.parametrize(
    ("freedom", "expected"), [(1, 12.7062), (2, 4.30265), (3, 3.18245), (4, 2.77645), (9, 2.26216), (120, 1.97993)]
)
def test_quantiles_are_those_of_the_tables(freedom: int, expected: float) -> None:
    assert quantile(freedom) == pytest.approx(expected, abs=1e-4)
    assert within(expected, freedom) == pytest.approx(0.95, abs=1e-6)


def test_one_degree_of_freedom_is_cauchys_distribution() -> None:
    assert within(1.0, 1) == pytest.approx(0.5)
    assert within(0.0, 7) == 0.0
    assert quantile(2, 0.9) == pytest.approx(2.91999, abs=1e-4)
