"""Do a generator's pictures help a classifier of few, and are pictures that cheat or say nothing called out?

    python -m benchmarks.augment_study digits mnist cifar10 --out runs/augment-study

Of each set `ganache augment-study` is made with generators that learn from the few alone, and at the smallest number of
pictures twice more with given ones: noise of every class, and the pictures that judge, slightly shaken. A study that is
done is not done again, one that was killed goes on. Prints a table in Markdown and the verdicts; those of the planted
pictures must be `useless` and `void`. `--quick` is a rehearsal: three seeds, few steps, a generator of 640 images.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.markdown import table
from ganache.data import open_dataset
from ganache.data.location import title
from ganache.data.store.packed import PackedDataset
from ganache.support.streams import derive
from ganache.training.plan import Request
from ganache.uses.study.augmentation_study import PER_CLASS, SEEDS, AugmentStudy, Studied, augment_study
from ganache.uses.study.learners import STEPS
from ganache.uses.study.outcomes import CountOutcome
from ganache.uses.study.subsets import FewAndJudges, LabelledPictures, pool_of, write_few
from ganache.uses.study.summary import write_summary

NOISE_PER_CLASS = 200
SHAKEN = 4  # of 255, by which the cheat's pictures differ from those that judge
QUICK_SEEDS, QUICK_STEPS, QUICK_IMAGES = 3, 8, 640


def plant_noise(pool: FewAndJudges, path: Path) -> Path:
    """Write noise of every class: a useless generator's pictures."""
    shape, count = pool.shape, NOISE_PER_CLASS * len(pool.names)
    random = np.random.default_rng(derive(0, "planted noise"))
    images = random.integers(0, 256, (count, shape.height, shape.width, shape.channels), dtype=np.uint8)
    return _written(path, images, np.resize(np.arange(len(pool.names)), count), pool)


def plant_cheat(pool: FewAndJudges, path: Path) -> Path:
    """Write the pictures that judge, shaken: those of a generator that learnt them by heart."""
    random = np.random.default_rng(derive(0, "planted cheat"))
    images = pool.judges.images.transpose(0, 2, 3, 1).astype(np.int16)
    images += random.integers(-SHAKEN, SHAKEN + 1, images.shape, dtype=np.int16)
    return _written(path, np.clip(images, 0, 255).astype(np.uint8), pool.judges.labels, pool)


def studies(source: str, asked: AugmentStudy, smallest: int) -> Iterator[tuple[str, Studied]]:
    """Yield the studies of a set with what their synthetic pictures are; `asked.out` is where all of them are kept."""
    pool, folder = pool_of(opened(source)), asked.out / title(source)
    yield "generators", made(asked, out=folder / "generators")
    given = {"request": Request(data=source, device=asked.request.device), "per_class": (smallest,)}
    for name, plant in (("noise", plant_noise), ("cheat", plant_cheat)):
        path = folder / f"{name}.npz"
        if not path.exists():
            plant(pool, path)
        yield name, made(asked, **given, out=folder / name, synthetic=str(path))


def made(asked: AugmentStudy, **changed: object) -> Studied:
    """Make a study, or go on with it, and write its page."""
    found = augment_study(AugmentStudy(**{**vars(asked), **changed}), say=print)
    if found.signal is not None:
        raise SystemExit(128 + found.signal)
    write_summary(found)
    return found


def opened(source: str) -> PackedDataset:
    """Return a set of labelled pictures."""
    found = open_dataset(source)
    assert isinstance(found, PackedDataset), source
    return found


def lines(results: Sequence[tuple[str, str, CountOutcome]]) -> str:
    """Return a row for each set, source of synthetic pictures and number of pictures, differences in points."""
    head = (
        "set",
        "synthetic",
        "per class",
        "the few alone",
        "synthetic, against none",
        "both, against moved",
        "verdict",
    )
    body = []
    for name, what, one in results:
        differences = (one.difference(which).said().replace(" points", "") for which in ("alone", "beside"))
        body.append((name, what, f"{one.count:,}", f"{one.accuracy('plain'):.1%}", *differences, one.word))
    return table([head, *body])


def main() -> None:
    """Make all studies and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help="what --data of train takes")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--per-class", default=",".join(map(str, PER_CLASS)))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--images", default=None, help="that each generator sees")
    parser.add_argument("--steps", type=int, default=STEPS, help="of each classifier")
    parser.add_argument("--recipe", default=None)
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="FIELD=VALUE")
    parser.add_argument("--no-flips", action="store_true")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    results = []
    for source in given.sources:
        asked = AugmentStudy(
            request=Request(
                data=source,
                recipe=given.recipe,
                images=QUICK_IMAGES if given.quick else given.images,
                settings=tuple(given.settings),
                device=given.device,
            ),
            out=given.out,
            per_class=given.per_class,
            seeds=QUICK_SEEDS if given.quick else given.seeds,
            steps=QUICK_STEPS if given.quick else given.steps,
            flips=not given.no_flips,
        )
        for what, found in studies(source, asked, asked.counts[0]):
            results += [(title(source), what, one) for one in found.outcomes]
    print(lines(results))
    for name, what, one in results:
        print(f"{name}, {what}: {one.sentence()}")


def _written(path: Path, images: NDArray[np.uint8], labels: NDArray[np.int64], pool: FewAndJudges) -> Path:
    write_few(path, LabelledPictures(images.transpose(0, 3, 1, 2), labels), pool.names)
    return path


if __name__ == "__main__":
    main()
