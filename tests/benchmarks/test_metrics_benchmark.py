"""The benchmark of the scores runs, and measures what it says."""

import json

import pytest

from benchmarks import metrics

SECONDS = {"seconds": 1.0, "cpu_seconds": 1.0}
MANIFOLD = {"samples": "40 x 40", "dimensions": 16, "ours": SECONDS, "peak_mib": 1.0, "before_mib": 1.0}


def test_it_measures_both_routes_and_they_agree() -> None:
    found = metrics.measure_frechet(count=200, dimensions=20, rounds=2)
    assert found["times_faster"] == pytest.approx(found["scipy"]["seconds"] / found["ours"]["seconds"])
    assert found["relative_difference"] < 1e-9


def test_its_command_prints_every_part(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["metrics.py", "--rounds", "1", "--dimensions", "16", "--frechet", "60", "--pictures", "300"]
    monkeypatch.setattr("sys.argv", arguments)
    monkeypatch.setattr(metrics, "measure_manifold", lambda count, dimensions, rounds: MANIFOLD)  # a new process
    metrics.main()
    results = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert results["manifold"] == MANIFOLD
    assert results["moments"]["samples"] == 60
    assert results["pictures"]["pictures"] == 300
    assert results["pictures"]["network_share"] > 0
    one = metrics.one_manifold(40, 16)
    assert one["peak_mib"] >= one["before_mib"] > 0
