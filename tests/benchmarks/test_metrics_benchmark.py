"""The benchmark of the scores measures what it says."""

import pytest

from benchmarks import metrics

SECONDS = {"seconds": 1.0, "cpu_seconds": 1.0}
MANIFOLD = {"samples": "40 x 40", "dimensions": 16, "ours": SECONDS, "peak_mib": 1.0, "before_mib": 1.0}


def test_it_measures_both_routes_and_they_agree() -> None:
    found = metrics.measure_frechet(count=200, dimensions=20, rounds=2)
    assert found["times_faster"] == pytest.approx(found["scipy"]["seconds"] / found["ours"]["seconds"])
    assert found["relative_difference"] < 1e-9
