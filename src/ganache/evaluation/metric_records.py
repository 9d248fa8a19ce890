"""From the evidence to the records: one function for each metric; those of classes are in class_records.py."""

from collections.abc import Iterator
from dataclasses import asdict

import numpy as np

from ganache.data import select
from ganache.data.selection import HELD_OUT_SPLITS, TRAIN
from ganache.evaluation.evidence import PAIRED, Evidence, NearestPairs
from ganache.evaluation.metrics.birthday import support_size
from ganache.evaluation.metrics.frechet import frechet_distance
from ganache.evaluation.metrics.kernel import kernel_distance
from ganache.evaluation.metrics.manifold import manifold_scores
from ganache.evaluation.metrics.memorisation import memorisation
from ganache.evaluation.metrics.pixel_deviation import PixelDeviation
from ganache.evaluation.metrics.sliced import sliced_wasserstein
from ganache.evaluation.mode_counters import ModeCounter
from ganache.evaluation.records import Score
from ganache.evaluation.reference import Reference
from ganache.support.errors import UserError

K = 5  # nearest neighbours
PARTS = 8  # disjoint parts of the samples, from which a distance's error is estimated
FEW_PROJECTIONS = 100


def frechet_records(evidence: Evidence) -> Iterator[Score]:
    """Yield the Fréchet distance of all samples to all reals."""
    count, reference = evidence.setting.count, evidence.reference
    value = frechet_distance(evidence.moments, reference.moments())
    error = evidence.extrapolation.standard_error if evidence.is_complete and count >= 4 else None
    yield evidence.score("fd", value, "lower", samples=count, uncertainty=error, reference=reference)


def frechet_infinity_records(evidence: Evidence) -> Iterator[Score]:
    """Yield the limit of the Fréchet distance for infinitely many samples."""
    found, reference = evidence.extrapolation, evidence.reference
    details = {"rise": found.rise, "sizes": found.sizes, "distances": found.distances, "bias": found.bias}
    yield evidence.score(
        "fd-infinity",
        found.limit,
        "lower",
        samples=len(evidence.kept.features),
        uncertainty=found.standard_error,
        details=details,
        settings={"subsets": len(found.sizes)},
        reference=reference,
    )


def kernel_records(evidence: Evidence) -> Iterator[Score]:
    """Yield the kernel distance, which may be below zero."""
    ours, theirs = evidence.pair
    found = kernel_distance(ours, theirs)
    settings = {"kernel": "(xy/d + 1)^3", "estimator": "unbiased, all pairs"}
    yield evidence.score(
        "kd",
        found.value,
        "lower",
        samples=len(ours),
        reals=len(theirs),
        uncertainty=found.standard_error,
        settings=settings,
        reference=evidence.reference,
    )


def manifold_records(evidence: Evidence) -> Iterator[Score]:
    """Yield precision, recall, density and coverage of as many samples as reals."""
    ours, theirs = evidence.pair
    found = manifold_scores(ours, theirs, K, evidence.setting.extractor.device)
    for name, value in asdict(found).items():
        yield evidence.score(
            name,
            value,
            "neither" if name == "density" else "higher",  # more than 1 is no better than 1
            samples=len(ours),
            reals=len(theirs),
            settings={"k": K},
            reference=evidence.reference,
        )


def memorisation_records(evidence: Evidence) -> Iterator[Score]:
    """Yield the share of samples that are copies of training images; the pairs stay with the evidence.

    Raises UserError where no held-out image is of a class that occurs among the training images.
    """
    setting, labels = evidence.setting, evidence.reference.labels
    kept = evidence.kept.some(PAIRED, setting.seed)
    known = select(setting.dataset, labels)
    split = next((split for split in HELD_OUT_SPLITS if known.rows(split)), None)
    if split is None:
        raise UserError("memorisation: no held-out image has a label that was asked for")
    training = evidence.reference
    if training.split != TRAIN:
        training = Reference(setting.dataset, setting.extractor, TRAIN, labels, evidence.reference.cache)
    held_out = Reference(setting.dataset, setting.extractor, split, known.labels_in(split), evidence.reference.cache)
    held = held_out.rows(min(held_out.used, PAIRED)).features
    found = memorisation(kept.features, training.rows(training.used).features, held, device=setting.extractor.device)
    evidence.pairs = NearestPairs(kept.numbers[found.samples], training, found.training, found.distances)
    details = {"share": found.share, "expected": found.expected, "rank": found.rank, "threshold": found.threshold}
    yield evidence.score(
        "memorisation",
        found.copied,
        "lower",
        samples=len(kept.features),
        uncertainty=found.standard_error / max(1 - found.expected, 1e-9),
        details=details,
        settings={"held_out": held_out.split, "held_out_count": len(held), "quantile": 0.05},
        reference=training,
    )


def support_records(evidence: Evidence) -> Iterator[Score]:
    """Yield how many different images are drawn."""
    ours, theirs = evidence.pair
    found = support_size(ours, theirs, device=evidence.setting.extractor.device)
    details = {"low": found.low, "high": found.high, "duplicates": found.duplicates, "half_batch": found.half_batch}
    yield evidence.score(
        "support",
        found.support,
        "higher",
        samples=len(ours),
        reals=len(theirs),
        details={**details, "threshold": found.threshold, "reals_alike": found.ceiling},
        settings={"quantile": 0.01},
        reference=evidence.reference,
    )


def sliced_records(evidence: Evidence) -> Iterator[Score]:
    """Yield the sliced Wasserstein distance, with an error from disjoint parts of the samples."""
    ours, _ = evidence.pair
    theirs = evidence.reference.rows(min(evidence.reference.used, PAIRED)).features
    seed = evidence.setting.seed
    found = sliced_wasserstein(ours, theirs, seed)
    parts = [
        sliced_wasserstein(part, theirs, seed, FEW_PROJECTIONS).value
        for part in (ours[start::PARTS] for start in range(PARTS))
        if len(part) >= 2
    ]
    sampling = float(np.std(parts, ddof=1) / np.sqrt(len(parts))) if len(parts) > 1 else 0.0
    yield evidence.score(
        "sliced-wasserstein",
        found.value,
        "lower",
        samples=len(ours),
        reals=len(theirs),
        uncertainty=float(np.hypot(found.standard_error, sampling)),
        settings={"projections": found.projections},
        reference=evidence.reference,
    )


def deviation_records(evidence: Evidence) -> Iterator[Score]:
    """Yield how much the samples differ pixel by pixel, beside how much the reals do."""
    reference = evidence.reference
    yield evidence.score(
        "pixel-deviation",
        evidence.counted(PixelDeviation).value,
        "neither",
        samples=evidence.setting.count,
        details={"of_the_reals": evidence.counted_of_reals(PixelDeviation).value},
        features={},
        reference=reference,
    )


def modes_records(evidence: Evidence) -> Iterator[Score]:
    """Yield what was counted of modes that are known."""
    counter = evidence.counted(ModeCounter)
    for counted in counter.found():
        yield evidence.score(
            counted.metric,
            counted.value,
            counted.better,
            samples=evidence.setting.count,
            details=counted.details,
            settings=counted.settings,
            features=counter.features or {},
        )
