"""What translators learn: emoji of one designer into another's, digits turned and inverted, pictures made larger.

    python -m benchmarks.translation --pictures emoji.zip [--larger cifar10.zip] [--work runs/translation]
        [--seconds 1800 | --images 100k] [--seed 0] [--tasks emoji digits larger]
        [--unpaired cyclegan cut] [--quick]

emoji   pictures of two folders, A and B, of equal names; flags are left out, every fifth pair is held out. `pix2pix`,
        and `cyclegan` on the same pictures without their pairs, both measured against the true ones.
digits  MNIST's first half of training digits, and its second half inverted and turned by a quarter: no digit has its
        partner among the others. `cyclegan`, and once more told the digits; the test digits have their partners, and
        a classifier of the targets' classes.
larger  a quarter of the size and back, of the emoji or of another zip: `esrgan`, and its network by L1 alone.

A finished run in the work folder is not trained again. Writes WORK/translation.json, every score with its protocol, and
prints a table for each task and what it shows. `--quick` rehearses all of it with 8 images each, and shows nothing.
"""

import argparse
import dataclasses
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch

import ganache
from benchmarks.defaults.sets import FLAG, HELD_OUT, everything, written
from benchmarks.markdown import table
from ganache import recipes
from ganache.data import open_dataset
from ganache.data.npy import write_arrays
from ganache.data.store.packed import PackedDataset
from ganache.evaluation.records import Evaluation, Score
from ganache.runs.folder import Run
from ganache.runs.trained_translators import DIRECTIONS
from ganache.support.json_files import write_json
from ganache.support.machine import describe_machine
from ganache.support.units import duration_text, parse_count
from ganache.training.plan import Request, make_plan

SIDE = 64  # pixels of the emoji
TASKS = ["emoji", "digits", "larger"]
QUICK = 8  # images of a rehearsal
# How `cyclegan` is told the classes that it has to keep: with less of the cycle, by which copies in place are best.
TOLD = ("conditional=true", "pool=0", "identity=0", "cycle=1")

Json = dict[str, Any]


@dataclass(frozen=True)
class Budget:
    """How much is trained, in seconds or in images."""

    seconds: float | None = None
    images: int | None = None

    def images_of(self, trial: "Trial") -> int:
        """Return how many images, measured where seconds are asked for: a run that is killed has the same to do."""
        if self.images is not None:
            return self.images
        assert self.seconds is not None
        asked = Request(recipe=trial.recipe, time=f"{self.seconds:.0f}s", settings=trial.settings, **trial.source)
        return make_plan(asked).images()


@dataclass(frozen=True)
class Trial:
    """A training and how it is measured; `source` is what `ganache.train` is told of data."""

    name: str
    recipe: str
    source: Json
    settings: tuple[str, ...] = ()

    @property
    def ways(self) -> tuple[str, ...]:
        """The directions in which it learns to translate."""
        return DIRECTIONS[: len(recipes.find(self.recipe).translators)]


@dataclass(frozen=True)
class Measured:
    """What one translator came to, in one direction."""

    trial: str
    direction: str
    images: int
    seconds: float
    evaluation: Evaluation

    def to_json(self) -> Json:
        """Return it as JSON values."""
        own = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {**own, "evaluation": self.evaluation.to_json()}


def emoji(work: Path, pictures: Path) -> Path:
    """Return a zip of pairs, every fifth of them in a test split; flags are in neither."""
    return Path(written(work / "emoji.zip", pictures, pairs_held_out))


