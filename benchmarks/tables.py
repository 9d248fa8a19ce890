"""Is a classifier that learns from drawn rows as good as one that learns from real ones?

    python -m benchmarks.tables TABLE.npz … --out runs/tables

Of each table 30% of the rows are held out. `mlp-rows`, told the classes, learns from the others and draws as many, of
each class as often. Gradient boosting (scikit-learn's HistGradientBoostingClassifier, as it comes) learns from either,
and both are asked about the held-out rows: the area under the curve of the rarer class. Prints a table in Markdown.
"""

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import ganache
from benchmarks.markdown import table
from ganache.data import open_dataset
from ganache.data.conversion import Conversion
from ganache.data.store.packed import PackedDataset
from ganache.runs.folder import Run
from ganache.support.units import duration_text

HELD_OUT = 0.3
READING = ganache.TableReading(hold_out=HELD_OUT)


class Rows(NamedTuple):
    """Values (N, W) and the numbers of their classes (N,)."""

    values: NDArray[np.float32]
    classes: NDArray[np.int64]


class Result(NamedTuple):
    """What came of one table and seed."""

    name: str
    rows: int
    columns: int
    seconds: float
    scores: dict[str, float]
    drawn: float
    real: float


def measure(path: Path, out: Path, seed: int, settings: tuple[str, ...] = (), images: int | None = None) -> Result:
    """Train on a table, unless it was done already, draw and compare."""
    run = out / f"{path.stem}-{seed}"
    if not run.exists():
        asked = ("conditional=true", *settings)
        ganache.train(data=path, out=run, seed=seed, settings=asked, images=images, hold_out=HELD_OUT)
    record = ganache.evaluate(run, metrics=("fd", "prdc", "columns", "memorisation"))
    scores = {score.family.partition("/")[0]: score.value or 0.0 for score in record.scores}
    dataset = open_dataset(path, Conversion(rows=READING))
    assert isinstance(dataset, PackedDataset)
    real, held_out = rows_of(dataset, "train"), rows_of(dataset, "test")
    made = drawn(run, dataset.label_names, np.bincount(real.classes, minlength=len(dataset.label_names)), seed)
    areas = [area(part, held_out) for part in (made, real)]
    return Result(path.stem, dataset.count, dataset.shape.channels, training_seconds(run), scores, *areas)


def rows_of(dataset: PackedDataset, split: str) -> Rows:
    """Return all rows of a split."""
    start, stop = dataset.summary()["splits"][split]
    batch = dataset.rows(split, 0, stop - start)
    return Rows(batch.images.reshape(len(batch.images), -1), batch.labels)


def drawn(run: Path, names: tuple[str, ...], counts: NDArray[np.int64], seed: int) -> Rows:
    """Return rows that a run draws, so many of each class."""
    generator = ganache.load(run)
    parts = [generator.sample(int(count), seed, [name]) for name, count in zip(names, counts, strict=True)]
    values = np.concatenate(parts).reshape(int(counts.sum()), -1)
    return Rows(values, np.repeat(np.arange(len(names)), counts))


def area(learnt: Rows, held_out: Rows) -> float:
    """Return the area under the curve of the second class among held-out rows, by what was learnt of others."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score

    model: Any = HistGradientBoostingClassifier(random_state=0).fit(*learnt)
    return float(roc_auc_score(held_out.classes == 1, model.predict_proba(held_out.values)[:, 1]))


def training_seconds(run: Path) -> float:
    """Return how long a run trained."""
    return float(Run.open(run).record()["training_seconds"])


def lines(results: list[Result]) -> str:
    """Return the results as a table in Markdown."""
    head = ("table", "rows", "columns", "training", "Fréchet", "recall", "correlations", "copied", "drawn", "real")
    body = [
        (
            one.name,
            f"{one.rows:,}",
            str(one.columns),
            duration_text(one.seconds),
            f"{one.scores['fd']:.4f}",
            f"{one.scores['recall']:.2f}",
            f"{one.scores['column-correlations']:.3f}",
            f"{100 * one.scores['memorisation']:.1f}%",
            f"{one.drawn:.3f}",
            f"{one.real:.3f}",
        )
        for one in results
    ]
    return table([head, *body])


def main() -> None:
    """Measure the tables that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, default=Path("runs/tables"))
    parser.add_argument("--seeds", type=int, default=1)
    asked = parser.parse_args()
    results = []
    for path in asked.tables:
        for seed in range(asked.seeds):
            results.append(measure(path, asked.out, seed))
            print(lines(results), flush=True)


if __name__ == "__main__":
    main()
