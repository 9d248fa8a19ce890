"""From samples and data to records: what the command `evaluate` does, and `judge` by a preset of its own."""

from dataclasses import replace
from typing import Any

import torch

from ganache.data import Dataset
from ganache.data.conversion import Conversion
from ganache.data.dataset import Progress
from ganache.data.origin import Source
from ganache.data.selection import TRAIN, compared_classes
from ganache.engine.devices import choose_device
from ganache.evaluation.asked import DEFAULT_COUNT, USUAL, Asked, Preset, asked_count, with_spread
from ganache.evaluation.catalogue import Say, check_names, choose
from ganache.evaluation.cautions import warnings_of_copies, warnings_of_data
from ganache.evaluation.features.by_name import find
from ganache.evaluation.features.inception import InceptionExtractor
from ganache.evaluation.mode_counters import published_samples
from ganache.evaluation.reference import Reference, refuse_few
from ganache.evaluation.reference_statistics import Statistics, StatisticsReference, find_statistics
from ganache.evaluation.sample_places import open_samples, read_as_reals, run_of
from ganache.evaluation.samples import GeneratorSamples, PictureSamples, Samples
from ganache.evaluation.scoring import Scored, as_among_reals, evenly, make_setting, score
from ganache.evaluation.sizes import open_reals, own_reading
from ganache.evaluation.translations import evaluate_translator
from ganache.runs.folder import Run
from ganache.runs.trained_translators import FORWARD, is_translator
from ganache.support.errors import UserError
from ganache.support.places import check_place
from ganache.support.units import check_seed, parse_size


def evaluate(
    asked: Asked, progress: Progress | None = None, say: Say = lambda line: None, preset: Preset = USUAL
) -> Scored:
    """Evaluate samples against data.

    `progress` hears of packing, downloads and samples (done, total), `say` what is prepared once. Raises UserError for
    what cannot be done as asked, before anything is trained for it, RunError when disk or network fail.
    """
    check_seed(asked.seed)
    check_names(asked.metrics, asked.extractor_name())
    device = choose_device(asked.device)
    check_place(asked.samples, "samples")
    run = run_of(asked.samples)
    if run is not None and is_translator(run):
        return evaluate_translator(asked, run, device, progress=progress, say=say, preset=preset)
    if asked.paired or asked.direction != FORWARD:
        raise UserError(f"samples: {asked.samples!r} is no translator's run, which has directions and pairs")
    source = open_samples(asked.samples, device.type, asked.values)
    count = asked_count(asked.count, source)
    record = Run.open(run).record() if run else None
    reference = _reference(asked, source, record, device, progress, say, preset)
    warnings = warnings_of_data(source, reference, record)
    count = count or usual_count(source, reference)
    found = evaluate_against(reference, source, asked, count, progress=progress, say=say, preset=preset)
    copies = warnings_of_copies(record, found.evaluation.scores)
    said = (*warnings, *copies, *found.evaluation.warnings)
    return replace(found, evaluation=found.evaluation.model_copy(update={"warnings": said}))


def evaluate_against(
    reference: Reference,
    source: Samples,
    asked: Asked,
    count: int,
    *,
    progress: Progress | None = None,
    say: Say = lambda line: None,
    preset: Preset = USUAL,
) -> Scored:
    """Score `count` samples against reals, by the metrics and classes that were asked for or that are usual."""
    if preset.evenly:
        requests = evenly(source, reference.dataset, asked.labels)
    else:
        requests = as_among_reals(source, reference, count, asked.seed)
    setting = make_setting(reference, source, requests, count, asked.seed)
    chosen = choose(asked.metrics, setting) if asked.metrics else preset.metrics(setting)
    strict = bool(asked.metrics) or preset.strict
    return score(source, reference, setting, chosen, strict=strict, progress=progress, say=say)


