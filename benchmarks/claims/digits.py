"""Trainings on the 8×8 digits, judged by the classifier of the digits."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

import ganache
from benchmarks.claims.workshop import Finished, Json
from ganache.data import open_dataset
from ganache.data.store.packed import PackedDataset
from ganache.evaluation.features.trained_classifier import TrainedClassifier, classifier_for
from ganache.evaluation.metrics.frechet import frechet_distance
from ganache.evaluation.metrics.moments import Moments
from ganache.runs.products import TrainedGenerator

SAMPLES = 2_000
SMALL = ("generator.width=16", "discriminator.width=16")  # of a dcgan
IMAGES = 50_000
_SHOWN = 20


def judged(run: Finished) -> Json:
    """Return the Fréchet distance to all digits, class shares, label accuracy if labels were asked for, and pictures.

    The samples of a conditional generator take all labels in turn.
    """
    generator, judge = ganache.load(run.path), _judge()
    names = judge.label_names
    wanted = names if generator.label_names else ()
    images = generator.sample(SAMPLES, labels=wanted)
    features, probabilities = judge.judge(images)
    said = probabilities.argmax(axis=1)
    shares = np.bincount(said, minlength=len(names)) / SAMPLES
    return {
        "frechet": frechet_distance(Moments.of(features), _reals()),
        "smallest_share": float(shares.min()),
        "confidence": float(probabilities.max(axis=1).mean()),
        "label_accuracy": float((said == np.arange(SAMPLES) % len(names)).mean()) if wanted else None,
        "images_seen": run.images_seen,
        "training_seconds": run.training_seconds,
        "diverged": run.diverged,
        "pictures": _shown(generator, wanted),
    }


def strip(pictures: Any) -> NDArray[np.uint8]:
    """Return pictures (N, 8, 8) as a sheet of two rows (…, …) with a line of white between them."""
    images = np.asarray(pictures, np.uint8)
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)), constant_values=255)
    rows = padded.reshape(2, len(images) // 2, *padded.shape[1:])
    return np.concatenate([np.concatenate(list(row), axis=1) for row in rows], axis=0)


def accuracy_of_judge() -> float:
    """Return the classifier's accuracy on digits that it was not trained on."""
    return _judge().accuracy


def _shown(generator: TrainedGenerator, wanted: tuple[str, ...]) -> list[Any]:
    pictures: list[Any] = generator.sample(_SHOWN, seed=1, labels=wanted)[..., 0].tolist()
    return pictures


def _digits() -> PackedDataset:
    dataset = open_dataset("digits")
    assert isinstance(dataset, PackedDataset)
    return dataset


@cache
def _judge() -> TrainedClassifier:
    return classifier_for(_digits())


@cache
def _reals() -> Moments:
    dataset = _digits()
    start, stop = dataset.summary()["splits"]["train"]
    images = dataset.rows("train", 0, stop - start).images.transpose(0, 2, 3, 1)
    return Moments.of(_judge().judge(np.ascontiguousarray(images))[0])
