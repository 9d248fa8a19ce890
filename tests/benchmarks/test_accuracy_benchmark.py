"""The comparison of accuracies trains both on equally many images, and calls worse what is worse."""

import json
import math
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from benchmarks import accuracy
from benchmarks.accuracy import Case
from benchmarks.racers import Racer
from benchmarks.speed.systems import GANACHE, PLAIN

CASE = Case("lsgan", "digits", 28, "random", 128)


def test_both_are_trained_and_measured_and_seeds_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[int] = []

    def counted(racer: Racer, images: int) -> Any:
        trained.append(next(racer.iterations))
        return racer.generator()

    monkeypatch.setattr(accuracy, "train", counted)
    found = accuracy.measure(CASE, [0, 1], samples=64)
    assert trained == [128] * 4
    distances = [*found[PLAIN], *found[GANACHE]]
    assert len(set(distances)) == 4
    assert all(math.isfinite(distance) and distance > 0 for distance in distances)


def test_training_ends_with_the_first_iteration_that_has_all_images() -> None:
    made: list[int] = []

    def iterations() -> Any:
        while True:
            made.append(48)
            yield 48

    accuracy.train(Racer(iterations(), lambda: None), 100)  # type: ignore[arg-type, return-value]
    assert sum(made) == 144


@pytest.mark.parametrize(
    ("own", "verdict", "apart"),
    [
        ([10.0, 13.0, 13.0], "within", "1.0"),
        ([14.0, 16.0, 15.0], "**worse**", "4.0"),
        ([1.0, 1.0, 1.0], "better", "10.0"),
    ],
)
def test_the_verdict_compares_means_with_the_plain_seeds(own: list[float], verdict: str, apart: str) -> None:
    distances = {PLAIN: [10.0, 12.0, 11.0], GANACHE: own}
    record = {"case": asdict(CASE), "distances": distances, "command": "x", "samples": 9, "threads": 1}
    assert f"| {apart} | 2.0 | {verdict} |\n" in accuracy.section([record])


def test_cases_measured_before_stay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = {PLAIN: [10.0, 12.0], GANACHE: [11.0, 11.0]}
    monkeypatch.setattr(accuracy, "measure", lambda case, seeds, samples: found)
    for recipe in ("ralsgan", "lsgan"):
        words = ["accuracy", "--cases", recipe, "--json", str(tmp_path / "accuracy.json")]
        monkeypatch.setattr(sys, "argv", words)
        accuracy.main()
    kept = json.loads((tmp_path / "accuracy.json").read_text())["cases"]
    assert [(record["case"]["recipe"], record["distances"]) for record in kept] == [
        ("ralsgan", found),
        ("lsgan", found),
    ]
    assert kept[1]["command"].endswith("--cases lsgan --json " + str(tmp_path / "accuracy.json"))
