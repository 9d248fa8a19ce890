"""Do GANs find strangers better than what costs nothing?

    python -m benchmarks.anomaly mnist cifar10 tables/*.npz --out runs/anomaly

Of a set of pictures, each class in turn is normal and all others are strange: learnt from its training pictures, judged
on all test pictures. Of a table (arrays X and y, 1 for strange) 30% of the rows are held out at random, and learnt from
the normal ones of the rest. Areas under the ROC curve and average precisions, in percent, are means over classes and
seeds; a fit that is done already is not done again. `--quick` is a rehearsal: two classes, one seed, a thousandth of
the images. Prints a table in Markdown.
"""

import argparse
import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.markdown import table
from ganache.data import open_dataset
from ganache.data.location import NAMES, title
from ganache.data.store.packed import PackedDataset
from ganache.support.json_files import read_json, write_json
from ganache.support.streams import derive
from ganache.support.units import duration_text
from ganache.training.plan import Request
from ganache.uses.anomaly.fitting import fit
from ganache.uses.anomaly.telling import score
from ganache.uses.study.subsets import LabelledPictures, write_few

TESTED = 0.3  # of a table's rows
QUICK_CLASSES, QUICK_IMAGES = 2, 1_000


@dataclass(frozen=True)
class Result:
    """What came of one fit: of which set, what was normal, and how well each judge did."""

    name: str
    normal: str
    seed: int
    seconds: float
    learnt: int
    normals: int
    strangers: int
    auroc: dict[str, float]
    precision: dict[str, float]
    false_positives: float


def of_pictures(source: str, out: Path, seed: int, images: int | None, most: int | None) -> Iterator[Result]:
    """Yield a result for each class of a set of pictures that is taken for normal."""
    dataset, tested = open_dataset(source), out / f"{title(source)}.test.npz"
    assert isinstance(dataset, PackedDataset), source
    if not tested.exists():
        # A file of its own: of a folder or a zip `score` judges every picture, those of the training among them.
        test = dataset.rows("test", 0, int(dataset.rows_by_label("test").sum()))
        write_few(tested, LabelledPictures(test.images, test.labels), dataset.label_names)
    for name in dataset.label_names[:most]:
        asked = Request(data=source, labels=(name,), seed=seed, images=images)
        yield measured(asked, str(tested), (name,), title(source), out / f"{title(source)}-{name}-{seed}")


def of_table(path: Path, out: Path, seed: int, images: int | None) -> Result:
    """Return the result of a table."""
    folder = out / f"{path.stem}-{seed}"
    learnt, tested = folder.with_suffix(".train.npz"), folder.with_suffix(".test.npz")
    with np.load(path) as arrays:
        rows, strange = arrays["X"].astype(np.float64), arrays["y"] == 1
    order = np.random.default_rng(derive(seed, "table")).permutation(len(rows))
    count = round(TESTED * len(rows))
    test, train = order[:count], order[count:]
    out.mkdir(parents=True, exist_ok=True)
    np.savez(learnt, X=rows[train[~strange[train]]])
    np.savez(tested, X=rows[test], y=strange[test].astype(np.int64))
    return measured(Request(data=str(learnt), seed=seed, images=images), str(tested), ("0",), path.stem, folder)


def measured(asked: Request, tested: str, normal: tuple[str, ...], name: str, folder: Path) -> Result:
    """Fit and score, unless it was done already."""
    record = folder.with_suffix(".json")
    if record.exists():
        return Result(**read_json(record, "result"))
    shutil.rmtree(folder, ignore_errors=True)
    began = time.perf_counter()
    fitted = fit(asked, folder)
    seconds = time.perf_counter() - began
    report = score(folder, tested, folder.with_suffix(".csv"), normal=normal)
    assert report.won is not None, "the tested rows have classes of both kinds"
    is_normal = np.array([one in normal for one in report.classes])
    result = Result(
        name,
        ", ".join(normal),
        asked.seed,
        seconds,
        fitted.learnt,
        report.won.normals,
        report.won.strangers,
        dict(report.won.auroc),
        dict(report.won.precision),
        float(report.strange[is_normal].mean()),
    )
    write_json(record, asdict(result))
    shutil.rmtree(folder)  # the scores are beside it
    return result


def lines(results: list[Result]) -> str:
    """Return the means over classes and seeds as a table in Markdown: a row for each set, AUROC and AP in percent."""
    judges = [*results[0].auroc]
    head = ("set", "fits", "longest", "false positives", *judges)
    body = []
    for name in dict.fromkeys(one.name for one in results):
        own = [one for one in results if one.name == name]
        means = [
            tuple(100 * float(np.mean([getattr(one, what)[judge] for one in own])) for what in ("auroc", "precision"))
            for judge in judges
        ]
        wrong = 100 * float(np.mean([one.false_positives for one in own]))
        cells = (f"{area:.1f} / {precision:.1f}" for area, precision in means)
        body.append((name, str(len(own)), duration_text(max(one.seconds for one in own)), f"{wrong:.1f}%", *cells))
    return table([head, *body])


def verdict(results: list[Result]) -> str:
    """Return the means over sets of the ensemble's area and of the better baseline's, in a sentence."""
    names = [*dict.fromkeys(one.name for one in results)]

    def mean(judge: str) -> float:
        return float(np.mean([np.mean([one.auroc[judge] for one in results if one.name == name]) for name in names]))

    rival = max(("isolation-forest", "plain-neighbours"), key=mean)
    return f"mean AUROC over {len(names)} sets: ensemble {mean('ensemble'):.4f}, {rival} {mean(rival):.4f}"


def main() -> None:
    """Measure the sets that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", help="Names or paths of pictures with classes, or tables as .npz.")
    parser.add_argument("--out", type=Path, default=Path("runs/anomaly"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, help="That the GAN sees; what `ganache anomaly fit` takes if left out.")
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    images, most = (QUICK_IMAGES, QUICK_CLASSES) if asked.quick else (asked.images, None)
    results: list[Result] = []
    for source in asked.sets:
        for seed in range(1 if asked.quick else asked.seeds):
            is_table = source not in NAMES and holds_table(Path(source))
            found = [of_table(Path(source), asked.out, seed, images)] if is_table else None
            for one in found or of_pictures(source, asked.out, seed, images, most):
                results.append(one)
                print(json.dumps(asdict(one)), flush=True)
    print(lines(results))
    print(verdict(results))


def holds_table(path: Path) -> bool:
    """Return whether a file has rows X and y."""
    if path.suffix != ".npz":
        return False
    with np.load(path) as arrays:
        return {"X", "y"} <= set(arrays.files)


if __name__ == "__main__":
    main()
