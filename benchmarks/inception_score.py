"""One perfect picture of each class, over and over, beside a trained generator: how every score takes it.

    ganache train lsgan --data mnist --images 135k --seed 0 --out runs/lsgan
    python benchmarks/inception_score.py runs/lsgan --out FOLDER [--count 10000] [--seed 0]

The collapsed generator knows one training picture of each class, the one of which the data's classifier is surest.
Writes FOLDER/inception-score.png (40 samples of each), FOLDER/inception-score.md (the table) and
FOLDER/inception-score.json (both evaluations with their protocols).
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import ganache
from ganache.data.origin import Source
from ganache.data.store.packed import PackedDataset
from ganache.drawing.grids import grid
from ganache.evaluation.features.trained_classifier import classifier_for
from ganache.evaluation.records import Evaluation
from ganache.evaluation.side_by_side import panels
from ganache.runs.folder import Run
from ganache.support.files import replacing
from ganache.support.json_files import write_json

COLUMNS, ROWS = 10, 4
METRICS = ("fd", "kd", "is", "prdc", "support", "class-shares")
MOST_JUDGED = 10_000  # training pictures among which the surest are looked for


def main() -> None:
    """Evaluate both, and write table, picture and records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    source = Source.of(Run.open(asked.run).record()["source"])
    dataset = source.open()
    assert isinstance(dataset, PackedDataset), "the data needs classes"
    surest = surest_pictures(dataset)
    collapsed = np.resize(surest, (asked.count, *surest.shape[1:]))
    wanted: dict[str, Any] = {
        "data": source.data, "features": "classifier", "metrics": METRICS, "count": asked.count, "seed": asked.seed,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "collapsed.npy", collapsed)
        one_each = ganache.evaluate(Path(folder) / "collapsed.npy", **wanted)
    trained = ganache.evaluate(asked.run, **wanted)
    asked.out.mkdir(parents=True, exist_ok=True)
    records = {"collapsed": one_each.to_json(), "trained": trained.to_json()}
    write_json(asked.out / "inception-score.json", records)
    text = markdown(one_each, trained)
    (asked.out / "inception-score.md").write_text(text, encoding="utf-8")
    print(text)
    shown = ganache.load(asked.run).sample(COLUMNS * ROWS, asked.seed)
    pictures = [
        (f"one picture of each class: Inception Score {score(one_each, 'is')}", collapsed[: COLUMNS * ROWS]),
        (f"a trained generator: Inception Score {score(trained, 'is')}", shown),
    ]
    with replacing(asked.out / "inception-score.png") as temporary:
        drawn = panels([(title, grid(images, COLUMNS)) for title, images in pictures])
        drawn.convert("L" if dataset.shape.channels <= 2 else "RGB").save(temporary, optimize=True)


def surest_pictures(dataset: PackedDataset) -> NDArray[np.uint8]:
    """Return the training picture (K, H, W, C) of each class of which the data's classifier is surest."""
    judge = classifier_for(dataset)
    batch = dataset.stream(0).batch(0, min(MOST_JUDGED, len(dataset.labels_of("train"))))
    images = np.ascontiguousarray(batch.images.transpose(0, 2, 3, 1))
    _, probabilities = judge.judge(images)
    right = batch.labels[:, None] == np.arange(len(dataset.label_names))
    chosen: NDArray[np.uint8] = images[(probabilities * right).argmax(axis=0)]
    return chosen


def score(evaluation: Evaluation, metric: str) -> str:
    """Return a value in words: three digits, or the bound below which it is not."""
    found = next(one for one in evaluation.scores if one.protocol.metric == metric)
    if found.value is None:
        return f"≥ {found.details['low']:.3g}"
    return f"{found.value:.3g}"


def markdown(collapsed: Evaluation, trained: Evaluation) -> str:
    """Return a table of all scores."""
    lines = ["| score | one picture of each class | trained generator | better |", "|---|---|---|---|"]
    for one in trained.scores:
        metric = one.protocol.metric
        lines.append(f"| `{one.name}` | {score(collapsed, metric)} | {score(trained, metric)} | {one.better} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
