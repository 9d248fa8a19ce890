"""A classifier that was trained on the data judges what a generator draws.

It says which classes occur and how often, how sure it is, how much the pictures differ, whether a conditional generator
draws what it is asked for, and how far the samples are from the training images in the classifier's features: a Fréchet
distance, but no FID, and comparable only under the same protocol, the classifier's checksum included.

Samples and reals pass through in pieces, so that memory does not grow with their number.
"""

import importlib.metadata
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganache.data.dataset import Progress
from ganache.data.selection import compared_classes
from ganache.data.source import Source
from ganache.data.store.packed import PackedDataset
from ganache.engine.devices import choose_device
from ganache.evaluation.features.trained_classifier import VERSION, Classifier, classifier_for
from ganache.evaluation.metrics.frechet import frechet_distance
from ganache.evaluation.verdicts import Tally, Verdict
from ganache.runs.folder import Run
from ganache.runs.products import TrainedGenerator, load
from ganache.support.errors import UserError
from ganache.support.units import check_seed, count_text, counted

PIECE = 1_000  # reals judged at once
SPLIT = "train"  # what a generator learned from is what it is compared with


@dataclass(frozen=True)
class Judgement:
    """A generator's samples and the training images in the eyes of one classifier, with the protocol of the comparison.

    `label_accuracies` holds, by class, the share of samples with the label that was asked for, and `label_accuracy`
    that of all; both are None for a generator that takes no labels. `labels` are the classes to which the comparison
    is restricted, all of them when it is empty.
    """

    samples: Verdict
    reals: Verdict
    frechet_distance: float
    label_accuracy: float | None
    label_accuracies: dict[str, float] | None
    seed: int
    labels: tuple[str, ...]
    data: str
    fingerprint: str
    classifier: dict[str, Any]

    @property
    def name(self) -> str:
        """The distance's name, which says features, samples and reference: ``fd/classifier@10k-vs-train``."""
        return f"fd/classifier@{count_text(self.samples.count)}-vs-{SPLIT}"

    @property
    def extremes(self) -> tuple[str, str]:
        """The names of the classes with the smallest and the largest share, among those that are meant to occur."""
        occurring = [name for name, share in self.reals.shares.items() if share > 0]
        shares = {name: self.samples.shares[name] for name in self.labels or occurring}
        return min(shares, key=shares.__getitem__), max(shares, key=shares.__getitem__)

    def to_json(self) -> dict[str, Any]:
        """Return scores and protocol as JSON values."""
        scores = {self.name: self.frechet_distance, **_without_count(self.samples)}
        if self.label_accuracy is not None:
            scores |= {"label_accuracy": self.label_accuracy, "label_accuracies": self.label_accuracies}
        protocol = {
            "samples": self.samples.count,
            "reals": self.reals.count,
            "split": SPLIT,
            "seed": self.seed,
            "labels": list(self.labels),
            "data": self.data,
            "fingerprint": self.fingerprint,
            "classifier": self.classifier,
            "ganache": importlib.metadata.version("ganache"),
            "torch": torch.__version__,
        }
        return {"scores": scores, "of_the_reals": _without_count(self.reals), "protocol": protocol}


def judge_run(
    run: str | Path,
    data: str,
    count: int = 10_000,
    seed: int = 0,
    labels: Sequence[str] = (),
    device: str = "auto",
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Judgement:
    """Judge `count` samples of a run's averaged generator; the data is read in the size that the run was trained on.

    `progress` hears of packing, `say` of a classifier that must be trained first. Raises UserError as `judge` does, and
    when there is no generator.
    """
    check_seed(seed)
    generator = load(run, choose_device(device).type)
    dataset = _source(Path(run), data).open(progress)
    if not isinstance(dataset, PackedDataset):
        if dataset.shape.is_point:
            raise UserError(f"data: {data!r} is a density of points; a classifier judges pictures of named classes")
        raise UserError(
            f"data: {data!r} has no end, and a classifier learns from a set; ganache evaluate counts its modes"
        )
    check(generator, dataset, count, labels)
    return judge(generator, dataset, classifier_for(dataset, say=say), count, seed, labels)


def judge(
    generator: TrainedGenerator,
    dataset: PackedDataset,
    classifier: Classifier,
    count: int,
    seed: int,
    labels: Sequence[str] = (),
) -> Judgement:
    """Judge `count` samples against the training images; a conditional generator is asked for all its classes evenly.

    `labels` restricts both the reals and what is asked for to some classes; of the reals, only those of classes that a
    conditional generator knows count in any case. Raises UserError for what `check` refuses.
    """
    check(generator, dataset, count, labels)
    known = [name for name in dataset.label_names if name in generator.label_names]
    asked = (tuple(labels) or known) if known else ()
    labels = compared_classes(dataset, known, labels, SPLIT)
    turns = itertools.cycle(asked)
    samples, reals = Tally(classifier), Tally(classifier)
    for images in generator.stream(count, seed, asked):
        samples.add(images, list(itertools.islice(turns, len(images))))
    for images in training_images(dataset, labels):
        reals.add(images)
    if reals.count < 2:
        raise UserError(f"data: {dataset.name!r} has {reals.count} training images of what was asked; at least 2")
    return Judgement(
        samples=samples.verdict(),
        reals=reals.verdict(),
        frechet_distance=frechet_distance(samples.moments.result(), reals.moments.result()),
        label_accuracy=samples.label_accuracy() if asked else None,
        label_accuracies=samples.label_accuracies() if asked else None,
        seed=seed,
        labels=tuple(labels),
        data=dataset.name,
        fingerprint=dataset.fingerprint,
        classifier={
            "version": VERSION,
            "accuracy": classifier.accuracy,
            "tested": classifier.tested,
            "split": classifier.split,
            "checksum": classifier.checksum,
        },
    )


def check(generator: TrainedGenerator, dataset: PackedDataset, count: int, labels: Sequence[str] = ()) -> None:
    """Raise UserError for fewer than two samples, another shape, no two classes, label names that one of them lacks."""
    if count < 2:
        has = "has" if count == 1 else "have"
        raise UserError(f"count: {counted(count, 'sample')} {has} no spread to compare; at least 2")
    if generator.shape != dataset.shape:
        raise UserError(
            f"data: {dataset.name!r} has images of {dataset.shape}, but the generator draws {generator.shape}"
            " (height, width, channels)"
        )
    names = dataset.label_names
    if len(names) < 2:
        raise UserError(f"data: {dataset.name!r} has no two classes, so there is nothing to judge by")
    dataset.stream(0, compared_classes(dataset, generator.label_names, labels, SPLIT))  # refuses unknown labels
    if generator.label_names:
        generator.label_indices(labels)  # refuses those that it does not draw


def _source(run: Path, data: str) -> Source:
    """Return the data as the run read its own, so that it has the same size; as it comes for a bare generator."""
    if not run.is_dir():
        return Source(data)
    return Source.of(Run.open(run).record("source")["source"], data)


def training_images(dataset: PackedDataset, labels: Sequence[str] = ()) -> Iterator[NDArray[np.uint8]]:
    """Yield the training images (n, H, W, C), only those of the labels if there are any."""
    wanted = [dataset.label_names.index(name) for name in labels]
    total = len(dataset.labels_of(SPLIT))
    for start in range(0, total, PIECE):
        batch = dataset.rows(SPLIT, start, min(start + PIECE, total))
        images = batch.images.transpose(0, 2, 3, 1)
        yield images[np.isin(batch.labels, wanted)] if labels else images


def _without_count(verdict: Verdict) -> dict[str, Any]:
    return {name: value for name, value in asdict(verdict).items() if name != "count"}
