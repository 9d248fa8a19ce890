"""Other GANs for anomalies are judged on the rows that ours was judged on."""

import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import anomaly_peers


class Distance:
    """What pyod's detectors are: far from the mean is strange."""

    learnt: np.ndarray

    def fit(self, rows: Any) -> None:
        self.learnt = rows
        assert np.abs(rows.mean(axis=0)).max() < 1e-9

    def decision_function(self, rows: Any) -> Any:
        return -np.abs(rows).sum(axis=1)  # the wrong way round


def test_areas_are_of_the_same_rows_and_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    np.savez(tmp_path / "t-0.train.npz", X=random.normal(3.0, 2.0, (50, 2)))
    tested = np.concatenate([random.normal(3.0, 2.0, (20, 2)), np.full((4, 2), 40.0)])
    np.savez(tmp_path / "t-0.test.npz", X=tested, y=np.arange(24) >= 20)
    scores = [f"{number},,0,{0.9 if number >= 21 else 0.1}" for number in range(24)]  # misses one of four
    (tmp_path / "t-0.csv").write_text("\n".join(["name,class,strange,ensemble", *scores]))
    module = types.SimpleNamespace(**dict.fromkeys(anomaly_peers.PEERS, Distance))
    for name in anomaly_peers.PEERS.values():
        monkeypatch.setitem(sys.modules, name, module)
    found = anomaly_peers.measured(tmp_path / "t-0", 40, 10)
    assert (found["rows"], found["strangers"]) == (14, 4)
    assert found["ensemble"] == pytest.approx((3 + 0.5) / 4)
    assert [found[name] for name in anomaly_peers.PEERS] == [0.0] * 3
    monkeypatch.setattr(anomaly_peers, "PEERS", {})
    assert anomaly_peers.measured(tmp_path / "t-0", 40, 10) == found
