"""Candidates for the default, trained for equal seconds on every set and judged on pictures that were held out.

    python -m benchmarks.defaults --cifar10 cifar10-jpg.zip --pictures pictures.zip [--work runs/defaults]
        [--seconds 1800] [--seeds 0 1 2] [--sets digits …] [--candidates dcgan …] [--count 10000]

Sets: `digits` and `mnist`; CIFAR-10 whole, a tenth (500 pictures of each class) and a hundredth (50) of it; CIFAR-10 in
grey at 28×28, which no recipe was tuned on; a zip of pictures without classes at 64×64, every fifth of them held out.
CIFAR-10 and its parts are judged in the features of one classifier of the whole set, so that their distances compare.

A finished run in the work folder is not trained again, one that was stopped goes on, and what was judged stays judged.
Writes WORK/defaults.json, every score with its protocol, and prints the table: medians over the seeds.
"""

import argparse
import dataclasses
import statistics
from dataclasses import dataclass
from pathlib import Path

import torch

import ganache
from benchmarks.claims.workshop import Json, Trial, Workshop
from benchmarks.defaults.candidates import CANDIDATES
from benchmarks.defaults.sets import Set, known
from benchmarks.markdown import table
from ganache.support.json_files import write_json
from ganache.support.machine import describe_machine
from ganache.support.units import duration_text


@dataclass(frozen=True)
class Cell:
    """What one training came to."""

    set: str
    candidate: str
    seed: int
    images: int
    diverged: bool
    distance: float
    protocol: str  # the distance's whole name
    smallest_class: float | None


LABELLED = ("classifier", ("fd", "class-shares"))
UNLABELLED = ("efficientnet-lite0", ("fd", "kd"))


def measured(workshop: Workshop, name: str, data: Set, candidate: str, seed: int, seconds: float, count: int) -> Cell:
    """Train a candidate on a set, if that was not done, and judge it."""
    recipe, settings = CANDIDATES[candidate]
    run = workshop.train(Trial(data.data, recipe, settings, seconds=seconds), seed)
    slug = f"{name.replace('%', '')}-{candidate}-{seed}"
    protocol = {"run": run.path.name, **dataclasses.asdict(data), "count": count}
    workshop.measure(slug, protocol, lambda: _judged(run.path, data, count))
    scores = (workshop.measured(slug, protocol) or {})["scores"]
    distance = next(score for score in scores if score["name"].startswith("fd/"))
    shares = [score["details"]["shares"] for score in scores if "shares" in score["details"]]
    return Cell(
        set=name,
        candidate=candidate,
        seed=seed,
        images=run.images_seen,
        diverged=run.diverged,
        distance=distance["value"],
        protocol=distance["name"],
        smallest_class=min(shares[0].values()) if shares else None,
    )


def _judged(run: Path, data: Set, count: int) -> Json:
    features, metrics = LABELLED if data.labelled else UNLABELLED
    found = ganache.evaluate(
        run, data=data.reals, split=data.split, count=count, features=features, metrics=metrics, say=print
    )
    return found.to_json()


def rows(cells: list[Cell]) -> list[tuple[str, ...]]:
    """Return a line for each set and candidate: the median over the seeds, least and greatest, images, classes."""
    lines: list[tuple[str, ...]] = [("set", "candidate", "images", "distance", "seeds", "smallest class", "of")]
    for key in dict.fromkeys((cell.set, cell.candidate) for cell in cells):
        own = [cell for cell in cells if (cell.set, cell.candidate) == key]
        distances = sorted(cell.distance for cell in own)
        shares = [cell.smallest_class for cell in own if cell.smallest_class is not None]
        lines.append(
            (
                *key,
                f"{statistics.median(cell.images for cell in own):,.0f}",
                f"{statistics.median(distances):.2f}",
                ", ".join(f"{distance:.2f}" for distance in distances),
                f"{min(shares):.1%}" if shares else "",
                own[0].protocol + (" (diverged)" if any(cell.diverged for cell in own) else ""),
            )
        )
    return lines


def main() -> None:
    """Train what is not trained yet, judge it, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cifar10", type=Path)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--work", type=Path, default=Path("runs/defaults"))
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--sets", nargs="+")
    parser.add_argument("--candidates", nargs="+", choices=list(CANDIDATES), default=list(CANDIDATES))
    parser.add_argument("--count", type=int, default=10_000)
    options = parser.parse_args()
    sets = known(options.work, options.cifar10, options.pictures)
    wanted = options.sets or list(sets)
    if missing := sorted(set(wanted) - set(sets)):
        parser.error(f"there is no {missing[0]!r} without its file; there are: {', '.join(sets)}")
    workshop, cells = Workshop(options.work), []
    for seed in options.seeds:  # all of the first seed before the second: a table early on
        for name in wanted:
            data = sets[name]()
            for candidate in options.candidates:
                cells.append(measured(workshop, name, data, candidate, seed, options.seconds, options.count))
                print(cells[-1], flush=True)
                _write(options.work, options.seconds, cells)
    print(f"\n{duration_text(options.seconds)} of training each\n\n{table(rows(cells))}")


def _write(work: Path, seconds: float, cells: list[Cell]) -> None:
    found = [dataclasses.asdict(cell) for cell in cells]
    machine = describe_machine(torch.device("cpu"))
    write_json(work / "defaults.json", {"machine": machine, "seconds": seconds, "cells": found})


if __name__ == "__main__":
    main()
