"""The comparison of accuracies trains both on equally many images, and calls worse what is worse."""

from dataclasses import asdict
from typing import Any

import pytest

from benchmarks import accuracy
from benchmarks.accuracy import Case
from benchmarks.racers import Racer
from benchmarks.speed.systems import GANACHE, PLAIN

CASE = Case("lsgan", "digits", 28, "random", 128)


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
