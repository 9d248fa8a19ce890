"""The benchmark of detectors of generated pictures, on two kinds of arrays."""

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import detection


def test_it_measures_once_and_prints_a_row_for_each_generator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(0)
    for name, light in (("real", 0), ("one", 40), ("two", 80)):
        np.savez(tmp_path / f"{name}.npz", random.integers(light, light + 100, (60, 8, 8), dtype=np.uint8))
    np.savez(tmp_path / "odd.npz", np.full((9, 8, 8), 255, np.uint8))
    words = ["detection", *(str(tmp_path / f"{name}.npz") for name in ("real", "one", "two")), "--quick"]
    monkeypatch.setattr(sys, "argv", [*words, "--stranger", str(tmp_path / "odd.npz"), "--out", str(tmp_path / "out")])
    detection.main()
    first = capsys.readouterr().out
    for row in ("| one | known |", "| two | never seen |", "| JPEG 50 |", "| odd | 9 |"):
        assert row in first
    assert "looked at as they are" in first
    detection.main()
    assert first.endswith(capsys.readouterr().out)
