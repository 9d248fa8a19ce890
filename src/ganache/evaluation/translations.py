"""A translator judged: its translations of a split beside what was wanted, and beside what does nothing.

Inputs, what is wanted and the reals of the distances are of one split: a held-out one where there is one.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ganache.data.conversion import Conversion
from ganache.data.dataset import Progress
from ganache.data.origin import Source
from ganache.data.selection import HELD_OUT_SPLITS, TRAIN
from ganache.data.shape import ImageShape
from ganache.data.twofold.derived import Derived
from ganache.data.twofold.directions import Inputs, Met, as_pairs
from ganache.data.twofold.meetings import Twofold
from ganache.evaluation.asked import DEFAULT_COUNT, Asked, Preset, asked_count, with_spread
from ganache.evaluation.catalogue import Say, choose, possible
from ganache.evaluation.evidence import Requests, Setting
from ganache.evaluation.features.by_name import find, unlabelled_name
from ganache.evaluation.records import Baseline, Evaluation, Score
from ganache.evaluation.reference import Reference, refuse_few
from ganache.evaluation.scoring import Scored, make_setting, score
from ganache.evaluation.translated import TranslatedSamples, doing_nothing
from ganache.runs.folder import Run
from ganache.runs.trained_translators import (
    BACKWARD,
    DIRECTIONS,
    TrainedTranslator,
    leads_back,
    load_translator,
    opposite,
)
from ganache.support.errors import UserError
from ganache.support.units import parse_size

OF_INPUTS = Requests(chosen="the inputs' classes")


@dataclass(frozen=True)
class Translations:
    """Translations, what was translated, and the shape of what came of it."""

    samples: TranslatedSamples
    inputs: Inputs
    shape: ImageShape

    def baseline(self, name: str, make: Any) -> TranslatedSamples:
        """Return samples that cost nothing, of the same inputs."""
        own = self.samples
        return TranslatedSamples(self.inputs, make, own.source, name, own.settings, shape=self.shape)


def evaluate_translator(
    asked: Asked,
    run: Path,
    device: torch.device,
    *,
    progress: Progress | None,
    say: Say,
    preset: Preset,
) -> Scored:
    """Evaluate a run's translator on a split of its data.

    Raises UserError for what cannot be done as asked, RunError when the disk fails.
    """
    if asked.labels or asked.channels:
        raise UserError("samples: of a translator all pictures of a split are judged, with the channels that it learnt")
    record = Run.open(run).record("source", "data.fingerprint")
    source = Source.of(record["source"], asked.data)
    met = _opened(source, asked, progress)
    warnings = []
    trained = source.open(progress) if source.crop else met
    if not asked.size and trained.fingerprint != record["data"]["fingerprint"]:
        warnings.append(f"{met.name} is not the data that {asked.samples} was trained on")
    made = _translated(asked, run, as_pairs(met) if asked.paired else met)
    count = asked_count(asked.count, made.samples) or with_spread(min(DEFAULT_COUNT, made.inputs.count))
    features = asked.extractor_name()
    reference = domain_seen(made.inputs, features, weights=asked.weights, device=device, progress=progress, say=say)
    setting = make_setting(reference, made.samples, OF_INPUTS, count, asked.seed)
    metrics = choose(asked.metrics, setting) if asked.metrics else preset.metrics(setting)
    strict = bool(asked.metrics) or preset.strict
    found = score(made.samples, reference, setting, metrics, strict=strict, progress=progress, say=say)
    beside = _baselines(made, setting, metrics, progress) if preset.baselines else ()
    warnings += [*found.evaluation.warnings, *_no_better(found.evaluation, beside)]
    return replace(
        found, evaluation=found.evaluation.model_copy(update={"baselines": beside, "warnings": tuple(warnings)})
    )


def _opened(source: Source, asked: Asked, progress: Progress | None) -> Met:
    """Return inputs and targets in the size that was asked for, or that of the training; whole, if that took crops."""
    how: Conversion = replace(source.how, value_range=asked.values or source.how.value_range)
    if asked.size:
        how = replace(how, size=parse_size(asked.size))
    return opened_whole(replace(source, how=how), progress)


def opened_whole(source: Source, progress: Progress | None = None) -> Met:
    """Return inputs and targets, whole where a training took crops."""
    found = replace(source, crop=None).open(progress)
    assert isinstance(found, Twofold | Derived), type(found)
    return found


def judged_split(met: Met) -> str:
    """Return the split whose pictures are translated where nobody names one: a held-out one where there is one."""
    splits = met.summary()["splits"]
    return next((name for name in HELD_OUT_SPLITS if name in splits), TRAIN)


def _translated(asked: Asked, run: Path, met: Met) -> Translations:
    translator = load_translator(run, asked.direction, asked.device)
    inputs = Inputs(met, asked.split or judged_split(met), is_reverse=asked.direction == BACKWARD)
    back = load_translator(run, opposite(asked.direction), asked.device) if leads_back(run) else None
    return translations(inputs, translator, back, asked.samples)


def translations(
    inputs: Inputs, translator: TrainedTranslator, back: TrainedTranslator | None, source: str
) -> Translations:
    """Return what a translator makes of inputs, and where another leads back what that makes of it again.

    Raises UserError for inputs whose channels are not its own.
    """
    given, shape = inputs.met.shape.sides(inputs.is_reverse)
    _refuse_channels(translator, given, shape)
    seen, direction = translator.description.get("images_seen"), DIRECTIONS[inputs.is_reverse]
    settings = {
        "direction": direction,
        "inputs": {"split": inputs.split, "fingerprint": inputs.met.fingerprint, "size": str(inputs.met.shape)},
    }
    samples = TranslatedSamples(
        inputs,
        translator.translate,
        source,
        f"translator, {direction}",
        settings,
        shape=shape,
        back=back.translate if back else None,
        images_seen=seen if isinstance(seen, int) else None,
    )
    return Translations(samples, inputs, shape)


def _refuse_channels(translator: TrainedTranslator, given: ImageShape, wanted: ImageShape) -> None:
    if (translator.inputs.channels, translator.targets.channels) != (given.channels, wanted.channels):
        raise UserError(
            f"data: the translator leads from {translator.inputs.channels} channels to {translator.targets.channels},"
            f" and these pictures have {given.channels} and {wanted.channels}"
        )


def domain_seen(
    inputs: Inputs,
    features: str | None,
    *,
    weights: Path | None = None,
    device: torch.device,
    progress: Progress | None = None,
    say: Say,
) -> Reference:
    """Return the pictures of the domain that is translated into, seen through features, or those that suit them."""
    dataset, labels = inputs.targets()
    refuse_few(dataset, inputs.split, dataset.stream(0, labels, inputs.split).count)
    # Where the domain is a class, what tells classes apart knows it as one, and no more.
    name = features or (unlabelled_name() if labels else None)
    extractor = find(name, dataset, weights=weights, device=device, progress=progress, say=say)
    return Reference(dataset, extractor, inputs.split, labels, say=say, progress=progress)


def _baselines(
    made: Translations, setting: Setting, metrics: Any, progress: Progress | None
) -> tuple[Baseline, ...]:  # fmt: skip
    found = []
    for name, make in doing_nothing(made.inputs, made.shape).items():
        source = made.baseline(name, make)
        own = replace(setting, beside=source.beside)
        scored = score(source, setting.reference, own, possible(metrics, own), strict=False, progress=progress)
        scores = tuple(one.model_copy(update={"images_seen": None}) for one in scored.evaluation.scores)
        found.append(Baseline(name=name, scores=scores))
    return tuple(found)


def _no_better(evaluation: Evaluation, beside: tuple[Baseline, ...]) -> list[str]:
    """Say in which scores a translator is no better than what does nothing."""
    lines = []
    for baseline in beside:
        pairs = ((one, baseline.value(one.name)) for one in evaluation.scores)
        worse = [f"{one.family} ({other.text})" for one, other in pairs if other is not None and not _beats(one, other)]
        if worse:
            lines.append(f"no better than {baseline.name!r}, which does nothing: {', '.join(worse)}")
    return lines


def _beats(one: Score, other: Score) -> bool:
    if one.value is None or other.value is None or one.better == "neither":
        return True
    return one.value < other.value if one.better == "lower" else one.value > other.value
