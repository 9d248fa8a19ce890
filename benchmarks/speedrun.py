"""Seconds of training until a generator draws MNIST well: a recipe against the plain loop of S3, seed by seed.

    python -m benchmarks.speedrun [--recipes mnist-speedrun plain] [--seeds 0 1 2 3 4] [--data mnist] [--target 5.0]
                                  [--every 2] [--limit 900] [--json OUT]

Reached is the target when 10,000 samples (of the average generator; of the loop's own, which has none) lie within that
Fréchet distance of the training set, in the features of the data's classifier, and no class has less than 5% of them.
The clock runs during iterations alone; it stands still for the looks, which come every `--every` seconds (late in a
race, after a tenth more) and have latents of their own, so a time is an upper bound, by less than that. All contestants
of a seed run before the next seed. Nothing is trained beforehand but the judge; building networks and reading the first
batch is not counted.
"""

import argparse
import itertools
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from benchmarks.markdown import table
from benchmarks.racers import Racer, ganache_racer, plain_racer
from benchmarks.speed.systems import PLAIN, trained_in
from ganache.data import open_dataset
from ganache.data.store.packed import PackedDataset
from ganache.evaluation.catalogue import choose
from ganache.evaluation.features.by_name import find
from ganache.evaluation.reference import Reference
from ganache.evaluation.samples import GeneratorSamples
from ganache.evaluation.scoring import evenly, make_setting, score
from ganache.runs.products import TrainedGenerator
from ganache.support.json_files import write_json
from ganache.support.machine import describe_machine
from ganache.support.streams import untouched_global_stream

SAMPLES, LEAST_SHARE = 10_000, 0.05
LOOK_AGAIN = 1.1  # times the seconds of the last look, where that is later


@dataclass(frozen=True)
class Look:
    """What was seen after so many seconds of training."""

    seconds: float
    images: int
    distance: float
    least_share: float

    def is_good(self, target: float) -> bool:
        """Whether the samples are near enough, with all classes among them."""
        return self.distance <= target and self.least_share >= LEAST_SHARE


@dataclass(frozen=True)
class Race:
    """A training up to the target, or to the limit."""

    racer: str
    seed: int
    looks: list[Look] = field(default_factory=list)

    def seconds_to(self, target: float) -> float | None:
        """Return the first look's time that was good, or nothing."""
        return next((look.seconds for look in self.looks if look.is_good(target)), None)


@dataclass(frozen=True)
class Judge:
    """The training images as the data's classifier sees them."""

    reference: Reference

    @staticmethod
    def of(dataset: PackedDataset) -> "Judge":
        """Have the classifier look at the training images, or remember what it saw."""
        return Judge(Reference(dataset, find("classifier", dataset, say=print), say=print))

    def look(self, generator: TrainedGenerator, seconds: float, images: int, count: int = SAMPLES) -> Look:
        """Draw samples, of all classes evenly where they can be asked for, and judge them."""
        source = GeneratorSamples(generator, "the race")
        requests = evenly(source, self.reference.dataset, ())
        setting = make_setting(self.reference, source, requests, count, seed=0)
        found = score(source, self.reference, setting, choose(("fd", "confidence"), setting)).evaluation
        distance, shares = found["fd/classifier"].value, found["confidence/classifier"].details["shares"]
        assert distance is not None
        return Look(seconds, images, distance, min(shares.values()))


def run(name: str, racer: Racer, seed: int, judge: Judge, every: float, limit: float, target: float) -> Race:
    """Train until a look is good or the limit is passed."""
    race, images, spent = Race(name, seed), 0, 0.0
    while spent < limit and race.seconds_to(target) is None:
        goal = max((spent // every + 1) * every, spent * LOOK_AGAIN)
        began = time.perf_counter()
        while spent + time.perf_counter() - began < goal:
            images += next(racer.iterations)
        spent += time.perf_counter() - began
        with untouched_global_stream():
            race.looks.append(judge.look(racer.generator(), spent, images))
        last = race.looks[-1]
        print(
            f"{name:<16} seed {seed}  {last.seconds:6.1f} s  {last.images:>7} images  distance {last.distance:7.2f}"
            f"  smallest class {last.least_share:.1%}",
            flush=True,
        )
    return race


def summary(races: Sequence[Race], target: float) -> str:
    """Return the table: seconds of every seed, and their median; a race that did not end is said to be so."""
    names = list(dict.fromkeys(race.racer for race in races))
    rows: list[tuple[str, ...]] = [("training", "seconds, seed by seed", "median", "images at the end")]
    for name in names:
        own = [race for race in races if race.racer == name]
        images = statistics.median(race.looks[-1].images for race in own)
        told = ", ".join(_told(race.seconds_to(target), race.looks[-1].seconds) for race in own)
        reached = statistics.median(race.seconds_to(target) or float("inf") for race in own)
        given_up = statistics.median(race.looks[-1].seconds for race in own)
        median = _told(None if reached == float("inf") else reached, given_up)
        rows.append((f"`{name}`", told, median, f"{images:,.0f}"))
    return table(rows)


def _told(seconds: float | None, given_up: float) -> str:
    return f"more than {given_up:.0f}" if seconds is None else f"{seconds:.0f}"


def main() -> None:
    """Let them run in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", nargs="+", default=["mnist-speedrun", PLAIN])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--target", type=float, default=5.0)
    parser.add_argument("--every", type=float, default=2.0, help="seconds of training between two looks")
    parser.add_argument("--limit", type=float, default=900.0, help="seconds of training after which it is given up")
    parser.add_argument("--set", action="append", default=[], help="a setting of the recipes", metavar="FIELD=VALUE")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    dataset = open_dataset(options.data)
    assert isinstance(dataset, PackedDataset)
    judge, races = Judge.of(dataset), []
    for seed, name in itertools.product(options.seeds, options.recipes):
        racer = (
            plain_racer(trained_in("lsgan"), dataset, seed)
            if name == PLAIN
            else ganache_racer(name, dataset, seed, options.set)
        )
        races.append(run(name, racer, seed, judge, options.every, options.limit, options.target))
    print(f"\n{summary(races, options.target)}")
    if options.json is not None:
        write_json(options.json, as_json(races, options.target))


def as_json(races: Sequence[Race], target: float) -> dict[str, Any]:
    """Return all looks with the protocol."""
    return {
        "machine": describe_machine(torch.device("cpu")),
        "threads": torch.get_num_threads(),
        "target": target,
        "samples": SAMPLES,
        "races": [
            {
                "racer": race.racer,
                "seed": race.seed,
                "seconds": race.seconds_to(target),
                "looks": [vars(look) for look in race.looks],
            }
            for race in races
        ],
    }


if __name__ == "__main__":
    main()
