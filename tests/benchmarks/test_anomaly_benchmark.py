"""The benchmark of detectors, on a table and on pictures of two classes."""

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the baselines are scikit-learn's")

from benchmarks import anomaly
from benchmarks.anomaly import Result, lines, verdict


def test_it_measures_tables_and_each_class_of_pictures_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(0)
    strange = (np.arange(200) % 10 == 0).astype(np.int64)
    np.savez(tmp_path / "rows.npz", X=random.normal(size=(200, 2)) + 6 * strange[:, None], y=strange)
    pictures = random.integers(0, 100, (60, 8, 8), dtype=np.uint8)
    pictures[30:] += 100
    kinds = np.arange(60) // 30
    np.savez(
        tmp_path / "kinds.npz",
        train_images=pictures[::2],
        train_labels=kinds[::2],
        test_images=pictures[1::2],
        test_labels=kinds[1::2],
    )
    words = [
        "anomaly",
        str(tmp_path / "rows.npz"),
        str(tmp_path / "kinds.npz"),
        "--quick",
        "--out",
        str(tmp_path / "o"),
    ]
    monkeypatch.setattr(sys, "argv", words)
    monkeypatch.setattr(anomaly, "QUICK_IMAGES", 128)
    anomaly.main()
    first = capsys.readouterr().out
    assert "| rows | 1 |" in first
    assert "| kinds | 2 |" in first
    assert "mean AUROC over 2 sets: ensemble" in first
    anomaly.main()
    assert capsys.readouterr().out == first


def test_means_are_over_fits_and_then_over_sets() -> None:
    def one(name: str, seed: int, ours: float, plain: float) -> Result:
        scores = {"ensemble": ours, "isolation-forest": 0.5, "plain-neighbours": plain}
        return Result(name, "0", seed, 60.0, 9, 5, 5, scores, scores, 0.05)

    results = [one("a", 0, 0.8, 0.7), one("a", 1, 0.9, 0.7), one("b", 0, 0.75, 0.6)]
    assert "| a | 2 | 1m 00s | 5.0% | 85.0 / 85.0 |" in lines(results)
    assert verdict(results) == "mean AUROC over 2 sets: ensemble 0.8000, plain-neighbours 0.6500"
