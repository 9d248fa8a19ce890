"""What the codes of `infogan` mean, and how well the encoder of `bigan` inverts: on digits, by their classifier.

    python -m benchmarks.games infogan bigan [--seeds 0 1 2] [--images N] [--out runs/games]

`infogan`, 10,000 samples of each seed: each of the ten values of the category is given one digit, no two the same, so
that most samples agree (Kuhn 1955, by SciPy); the share of samples that do. `bigan`, trained on the first 1,500 digits:
of these and of the other 297, the share whose reconstruction the classifier takes for the same digit as the picture,
the mean squared difference over that from the mean picture, and the share of the 297 whose nearest encoding among the
1,500 bears their label.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

import ganache
from ganache.data import open_dataset
from ganache.data.store.packed import PackedDataset
from ganache.evaluation.features.trained_classifier import TrainedClassifier, classifier_for
from ganache.parts.latents import Coded
from ganache.runs.encoders import load_encoder
from ganache.runs.products import GROUP, TrainedGenerator

SAMPLES = 10_000
LEARNT = 1_500  # digits that `bigan` is trained on


def agreement(codes: NDArray[np.int64], classes: NDArray[np.int64], count: int) -> float:
    """Return the share of samples whose class is the one that their code was given, for the best one-to-one choice."""
    table = np.zeros((count, count))
    np.add.at(table, (codes, classes), 1)
    rows, columns = linear_sum_assignment(-table)
    return float(table[rows, columns].sum() / len(codes))


def coded(generator: TrainedGenerator, judge: TrainedClassifier, seed: int = 0) -> float:
    """Return how far the first category of a generator's codes agrees with the classes."""
    latent = generator.config.latent
    assert isinstance(latent, Coded)
    codes, classes = [], []
    for group in range(-(-SAMPLES // GROUP)):
        latents, conditions = generator.inputs(seed, group)
        codes.append(latent.split(latents)[0][0].argmax(dim=1).numpy())
        classes.append(judge.judge(generator.make(latents, conditions))[1].argmax(axis=1))
    return agreement(np.concatenate(codes)[:SAMPLES], np.concatenate(classes)[:SAMPLES], latent.categories[0])


def inverted(run: Path, images: NDArray[np.uint8], labels: NDArray[np.int64], judge: TrainedClassifier) -> list[float]:
    """Return same class and relative error of both parts of images (N, C, H, W), and the accuracy by neighbours."""
    encoder, generator, found = load_encoder(run), ganache.load(run), []
    latents = encoder.encode(images)
    remade = generator.make(torch.from_numpy(latents), torch.zeros(len(latents), 0))
    pictures = images.transpose(0, 2, 3, 1)
    same = judge.judge(pictures)[1].argmax(axis=1) == judge.judge(remade)[1].argmax(axis=1)
    mean = pictures[:LEARNT].astype(np.float64).mean(axis=0)
    for part in (slice(LEARNT), slice(LEARNT, None)):
        error = np.square(remade[part].astype(np.float64) - pictures[part]).mean()
        found += [float(same[part].mean()), float(error / np.square(pictures[part] - mean).mean())]
    squares = np.square(latents[LEARNT:, None] - latents[None, :LEARNT]).sum(axis=2)
    nearest = labels[:LEARNT][squares.argmin(axis=1)]
    return [*found, float((nearest == labels[LEARNT:]).mean())]


def main() -> None:
    """Train what is asked for, and print a line a seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="+", choices=("infogan", "bigan"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--images", default=None)
    parser.add_argument("--out", type=Path, default=Path("runs/games"))
    asked = parser.parse_args()
    digits = open_dataset("digits")
    assert isinstance(digits, PackedDataset)
    judge, batch = classifier_for(digits), digits.rows("train", 0, digits.count)
    for recipe in asked.recipes:
        for seed in asked.seeds:
            data: Any = "digits" if recipe == "infogan" else batch.images[:LEARNT].transpose(0, 2, 3, 1)
            out = asked.out / f"{recipe}-{seed}"
            ended = ganache.train(recipe, data=data, out=out, images=asked.images, seed=seed, precision="fp32")
            known = batch.images, batch.labels, judge
            found = [coded(ganache.load(out), judge)] if recipe == "infogan" else inverted(out, *known)
            numbers = "  ".join(f"{number:.3f}" for number in found)
            spent = f"{ended.images_seen:,} images, {ended.training_seconds:.0f} s"
            print(f"{recipe} seed {seed}, {spent}: {numbers}", flush=True)


if __name__ == "__main__":
    main()