def _reference(
    asked: Asked,
    source: Samples,
    record: dict[str, Any] | None,
    device: torch.device,
    progress: Progress | None,
    say: Say,
    preset: Preset,
) -> Reference:
    """Return the reals: images seen through the features that suit them, or statistics of such features."""
    arrays = None if asked.data is None else find_statistics(asked.data)
    if arrays is not None:
        if asked.labels or asked.split not in (None, TRAIN) or asked.size or asked.channels:
            raise UserError(f"data: {asked.data!r} holds statistics, which have no splits, labels, size or channels")
        of_inception = any(array.name == "mu" and array.shape == (InceptionExtractor.size,) for array in arrays)
        name = asked.extractor_name("inception" if of_inception else None)
        known = Statistics(str(asked.data), arrays, own_reading(source, name == "inception"))
        extractor = find(name, known, weights=asked.weights, device=device, progress=progress, say=say)
        return StatisticsReference(known, extractor)
    dataset = reals_for(asked, source, record, progress)
    split = asked.split or TRAIN
    own = tuple((record or {}).get("source", {}).get("labels", ())) if preset.own_classes else ()
    labels = classes_of_reals(source, dataset, asked.labels, own, split)
    refuse_few(dataset, split, dataset.stream(0, labels, split).count)  # before a classifier is trained
    name = asked.extractor_name()
    extractor = find(name, dataset, weights=asked.weights, device=device, progress=progress, say=say)
    return Reference(dataset, extractor, split, labels, say=say, progress=progress)


def reals_for(asked: Asked, source: Samples, record: dict[str, Any] | None, progress: Progress | None) -> Dataset:
    """Return the reals: a run's as it read them, others in the size that was asked for or that suits both.

    `record` is that of the run which the samples come from. Raises UserError where there are none, or others.
    """
    size = parse_size(asked.size) if asked.size else None
    kept = (record or {}).get("source")
    if asked.data is None and kept is None:
        raise UserError("data: what are the samples to be compared with? Name it with --data")
    wanted = Source.of(kept, asked.data) if kept is not None else Source(str(asked.data))
    wanted = replace(wanted, how=replace(wanted.how, value_range=asked.values or wanted.how.value_range))
    if asked.data is not None and source.shape is not None and source.shape.table is not None:
        # Other rows mean what those that it learnt from meant.
        wanted = replace(wanted, how=replace(wanted.how, rows=replace(wanted.how.rows, table=source.shape.table)))
    if size is not None or asked.channels is not None:
        how = Conversion(size, asked.channels, value_range=wanted.how.value_range)
        dataset = Source(wanted.data, how).open(progress)
    elif kept is not None:
        dataset = wanted.open(progress)
    else:
        dataset = open_reals(source, wanted, asked.extractor_name() == "inception", progress)
    if dataset.shape.is_row and isinstance(source, PictureSamples):
        raise UserError(f"data: {dataset.name!r} has rows, and {source.source!r} has pictures")
    if source.shape not in (None, dataset.shape):
        raise UserError(
            f"data: {dataset.name!r} has images of {dataset.shape}, but those of {source.source!r} are {source.shape}"
            " (height, width, channels)"
        )
    read_as_reals(source, dataset)
    return dataset


def usual_count(source: Samples, reference: Reference) -> int:
    """Return how many samples are judged when nobody says.

    10,000, or as many as there are reals where those are fewer; for data whose modes are known, the published count;
    never more than there are.
    """
    wanted = published_samples(reference.dataset) or min(DEFAULT_COUNT, reference.used or DEFAULT_COUNT)
    return with_spread(min(wanted, source.available or wanted))


def classes_of_reals(
    source: Samples, dataset: Dataset, asked: tuple[str, ...], own: tuple[str, ...] = (), split: str = TRAIN
) -> tuple[str, ...]:
    """Return the classes of the reals that count: those asked for, or the run's own, or those that the generator draws.

    Raises UserError for classes that data or generator lack.
    """
    if not isinstance(source, GeneratorSamples) or not source.label_names or not dataset.label_names:
        return asked or own
    source.generator.label_indices(asked)  # refuses those that it does not draw
    own = tuple(name for name in source.label_names if name in own)
    return compared_classes(dataset, source.label_names, asked or own, split)
