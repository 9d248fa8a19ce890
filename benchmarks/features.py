"""Which features order what is done to pictures as people do: distances of spoilt pictures from others like them.

    python -m benchmarks.features --data cifar10-jpg.zip [--count 2500] [--features NAME …] [--seed 0] [--json OUT]

`count` pictures as they are stand for the reals, as many others for samples, spoilt in four ways and three degrees: the
first is hardly seen, with the third one hardly sees what it was. Features are right about two of these sets when the
one of a greater degree is farther, and when one of the third degree is farther than one of the first, whichever ways
these are. Two more ways spoil the set and no picture: classes are missing, pictures are repeated. Of these only the
degrees are compared, with the set itself too. Prints the table and how many pairs are right.
"""

import argparse
import io
import itertools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from benchmarks.markdown import table
from ganache.data import open_dataset
from ganache.data.store.packed import PackedDataset
from ganache.evaluation.features.by_name import find
from ganache.evaluation.features.extractor import Extractor
from ganache.evaluation.metrics.frechet import frechet_distance
from ganache.evaluation.metrics.kernel import kernel_distance
from ganache.evaluation.metrics.moments import moments_of

Pictures = NDArray[np.uint8]
Features = NDArray[np.float32]
Distances = dict[str, list[float]]  # of each way, by degree

FEATURES = ("efficientnet-lite0", "random", "pixels")
CLEAN = "as they are"


def blurred(pictures: Pictures, sigma: float) -> Pictures:
    """Return pictures (N, H, W, 3) through a Gaussian of so many pixels."""
    return _each(pictures, lambda image: image.filter(ImageFilter.GaussianBlur(sigma)))


def noisy(pictures: Pictures, sigma: float, seed: int = 0) -> Pictures:
    """Return pictures with normal noise of so many of 255 grey values."""
    noise = np.random.default_rng(seed).normal(scale=sigma, size=pictures.shape)
    return (pictures + noise).round().clip(0, 255).astype(np.uint8)


def compressed(pictures: Pictures, quality: float) -> Pictures:
    """Return pictures through a JPEG file of a quality."""

    def through(image: Image.Image) -> Image.Image:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=int(quality))
        return Image.open(file).convert("RGB")

    return _each(pictures, through)


def occluded(pictures: Pictures, share: float, seed: int = 0) -> Pictures:
    """Return pictures with a grey square over this share of each side, somewhere."""
    spoilt, random = pictures.copy(), np.random.default_rng(seed)
    high, wide = (round(share * side) for side in pictures.shape[1:3])
    for image in spoilt:
        row, column = random.integers(image.shape[0] - high + 1), random.integers(image.shape[1] - wide + 1)
        image[row : row + high, column : column + wide] = 127
    return spoilt


WAYS: dict[str, tuple[Callable[[Pictures, float], Pictures], tuple[float, float, float]]] = {
    "blur, σ in pixels": (blurred, (0.4, 1.0, 2.5)),
    "noise, σ of 255": (noisy, (5.0, 20.0, 70.0)),
    "JPEG, quality": (compressed, (80.0, 25.0, 4.0)),
    "occlusion, share of a side": (occluded, (0.12, 0.4, 0.75)),
}
LACKING, REPEATING = "missing classes of ten", "repeated, times each"
OF_SETS: dict[str, tuple[int, int, int]] = {LACKING: (1, 3, 5), REPEATING: (2, 10, 50)}


def lacking(labels: NDArray[np.int64], count: int, missing: int) -> NDArray[np.int64]:
    """Return which of the pictures are `count` without the first classes."""
    return np.flatnonzero(labels >= missing)[:count]


def repeating(count: int, times: int) -> NDArray[np.int64]:
    """Return which of the pictures are `count` when each of some is there so many times."""
    return np.arange(count) % max(1, count // times)


def measured(
    extractor: Extractor, pictures: Pictures, labels: NDArray[np.int64], count: int
) -> tuple[Distances, Distances]:
    """Return the Fréchet and kernel distances from the last `count` pictures; the first ones are samples."""
    of_all = extractor(pictures).features
    reals, samples = of_all[-count:], of_all[:-count]
    moments = moments_of(reals)
    by_frechet: Distances = {}
    by_kernel: Distances = {}
    for way, features in _sets(extractor, pictures[:count], samples, labels, count):
        by_frechet.setdefault(way, []).append(frechet_distance(moments_of(features), moments))
        by_kernel.setdefault(way, []).append(kernel_distance(features, reals).value)
    return by_frechet, by_kernel


def _sets(
    extractor: Extractor, pictures: Pictures, samples: Features, labels: NDArray[np.int64], count: int
) -> Iterator[tuple[str, Features]]:
    yield CLEAN, samples[:count]
    for way, (spoil, degrees) in WAYS.items():
        for degree in degrees:
            yield way, extractor(spoil(pictures, degree)).features
    for missing in OF_SETS[LACKING]:
        yield LACKING, samples[lacking(labels[: len(samples)], count, missing)]
    for times in OF_SETS[REPEATING]:
        yield REPEATING, samples[repeating(count, times)]


def right(found: Distances) -> dict[str, tuple[int, int]]:
    """Return how many pairs are in the right order, and of how many: within one way, and across two."""
    within = [
        near < far
        for way, distances in found.items()
        if way != CLEAN
        for near, far in itertools.pairwise([found[CLEAN][0], *distances])
    ]
    across = [found[one][0] < found[other][2] for one, other in itertools.permutations(WAYS, 2)]
    return {name: (sum(pairs), len(pairs)) for name, pairs in (("within", within), ("across", across))}


def shown(results: dict[str, Distances]) -> str:
    """Return the distances in each kind of features as a table."""
    degrees = {
        CLEAN: ("",),
        **{way: tuple(f"{value:g}" for value in values) for way, (_, values) in WAYS.items()},
        **{way: tuple(map(str, values)) for way, values in OF_SETS.items()},
    }
    rows = [("", "", *results)]
    for way, names in degrees.items():
        for number, name in enumerate(names):
            values = (f"{found[way][number]:.3g}" for found in results.values())
            rows.append((way if not number else "", name, *values))
    for kind in ("within", "across"):
        said = (f"{good} of {every}" for good, every in (right(found)[kind] for found in results.values()))
        rows.append((f"right, {kind} ways", "", *said))
    return table(rows)


def _each(pictures: Pictures, spoil: Callable[[Image.Image], Image.Image]) -> Pictures:
    return np.stack([np.asarray(spoil(Image.fromarray(picture))) for picture in pictures])


def load(data: str, count: int, seed: int) -> tuple[Pictures, NDArray[np.int64]]:
    """Return 3 `count` pictures (N, H, W, 3) of a seeded order and their classes."""
    dataset = open_dataset(data)
    assert isinstance(dataset, PackedDataset), "the data needs classes"
    batch = dataset.stream(seed).batch(0, 3 * count)
    return np.ascontiguousarray(batch.images.transpose(0, 2, 3, 1)), batch.labels


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure everything and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--count", type=int, default=2_500)
    parser.add_argument("--features", nargs="+", default=FEATURES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args(arguments)
    dataset = open_dataset(asked.data)
    pictures, labels = load(asked.data, asked.count, asked.seed)
    results: dict[str, Distances] = {}
    for name in asked.features:
        began = time.perf_counter()
        fd, kd = measured(find(name, dataset), pictures, labels, asked.count)
        results |= {f"fd/{name}": fd, f"kd/{name}": kd}
        print(f"{name}: {time.perf_counter() - began:.0f} s", flush=True)
    print(shown(results))
    if asked.json is not None:
        asked.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
