"""The race to a target counts training alone, and takes no look for good that is not."""

import itertools
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks import speedrun
from benchmarks.racers import Racer, ganache_racer, plain_racer
from benchmarks.speed.systems import trained_in
from benchmarks.speedrun import Judge, Look, Race
from ganache.data import open_dataset
from ganache.data.conversion import Conversion
from ganache.data.store.packed import PackedDataset
from ganache.evaluation.features.classifier_features import ClassifierExtractor
from ganache.evaluation.features.classifier_network import ClassifierNetwork
from ganache.evaluation.features.trained_classifier import TrainedClassifier
from ganache.evaluation.reference import Reference
from ganache.runs.products import TrainedGenerator


class Scripted(Judge):
    """Sees what it is told to see: (distance, smallest share) look by look."""

    def __init__(self, seen: list[tuple[float, float]]) -> None:
        self.__dict__["seen"] = iter(seen)

    def look(self, generator: TrainedGenerator, seconds: float, images: int, count: int = 0) -> Look:
        return Look(seconds, images, *next(self.__dict__["seen"]))


def racer() -> Racer:
    return Racer(itertools.repeat(32), lambda: None)  # type: ignore[arg-type, return-value]


def test_a_race_ends_with_the_first_look_that_is_near_and_has_all_classes() -> None:
    judge = Scripted([(9.0, 0.1), (4.0, 0.04), (5.0, 0.05), (1.0, 0.1)])
    race = speedrun.run("one", racer(), 7, judge, every=0.001, limit=10.0, target=5.0)
    assert [look.distance for look in race.looks] == [9.0, 4.0, 5.0]
    assert race.seconds_to(5.0) == race.looks[2].seconds
    assert race.seconds_to(3.0) is None
    assert [look.seconds for look in race.looks] == sorted(look.seconds for look in race.looks)
    assert all(look.images % 32 == 0 for look in race.looks)


def test_looking_costs_no_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(np.arange(0.0, 1000.0, 0.25).tolist())
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))

    class Slow(Scripted):
        def look(self, generator: TrainedGenerator, seconds: float, images: int, count: int = 0) -> Look:
            for _ in range(100):
                next(clock)
            return super().look(generator, seconds, images)

    race = speedrun.run("one", racer(), 0, Slow([(9.0, 0.1)] * 9), every=1.0, limit=3.0, target=5.0)
    assert len(race.looks) == 3
    assert race.looks[-1].seconds < 5.0


def test_a_race_that_was_not_won_is_told() -> None:
    won = Race("quick", 0, [Look(10.0, 640, 4.0, 0.1)])
    lost = Race("quick", 1, [Look(10.0, 640, 6.0, 0.1)])
    text = speedrun.summary([won, lost, Race("quick", 2, [Look(30.0, 900, 4.9, 0.1)])], 5.0)
    assert "| `quick` | 10, more than 10, 30 | 30 | 640 |" in text
    assert speedrun.summary([lost], 5.0).endswith("| `quick` | more than 10 | more than 10 | 640 |")
    assert [race["seconds"] for race in speedrun.as_json([won, lost], 5.0)["races"]] == [10.0, None]


def test_both_racers_train_and_are_judged(tmp_path: Path) -> None:
    dataset = open_dataset("digits", Conversion(size=(28, 28)))
    assert isinstance(dataset, PackedDataset)
    classifier = TrainedClassifier(ClassifierNetwork(dataset.shape, 10).eval(), dataset.label_names, 0.1, 1, "none")
    judge = Judge(Reference(dataset, ClassifierExtractor(dataset, classifier), labels=("0",), cache=tmp_path))
    tiny = ["generator.width=4", "discriminator.width=4", "batch_size=16"]
    for made, images in (
        (plain_racer(trained_in("lsgan"), dataset, 0), 128),
        (ganache_racer("dcgan", dataset, 0, [*tiny, "conditional=true"]), 16),
    ):
        iterations: Iterator[int] = made.iterations
        assert next(iterations) == images
        first = judge.look(made.generator(), 1.0, images, count=64)
        assert math.isfinite(first.distance)
        assert next(iterations) == images
        assert judge.look(made.generator(), 2.0, images, count=64).distance != first.distance
