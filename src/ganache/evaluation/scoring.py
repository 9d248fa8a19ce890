"""One pass over the samples, and the scores that come of it: for `evaluate`, `judge` and a training alike."""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganache.data import Dataset
from ganache.data.dataset import Progress
from ganache.evaluation.catalogue import Metric, Say
from ganache.evaluation.cautions import warnings_of_features, warnings_of_few
from ganache.evaluation.evidence import Evidence, Requests, Setting, gather
from ganache.evaluation.metrics.counter import Sums
from ganache.evaluation.pieces import Labels, Piece
from ganache.evaluation.records import Evaluation, SampleSet, Score
from ganache.evaluation.reference import Reference
from ganache.evaluation.samples import GeneratorSamples, PictureSamples, Samples
from ganache.support.errors import UserError

MOST_REQUESTS = 10_000  # a longer list of classes is gone through again


@dataclass(frozen=True, eq=False)
class Scored:
    """What an evaluation leaves: the records, and what the picture of the nearest pairs is made of."""

    evaluation: Evaluation
    evidence: Evidence
    images: Callable[[Sequence[int]], NDArray[Any]]  # the samples (n, H, W, C) with these numbers


def score(
    source: Samples,
    reference: Reference,
    setting: Setting,
    metrics: Sequence[Metric],
    *,
    strict: bool = True,
    progress: Progress | None = None,
    say: Say = lambda line: None,
) -> Scored:
    """Pass over the samples once and compute the metrics.

    One that cannot be computed from what was drawn raises UserError when `strict`, and else is named in a warning.
    """
    dataset = reference.dataset
    numbers = _numbers(source, dataset)

    def pieces() -> Iterator[Piece]:
        for piece in source.stream(setting.count, setting.seed, dataset.shape, setting.requests.names):
            yield replace(piece, labels=np.where(piece.labels >= 0, numbers[piece.labels], -1))

    def images(places: Sequence[int]) -> NDArray[Any]:
        if isinstance(source, PictureSamples):  # which need not all be decoded again
            return source.pick(places, setting.count, setting.seed, dataset.shape)
        return pick(pieces(), places)

    counters = [metric.counter(setting, say) for metric in metrics if metric.counter is not None]
    sums = [copy.deepcopy(counter) for counter in counters if isinstance(counter, Sums)]
    reference.expect(max((metric.keeps_reals(setting) for metric in metrics), default=0))
    reference.count_with(sums)
    keep = max((metric.keeps(setting) for metric in metrics), default=0)
    moments, kept = gather(pieces(), setting, keep, counters, progress)
    evidence = Evidence(setting, reference, moments, kept, source.images_seen, counters, sums)
    scores, warnings = _scores(metrics, evidence, strict)
    evaluation = Evaluation(
        samples=_sample_set(source, setting),
        reference=reference.describe(),
        scores=tuple(scores),
        warnings=tuple(warnings),
    )
    return Scored(evaluation, evidence, images)


def make_setting(reference: Reference, source: Samples, requests: Requests, count: int, seed: int) -> Setting:
    """Return what the metrics' possibility depends on."""
    is_labelled = not isinstance(source, GeneratorSamples) and bool((_numbers(source, reference.dataset) >= 0).any())
    has_classes = bool(requests.names) or is_labelled
    return Setting(reference, count, seed, requests, has_classes, source.beside, source.settings)


def as_among_reals(source: Samples, reference: Reference, count: int, seed: int) -> Requests:
    """Return what a conditional generator is asked for: classes as often as they occur among the reals."""
    if not isinstance(source, GeneratorSamples) or not source.label_names:
        return Requests()
    return Requests(tuple(reference.labels_in_order(min(count, MOST_REQUESTS), seed)))


def evenly(source: Samples, dataset: Dataset, labels: Sequence[str]) -> Requests:
    """Return what a conditional generator is asked for: the `labels` in turn, or all classes of the data it knows."""
    if not isinstance(source, GeneratorSamples):
        return Requests()
    known = tuple(name for name in dataset.label_names if name in source.label_names)
    return Requests(known and tuple(labels or known), "evenly, in turn")


def pick(pieces: Iterator[Piece], numbers: Sequence[int]) -> NDArray[Any]:
    """Return the samples (n, H, W, C) with these numbers, in this order."""
    wanted = {int(number) for number in numbers}
    found: dict[int, NDArray[Any]] = {}
    done = 0
    for piece in pieces:
        for number in range(done, done + len(piece.images)):
            if number in wanted:
                found[number] = piece.images[number - done].copy()
        done += len(piece.images)
        if len(found) == len(wanted):
            break
    return np.stack([found[int(number)] for number in numbers])


def _scores(metrics: Sequence[Metric], evidence: Evidence, strict: bool) -> tuple[list[Score], list[str]]:
    scores: list[Score] = []
    warnings: list[str] = []
    for metric in metrics:
        try:
            scores += list(metric.score(evidence))  # all of them, or none
        except UserError as error:
            if strict:
                raise
            warnings.append(f"{metric.name} is left out: {error}")
    if any(metric.name == "fd" for metric in metrics):
        warnings += warnings_of_few(evidence)
    if any(one.protocol.features for one in scores):
        warnings += warnings_of_features(evidence)
    return scores, warnings


def _sample_set(source: Samples, setting: Setting) -> SampleSet:
    return SampleSet(
        source=source.source,
        kind=source.kind,
        count=setting.count,
        seed=setting.seed,
        size=str(setting.dataset.shape),
        read=source.read,
        images_seen=source.images_seen,
    )


def _numbers(source: Samples, dataset: Dataset) -> Labels:
    """Return the data's number of each of the samples' classes, -1 for all of them when one is not the data's."""
    names = dataset.label_names
    if not source.label_names or not set(source.label_names) <= set(names):
        return np.full(max(1, len(source.label_names)), -1, np.int64)
    return np.array([names.index(name) for name in source.label_names], np.int64)
