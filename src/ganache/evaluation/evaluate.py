"""From samples and data to records: what the command `evaluate` does, and evaluation during training does in small."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganache.data import Dataset
from ganache.data.dataset import Progress
from ganache.data.decoding.deep import Pair
from ganache.data.selection import compared_classes
from ganache.data.source import Source
from ganache.data.store.packed import PackedDataset
from ganache.engine.devices import choose_device
from ganache.evaluation import features
from ganache.evaluation.catalogue import Metric, choose, defaults
from ganache.evaluation.cautions import warnings_of_data, warnings_of_few
from ganache.evaluation.evidence import Evidence, Setting, gather
from ganache.evaluation.features import ClassifierExtractor, Extractor, InceptionExtractor
from ganache.evaluation.features.trained_classifier import classifier_for
from ganache.evaluation.mode_counters import mode_counter, published_samples
from ganache.evaluation.records import Evaluation, SampleSet, Score
from ganache.evaluation.reference import Reference
from ganache.evaluation.reference_statistics import Statistics, StatisticsReference, find_statistics
from ganache.evaluation.samples import GeneratorSamples, Labels, PictureSamples, Piece, Samples, open_samples, run_of
from ganache.evaluation.sizes import open_reals, own_reading
from ganache.runs.folder import Run
from ganache.support.errors import UserError
from ganache.support.units import are, check_seed, parse_count, parse_range, parse_size

DEFAULT_COUNT = 10_000  # samples, or as many as there are reals where those are fewer
LARGEST_JUDGED = 128  # pixels of the longer side, above which a classifier takes hours to train on a processor
LEAST_LABELLED = 500  # labelled training images, below which a classifier of them is no good judge

Say = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """An evaluation as a user asked for it; what is left empty is chosen by the data."""

    samples: str
    data: str | None = None
    metrics: tuple[str, ...] = ()
    features: str | None = None
    weights: Path | None = None
    count: str | int | None = None
    seed: int = 0
    split: str = "train"
    labels: tuple[str, ...] = ()
    size: str | None = None
    channels: int | None = None
    device: str = "auto"
    value_range: str | Pair | None = None

    @property
    def values(self) -> Pair | None:
        """What becomes 0 and 255 in files of more than 8 bits; raises UserError for a text that says nothing."""
        return parse_range(self.value_range) if isinstance(self.value_range, str) else self.value_range


@dataclass(frozen=True, eq=False)
class Found:
    """What an evaluation leaves: the records, and what the picture of the nearest pairs is made of."""

    evaluation: Evaluation
    evidence: Evidence
    images: Callable[[Sequence[int]], NDArray[Any]]  # the samples (n, H, W, C) with these numbers


def evaluate(asked: Asked, progress: Progress | None = None, say: Say = lambda line: None) -> Found:
    """Evaluate samples against data.

    `progress` hears of packing, downloads and samples (done, total), `say` what is prepared once. Raises UserError for
    what cannot be done as asked, RunError when disk or network fail.
    """
    check_seed(asked.seed)
    device = choose_device(asked.device)
    source = open_samples(asked.samples, device.type, asked.values)
    run = run_of(asked.samples)
    record = Run.open(run).record() if run else None
    reference = _reference(asked, source, record, device, progress, say)
    count = _count(asked.count, source, reference)
    requests = requested_classes(source, reference, count, asked.seed)
    setting = make_setting(reference, source, requests, count, asked.seed)
    chosen = choose(asked.metrics, setting) if asked.metrics else defaults(setting)
    warnings = warnings_of_data(source, reference, record)
    found = score(source, reference, setting, chosen, requests, bool(asked.metrics), progress, say)
    return replace(found, evaluation=_warned(found.evaluation, [*warnings, *found.evaluation.warnings]))


def score(
    source: Samples,
    reference: Reference,
    setting: Setting,
    metrics: Sequence[Metric],
    requests: Sequence[str] = (),
    strict: bool = True,
    progress: Progress | None = None,
    say: Say = lambda line: None,
) -> Found:
    """Pass over the samples once and compute the metrics.

    One that cannot be computed from what was drawn raises UserError when `strict`, and else is named in a warning.
    """
    dataset = reference.dataset
    numbers = _numbers(source, dataset)

    def pieces() -> Iterator[Piece]:
        for piece in source.stream(setting.count, setting.seed, dataset.shape, requests):
            yield Piece(piece.images, np.where(piece.labels >= 0, numbers[piece.labels], -1))

    counts_modes = any(metric.name == "modes" for metric in metrics)
    counter = mode_counter(dataset, setting.labels, reference.cache, say) if counts_modes else None
    keep = max((metric.keeps(setting) for metric in metrics), default=0)
    gathered = gather(pieces(), setting, keep, counter, progress or (lambda done, total: None))
    evidence = Evidence(setting, reference, gathered.moments, gathered.kept, counter, source.images_seen)
    scores: list[Score] = []
    warnings: list[str] = []
    for metric in metrics:
        try:
            scores += metric.score(evidence)
        except UserError as error:
            if strict:
                raise
            warnings.append(f"{metric.name} is left out: {error}")
    if any(metric.name == "fd" for metric in metrics):
        warnings += warnings_of_few(evidence)
    judged = SampleSet(
        source=source.source,
        kind=source.kind,
        count=setting.count,
        seed=setting.seed,
        size=str(dataset.shape),
        read=source.read,
        images_seen=source.images_seen,
    )
    evaluation = Evaluation(
        samples=judged, reference=reference.describe(), scores=tuple(scores), warnings=tuple(warnings)
    )

    def images(places: Sequence[int]) -> NDArray[Any]:
        if isinstance(source, PictureSamples):  # which need not all be decoded again
            return source.pick(places, setting.count, setting.seed, dataset.shape)
        return pick(pieces(), places)

    return Found(evaluation, evidence, images)


def find_extractor(
    name: str | None,
    dataset: Dataset,
    weights: Path | None = None,
    cache: Path | None = None,
    device: torch.device | None = None,
    progress: Progress | None = None,
    say: Say = lambda line: None,
) -> Extractor:
    """Return the extractor with this name, or the one that suits the data; errors as `features.find`.

    Points have `pixels`; pictures of at least two classes, 500 of them labelled and no side above 128 pixels,
    `classifier`; all others `random`.
    """
    chosen = name or ("inception" if weights is not None else default_features(dataset))
    if chosen == "classifier" and isinstance(dataset, PackedDataset):
        classifier_for(dataset, cache, say)  # says so when it must be trained first
    return features.find(chosen, dataset, weights, cache, device, progress)


def default_features(dataset: Dataset) -> str:
    """Return the name of the features that suit the data."""
    if dataset.shape.is_point:
        return "pixels"
    if not isinstance(dataset, PackedDataset) or len(dataset.label_names) < 2:
        return "random"
    if max(dataset.shape.height, dataset.shape.width) > LARGEST_JUDGED:
        return "random"
    return "classifier" if int((dataset.labels_of("train") >= 0).sum()) >= LEAST_LABELLED else "random"


def make_setting(reference: Reference, source: Samples, requests: Sequence[str], count: int, seed: int) -> Setting:
    """Return what the metrics' possibility depends on."""
    extractor = reference.extractor
    return Setting(
        dataset=reference.dataset,
        extractor=extractor,
        count=count,
        seed=seed,
        split=reference.split,
        labels=reference.labels,
        has_classes=bool(requests)
        or (not isinstance(source, GeneratorSamples) and bool((_numbers(source, reference.dataset) >= 0).any())),
        knows_classes=isinstance(extractor, ClassifierExtractor | InceptionExtractor),
        judges_classes=isinstance(extractor, ClassifierExtractor),
        has_reals=not isinstance(reference, StatisticsReference),
    )