def pairs_held_out(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Yield the pictures of A and B that both have: a pair is of one split."""
    names = [name for name, _ in everything(archive)]
    sides = [{PurePosixPath(name).name for name in names if PurePosixPath(name).parent.name == side} for side in "AB"]
    wanted = sorted(name for name in sides[0] & sides[1] if not name.startswith(FLAG))
    for number, name in enumerate(wanted):
        split = "train" if number % HELD_OUT else "test"
        for side in "AB":
            yield next(own for own in names if own.endswith(f"{side}/{name}")), f"{split}/{side}/{name}"


def turned_digits(work: Path, most: int | None = None) -> tuple[Path, Path]:
    """Return MNIST's first half, and its second one inverted and turned; the test digits are the same in both."""
    paths = work / "digits.npz", work / "turned.npz"
    if not all(path.exists() for path in paths):
        digits = open_dataset("mnist")
        assert isinstance(digits, PackedDataset)
        half, tests = len(digits.labels_of("train")) // 2, len(digits.labels_of("test"))
        test = np.arange(min(tests, most or tests))
        for path, start in zip(paths, (0, half), strict=True):
            parts = [digits.pick("train", np.arange(start, start + min(half, most or half))), digits.pick("test", test)]
            images = [np.ascontiguousarray(part.images[:, 0]) for part in parts]
            if start:
                images = [np.ascontiguousarray(255 - np.rot90(some, axes=(1, 2))) for some in images]
            (x_train, x_test), (y_train, y_test) = images, [part.labels for part in parts]
            path.parent.mkdir(parents=True, exist_ok=True)
            write_arrays(path, {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test})
    return paths


def trials(task: str, work: Path, options: argparse.Namespace) -> list[Trial]:
    """Return what is trained for a task."""
    if task == "digits":
        first, second = turned_digits(work, 100 if options.quick else None)
        apart: Json = {"data": str(first), "second": str(second)}
        trials_of_digits = [Trial(name, name, apart) for name in options.unpaired]
        return [*trials_of_digits, Trial("cyclegan told", "cyclegan", apart, TOLD)]
    size: Json = {"size": (SIDE, SIDE), "channels": 3}
    pictures = emoji(work, options.pictures)
    if task == "emoji":
        both: Json = {"data": str(pictures), "domains": ("A", "B"), **size}
        unpaired = [Trial(name, name, both) for name in options.unpaired]
        return [Trial("pix2pix", "pix2pix", both), *unpaired]
    source = {"data": str(options.larger or pictures), "task": "super-resolution:4", **({} if options.larger else size)}
    return [
        Trial("esrgan", "esrgan", source),
        Trial("L1 alone", "esrgan", source, ("adversarial=0",)),
    ]


def trained(trial: Trial, task: str, work: Path, budget: Budget, seed: int) -> Path:
    """Return the trial's run at its end, training or continuing it if it is not finished."""
    run = work / "runs" / f"{task}-{trial.name.replace(' ', '-')}-{seed}"
    if not run.exists():
        images = budget.images_of(trial)
        ganache.train(trial.recipe, out=run, images=images, seed=seed, settings=trial.settings, **trial.source)
    elif Run.open(run).record()["outcome"] != "finished":
        ganache.resume(run)
    return run


def measured(run: Path, trial: Trial, task: str, quick: bool) -> Iterator[Measured]:
    """Yield what a run came to, in each of its directions."""
    record = Run.open(run).record()
    features = "random" if quick else "classifier" if task == "digits" else None
    for direction in trial.ways:
        found = ganache.evaluate(run, direction=direction, paired=True, features=features, say=print)
        yield Measured(trial.name, direction, record["images_seen"], record["training_seconds"], found)


def rows(found: Sequence[Measured], direction: str) -> list[tuple[str, ...]]:
    """Return a line for each score, with a column for each translator of a direction and for what does nothing."""
    own = [one for one in found if one.direction == direction]
    baselines = own[0].evaluation.baselines
    families = dict.fromkeys(score.family for one in own for score in one.evaluation.scores)
    lines: list[tuple[str, ...]] = [("score", *(one.trial for one in own), *(one.name for one in baselines), "better")]
    for family in families:
        scores = [_score(one.evaluation.scores, family) for one in own]
        known = next(score for score in scores if score is not None)
        texts = [_text(score) for score in (*scores, *(_score(one.scores, family) for one in baselines))]
        lines.append((known.name, *texts, known.better))
    return lines


def verdicts(task: str, found: Sequence[Measured]) -> Iterator[str]:
    """Yield what the numbers show, in sentences."""
    for one in found:
        scores, baselines = one.evaluation.scores, one.evaluation.baselines
        named = f"{one.trial}, {one.direction}"
        for family in ("l1", *(score.family for score in scores if score.family.startswith("fd/"))):
            ours = _value(_score(scores, family))
            others = [value for base in baselines if (value := _value(_score(base.scores, family))) is not None]
            if ours is not None and others:
                yield f"{named}: {family} is {ours / min(others):.2f} times that of the best that does nothing"
        kept = next((score for score in scores if score.protocol.metric == "label-accuracy"), None)
        if kept is not None and kept.value is not None:
            yield f"{named}: {kept.value:.1%} of the translations keep their class"
    if task == "larger" and len(found) == 2:
        loudness = [_value(_score(one.evaluation.scores, "psnr")) for one in found]
        if loudness[0] is not None and loudness[1] is not None:
            yield f"{found[0].trial}: {loudness[0] - loudness[1]:+.2f} dB beside {found[1].trial}"


def _score(scores: Sequence[Score], family: str) -> Score | None:
    return next((score for score in scores if score.family == family), None)


def _value(score: Score | None) -> float | None:
    return None if score is None else score.value


def _text(score: Score | None) -> str:
    if score is None:
        return ""
    return f"{score.text} ± {score.uncertainty:.2g}" if score.uncertainty is not None else score.text


def told(task: str, found: Sequence[Measured]) -> str:
    """Return a task's tables and sentences."""
    parts = [f"## {task}"]
    trained = {one.trial: f"{one.trial}: {one.images:,} images, {duration_text(one.seconds)}" for one in found}
    parts.append("; ".join(trained.values()))
    for direction in dict.fromkeys(one.direction for one in found):
        parts += [direction, table(rows(found, direction))]
    return "\n\n".join([*parts, "\n".join(verdicts(task, found))])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--larger", type=Path)
    parser.add_argument("--work", type=Path, default=Path("runs/translation"))
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument("--images")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tasks", nargs="+", default=TASKS, choices=TASKS)
    parser.add_argument("--unpaired", nargs="+", default=["cyclegan"], choices=["cyclegan", "cut"])
    parser.add_argument("--quick", action="store_true")
    return parser.parse_args()


def main() -> None:
    """Train what is not trained yet, measure it, and print the tables."""
    options = _options()
    images = QUICK if options.quick else options.images and parse_count(options.images, "images")
    budget = Budget(images=images) if images else Budget(seconds=options.seconds)
    results: dict[str, list[Measured]] = {}
    for task in options.tasks:
        found = results.setdefault(task, [])
        for trial in trials(task, options.work, options):
            found += measured(trained(trial, task, options.work, budget, options.seed), trial, task, options.quick)
        print(f"\n{told(task, found)}\n", flush=True)
        written_out = {name: [one.to_json() for one in some] for name, some in results.items()}
        machine = describe_machine(torch.device("cpu"))
        write_json(options.work / "translation.json", {"machine": machine, "tasks": written_out})


if __name__ == "__main__":
    main()
