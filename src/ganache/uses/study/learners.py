"""The classifiers that a study compares: the same first weights, steps and pictures a step, other things to see.

Their network and its training are those of the judge (`evaluation/features/trained_classifier.py`), without the shifts
that the judge always sees.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganache.data.labels import count_labels
from ganache.data.shape import ImageShape
from ganache.engine.full_precision import full_precision
from ganache.engine.pixel_values import channels_last, values_of
from ganache.engine.transfers import CPU, to_device
from ganache.evaluation.features.classifier_network import ClassifierNetwork, fit_classifier
from ganache.evaluation.features.trained_classifier import TrainedClassifier, pooling_unwarned, shifted
from ganache.support.streams import derive, generator, untouched_global_stream
from ganache.uses.study.subsets import Integers, LabelledPictures

BATCH = 64  # of which a half is synthetic where there are any
STEPS = 400  # of every classifier, where nobody says


class Arm(NamedTuple):
    """What a classifier sees beside the few: are all pictures moved, is a half of them synthetic?"""

    name: str
    says: str
    is_moved: bool
    is_filled: bool


ARMS = (
    Arm("plain", "the few alone", is_moved=False, is_filled=False),
    Arm("moved", "flips and crops", is_moved=True, is_filled=False),
    Arm("synthetic", "synthetic pictures", is_moved=False, is_filled=True),
    Arm("both", "both", is_moved=True, is_filled=True),
)


class School(NamedTuple):
    """What all classifiers of a study share."""

    shape: ImageShape
    names: tuple[str, ...]
    steps: int = STEPS
    flips: bool = True
    device: torch.device = CPU


def learnt(
    arm: Arm, few: LabelledPictures, synthetic: LabelledPictures, school: School, seed: int
) -> TrainedClassifier:
    """Return a classifier that saw a half of its pictures among the synthetic ones where the arm has any."""
    sources = [few, synthetic] if arm.is_filled and len(synthetic.labels) else [few]
    with untouched_global_stream(), full_precision(), pooling_unwarned():
        torch.manual_seed(derive(seed, "learner"))
        network = ClassifierNetwork(school.shape, len(school.names)).to(school.device)
        batches = _drawn(sources, school.device, seed)
        seen = _moved(batches, school.flips) if arm.is_moved else batches
        fit_classifier(network, ((values_of(images), labels) for images, labels in seen), school.steps)
    network.eval().requires_grad_(False)
    return TrainedClassifier(network, school.names, 0.0, 0, "")


def right(classifier: TrainedClassifier, pictures: LabelledPictures) -> Integers:
    """Return how many pictures (K,) of each class are told right."""
    found = classifier.read(pictures.images)
    return count_labels(pictures.labels[found == pictures.labels], len(classifier.label_names))[:-1]


def probabilities(
    classifier: TrainedClassifier, pictures: LabelledPictures
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return those (N, K) of each class."""
    if not len(pictures.labels):
        return np.empty((0, len(classifier.label_names)), np.float32)
    return classifier.judge(channels_last(pictures.images))[1]


def _drawn(sources: list[LabelledPictures], device: torch.device, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield batches of as many pictures of each source, without end."""
    kept = [[to_device(torch.from_numpy(part), device) for part in source] for source in sources]
    size = BATCH // len(sources)
    randoms = [generator(CPU, seed, "order", place) for place in range(len(sources))]
    orders = [_order(len(source.labels), size, random) for source, random in zip(sources, randoms, strict=True)]
    while True:
        chosen = [to_device(next(order), device) for order in orders]
        images, labels = (
            torch.cat([part[which][rows] for part, rows in zip(kept, chosen, strict=True)]) for which in (0, 1)
        )
        yield images, labels


def _order(count: int, size: int, random: torch.Generator) -> Iterator[Tensor]:
    """Yield `size` numbers at a time, every pass over 0 … count in a new order."""
    waiting = torch.empty(0, dtype=torch.int64)
    while True:
        while len(waiting) < size:
            waiting = torch.cat([waiting, torch.randperm(count, generator=random)])
        yield waiting[:size]
        waiting = waiting[size:]


def _moved(batches: Iterator[tuple[Tensor, Tensor]], flips: bool) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield every picture shifted by up to an eighth of its sides and, with `flips`, one of two mirrored."""
    for images, labels in batches:
        moved = shifted(images, max(images.shape[2:]))
        if flips:
            mirrored = to_device(torch.rand(len(images)) < 0.5, images.device)[:, None, None, None]
            moved = torch.where(mirrored, moved.flip(3), moved)
        yield moved, labels