def requested_classes(source: Samples, reference: Reference, count: int, seed: int) -> list[str]:
    """Return what a conditional generator is asked for, in turn: classes as often as they occur among the reals."""
    if not isinstance(source, GeneratorSamples) or not source.label_names:
        return []
    return reference.labels_in_order(min(count, DEFAULT_COUNT), seed)


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


def _reference(
    asked: Asked,
    source: Samples,
    record: dict[str, Any] | None,
    device: torch.device,
    progress: Progress | None,
    say: Say,
) -> Reference:
    """Return the reals: images seen through the features that suit them, or statistics of such features."""
    if asked.data is None or (arrays := find_statistics(asked.data)) is None:
        dataset = _open_data(asked, source, record, progress)
        labels = _classes(asked, source, dataset, record)
        extractor = find_extractor(asked.features, dataset, asked.weights, None, device, progress, say)
        return Reference(dataset, extractor, asked.split, labels, say=say)
    if asked.labels or asked.split != "train" or asked.size or asked.channels:
        raise UserError(f"data: {asked.data!r} holds statistics, which have no splits, labels, size or channels")
    of_inception = any(array.name == "mu" and array.shape == (InceptionExtractor.size,) for array in arrays)
    name = asked.features or ("inception" if of_inception or asked.weights is not None else None)
    known = Statistics(asked.data, arrays, own_reading(source, name == "inception"))
    return StatisticsReference(known, find_extractor(name, known, asked.weights, None, device, progress, say))


