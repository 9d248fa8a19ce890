"""One table of finished runs: speed, Fréchet distance, smallest class, label accuracy, and a picture of each.

    python benchmarks/recipes.py RUN RUN … --out FOLDER [--data mnist] [--count 10000] [--seed 0] [--speed]

Writes FOLDER/recipes.md, FOLDER/recipes.json (every judgement with its protocol) and, for a run in …/NAME,
FOLDER/NAME.png (8×8 samples, or 8 of each class). A run on some classes is compared with the reals of these.

Images per second are those of the run's own clock; with --speed they are measured anew on what must be a quiet machine:
five times over all recipes in turn, two seconds each, the median. Runs of the engine without autograd keep their own:
their recipe would be trained by another engine.
"""

import argparse
import dataclasses
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import ganache
from ganache.data import select
from ganache.data.origin import Source
from ganache.drawing.grids import grid
from ganache.evaluation.judgement import Judgement
from ganache.runs.budget import Budget
from ganache.runs.folder import Run
from ganache.support.files import replacing
from ganache.support.json_files import write_json
from ganache.support.machine import describe_machine
from ganache.support.units import duration_text
from ganache.training.plan import Plan

ROUNDS = 5
SECONDS = 2.0


@dataclass(frozen=True)
class Row:
    """A run's line of the table."""

    run: str
    recipe: str
    images: int
    training_seconds: float
    threads: int
    precision: str
    speed: float  # images per second
    judgement: Judgement

    def markdown(self) -> str:
        """Return the line."""
        found = self.judgement
        rarest = found.extremes[0]
        only = f", only {', '.join(found.labels)}" if found.labels else ""
        cells = [
            f"`{self.recipe}`" + (f" ({self.run}{only})" if only or self.run != self.recipe else ""),
            f"{self.images:,}",
            duration_text(self.training_seconds),
            f"{self.speed:.0f}",
            f"{found.frechet_distance:.2f}",
            f"{found.samples.shares[rarest]:.1%} ({rarest})",
            f"{found.label_accuracy:.1%}" if found.label_accuracy is not None else "",
        ]
        return f"| {' | '.join(cells)} |"


def plan_of(run: Run) -> Plan:
    """Return what a run was, with its threads and precision, so that its speed can be measured again."""
    record = run.record()
    source = Source.of(record["source"])
    device, budget = torch.device(record["device"]), Budget(1, None)
    precision, threads = record["precision"], record["threads"]
    recipe = run.recipe()
    data = select(source.open(), source.labels, recipe.conditional)
    return Plan(
        recipe=recipe,
        source=source,
        data=data,
        seed=record["seed"],
        device=device,
        precision=precision,
        threads=threads,
        budget=budget,
    )


def measured_speeds(runs: list[Run]) -> dict[Path, float]:
    """Return images per second of each run's recipe: the median of rounds in which all take their turn."""
    plans = {run.path: plan_of(run) for run in runs if "scratch" not in run.record()}
    rounds = [{path: plan.measure(SECONDS) for path, plan in plans.items()} for _ in range(ROUNDS)]
    return {path: statistics.median(speeds[path] for speeds in rounds) for path in plans}


def judged(run: Run, speed: float | None, data: str, count: int, seed: int) -> Row:
    """Return a finished run's line; the speed is its own when none was measured."""
    record = run.record()
    images, seconds = record["images_seen"], record["training_seconds"]
    labels = tuple(record["source"]["labels"])
    return Row(
        run=run.path.name,
        recipe=run.recipe().name,
        images=images,
        training_seconds=seconds,
        threads=record["threads"],
        precision=record["precision"],
        speed=images / seconds if speed is None else speed,
        judgement=ganache.judge(run.path, data=data, count=count, seed=seed, labels=labels, say=print),
    )


def draw(run: Run, path: Path, seed: int) -> None:
    """Write 8×8 samples, or a column of 8 for each of at most ten classes."""
    generator = ganache.load(run.path)
    columns = generator.label_names[:10]
    images = generator.sample(8 * (len(columns) or 8), seed, columns)
    with replacing(path) as temporary:
        grid(images, len(columns) or 8, smallest_side=256).save(temporary, optimize=True)


def table(rows: list[Row]) -> str:
    """Return the rows as markdown under what they have in common."""
    first = rows[0].judgement
    classifier = first.classifier
    settings = sorted({f"{row.threads} thread{'s' * (row.threads != 1)}, {row.precision}" for row in rows})
    return "\n".join(
        [
            f"{first.samples.count:,} samples (seed {first.seed}) of each run's averaged generator against its training"
            f" images of {first.data}, in the 128 features of a classifier (version {classifier['version']},"
            f" {classifier['checksum'][:8]}) that is right on {classifier['accuracy']:.2%} of {classifier['tested']:,}"
            f" images ({classifier['split']}). Trained with {'; '.join(settings)}.",
            "",
            "| recipe | images | training | images/s | Fréchet distance | smallest class | label accuracy |",
            "|---|---|---|---|---|---|---|",
            *(row.markdown() for row in rows),
            "",
        ]
    )


def as_json(row: Row) -> dict[str, Any]:
    """Return a row as JSON values, its judgement with the whole protocol."""
    plain = {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
    return {**plain, "judgement": row.judgement.to_json()}


def main() -> None:
    """Judge the runs, and write table, JSON and pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER")
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--speed", action="store_true", help="measure images per second anew")
    options = parser.parse_args()
    runs = [Run.open(path) for path in options.runs]
    speeds = measured_speeds(runs) if options.speed else {}
    rows = [judged(run, speeds.get(run.path), options.data, options.count, options.seed) for run in runs]
    options.out.mkdir(parents=True, exist_ok=True)
    for run in runs:
        draw(run, options.out / f"{run.path.name}.png", options.seed)
    machine = describe_machine(torch.device("cpu"))
    write_json(options.out / "recipes.json", {"machine": machine, "rows": [as_json(row) for row in rows]})
    (options.out / "recipes.md").write_text(table(rows), encoding="utf-8")
    print(table(rows))


if __name__ == "__main__":
    main()
