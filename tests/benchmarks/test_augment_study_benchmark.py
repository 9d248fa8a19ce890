"""The benchmark of augmentation studies, on bars in noise."""

import sys
from pathlib import Path

import pytest

from benchmarks import augment_study
from tests.uses.study.bars import write_data


def test_planted_pictures_are_called_out_and_nothing_is_done_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_data(tmp_path / "bars.npz")
    words = [
        "augment_study",
        str(data),
        "--out",
        str(tmp_path / "out"),
        "--per-class",
        "6",
        "--quick",
        "--device",
        "cpu",
    ]
    small = ("--set", "generator.width=4", "--set", "discriminator.width=4", "--recipe", "mnist-speedrun")
    monkeypatch.setattr(sys, "argv", [*words, *small])
    monkeypatch.setattr(augment_study, "QUICK_IMAGES", 64)
    monkeypatch.setattr(augment_study, "QUICK_STEPS", 24)
    augment_study.main()
    first = capsys.readouterr().out.splitlines()
    table = [line for line in first if line.startswith("|")]
    assert [line.split(" | ")[:3] for line in table[2:]] == [
        ["| bars", what, "6"] for what in ("generators", "noise", "cheat")
    ]  # fmt: skip
    assert table[3].endswith("| useless |")
    assert table[4].endswith("| void |")
    assert (tmp_path / "out" / "bars" / "generators" / "README.md").exists()
    augment_study.main()
    assert capsys.readouterr().out.splitlines() == first[first.index(table[0]) :]