def _open_data(asked: Asked, source: Samples, record: dict[str, Any] | None, progress: Progress | None) -> Dataset:
    """Return the reals: a run's as it read them, others in the size that was asked for or that suits both."""
    size = parse_size(asked.size) if asked.size else None
    kept = (record or {}).get("source")
    if asked.data is None and kept is None:
        raise UserError("data: what are the samples to be compared with? Name it with --data")
    wanted = Source.of(kept, asked.data) if kept is not None else Source(str(asked.data))
    wanted = replace(wanted, value_range=asked.values or wanted.value_range)
    if size is not None or asked.channels is not None:
        dataset = Source(wanted.data, size, asked.channels, value_range=wanted.value_range).open(progress)
    elif kept is not None:
        dataset = wanted.open(progress)
    else:
        dataset = open_reals(source, wanted, asked.features == "inception" or asked.weights is not None, progress)
    if source.shape not in (None, dataset.shape):
        raise UserError(
            f"data: {dataset.name!r} has images of {dataset.shape}, but those of {source.source!r} are {source.shape}"
            " (height, width, channels)"
        )
    return dataset


def _count(asked: str | int | None, source: Samples, reference: Reference) -> int:
    """Return how many samples are judged.

    10,000, or as many as there are reals where those are fewer; for data whose modes are known, the published count;
    never more than there are.
    """
    if asked is None:
        wanted = published_samples(reference.dataset) or min(DEFAULT_COUNT, reference.used or DEFAULT_COUNT)
        count = min(wanted, source.available or wanted)
    else:
        count = parse_count(asked, "count")
        if source.available is not None and count > source.available:
            raise UserError(f"count: {are(count, 'sample')} more than the {source.available:,} of {source.source!r}")
    if count < 2:
        raise UserError(f"count: {count} sample has no spread to compare; at least 2")
    return count


def _classes(asked: Asked, source: Samples, dataset: Dataset, record: dict[str, Any] | None) -> tuple[str, ...]:
    """Return the classes of the reals: those asked for, or the run's own, or those that the generator draws."""
    own = tuple((record or {}).get("source", {}).get("labels", ()))
    if not isinstance(source, GeneratorSamples) or not source.label_names or not dataset.label_names:
        return asked.labels or own
    source.generator.label_indices(asked.labels)  # refuses those that it does not draw
    own = tuple(name for name in source.label_names if name in own)
    return compared_classes(dataset, source.label_names, asked.labels or own, asked.split)


def _numbers(source: Samples, dataset: Dataset) -> Labels:
    """Return the data's number of each of the samples' classes, -1 for all of them when one is not the data's."""
    names = dataset.label_names
    if not source.label_names or not set(source.label_names) <= set(names):
        return np.full(max(1, len(source.label_names)), -1, np.int64)
    return np.array([names.index(name) for name in source.label_names], np.int64)


def _warned(evaluation: Evaluation, warnings: Sequence[str]) -> Evaluation:
    return evaluation.model_copy(update={"warnings": tuple(warnings)})
