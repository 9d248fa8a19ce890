"""From the evidence to the records: one function for each metric."""

import numpy as np

from ganache.data import select
from ganache.data.selection import HELD_OUT_SPLITS
from ganache.evaluation.evidence import PAIRED, Evidence, Pairs
from ganache.evaluation.metrics.birthday import support_size
from ganache.evaluation.metrics.classes import class_shares, frechet_by_class, label_accuracy
from ganache.evaluation.metrics.frechet import frechet_distance
from ganache.evaluation.metrics.inception_score import inception_score
from ganache.evaluation.metrics.kernel import kernel_distance
from ganache.evaluation.metrics.manifold import manifold_scores
from ganache.evaluation.metrics.memorisation import memorisation
from ganache.evaluation.metrics.moments import moments_of
from ganache.evaluation.metrics.sliced import sliced_wasserstein
from ganache.evaluation.records import Score
from ganache.evaluation.reference import Reference
from ganache.support.errors import UserError

SPLITS = 10  # of the Inception Score
K = 5  # nearest neighbours
PARTS = 8  # disjoint parts of the samples, from which a distance's error is estimated
FEW_PROJECTIONS = 100


def frechet_records(evidence: Evidence) -> list[Score]:
    """Return the Fréchet distance of all samples to all reals."""
    count, reference = evidence.setting.count, evidence.reference
    value = frechet_distance(evidence.moments, reference.moments())
    error = evidence.extrapolation.standard_error if evidence.is_complete and count >= 4 else None
    return [
        evidence.score(
            "fd", value, "lower", samples=count, reals=reference.used, uncertainty=error, reference=reference
        )
    ]


def frechet_infinity_records(evidence: Evidence) -> list[Score]:
    """Return the limit of the Fréchet distance for infinitely many samples."""
    found, reference = evidence.extrapolation, evidence.reference
    details = {"slope": found.slope, "sizes": found.sizes, "distances": found.distances, "bias": found.bias}
    return [
        evidence.score(
            "fd-infinity",
            found.limit,
            "lower",
            samples=len(evidence.kept.features),
            reals=reference.used,
            uncertainty=found.standard_error,
            details=details,
            settings={"subsets": len(found.sizes)},
            reference=reference,
        )
    ]


def kernel_records(evidence: Evidence) -> list[Score]:
    """Return the kernel distance, which may be below zero."""
    ours, theirs = evidence.pair
    found = kernel_distance(ours, theirs)
    settings = {"kernel": "(xy/d + 1)^3", "estimator": "unbiased, all pairs"}
    return [
        evidence.score(
            "kd",
            found.value,
            "lower",
            samples=len(ours),
            reals=len(theirs),
            uncertainty=found.standard_error,
            settings=settings,
            reference=evidence.reference,
        )
    ]


def inception_score_records(evidence: Evidence) -> list[Score]:
    """Return the Inception Score of logits."""
    logits = evidence.kept.logits
    assert logits is not None
    splits = min(SPLITS, len(logits))
    found = inception_score(logits, splits, evidence.setting.seed)
    return [
        evidence.score(
            "is",
            found.value,
            "higher",
            samples=len(logits),
            uncertainty=found.deviation,
            uncertainty_kind=f"standard deviation over {splits} splits",
            details={"classes": logits.shape[1]},
            settings={"splits": splits},
        )
    ]


def manifold_records(evidence: Evidence) -> list[Score]:
    """Return precision, recall, density and coverage of as many samples as reals."""
    ours, theirs = evidence.pair
    found = manifold_scores(ours, theirs, K)
    values = {"precision": found.precision, "recall": found.recall}
    values |= {"density": found.density, "coverage": found.coverage}
    return [
        evidence.score(
            name,
            value,
            "neither" if name == "density" else "higher",  # more than 1 is no better than 1
            samples=len(ours),
            reals=len(theirs),
            settings={"k": K},
            reference=evidence.reference,
        )
        for name, value in values.items()
    ]


def memorisation_records(evidence: Evidence) -> list[Score]:
    """Return the share of samples that are copies of training images; the pairs stay with the evidence.

    Raises UserError where no held-out image is of a class that occurs among the training images.
    """
    setting, kept = evidence.setting, evidence.kept.some(PAIRED, evidence.setting.seed)
    known = select(setting.dataset, setting.labels)
    split = next((split for split in HELD_OUT_SPLITS if known.rows(split)), None)
    if split is None:
        raise UserError("memorisation: no held-out image has a label that was asked for")
    training = Reference(setting.dataset, setting.extractor, "train", setting.labels, evidence.reference.cache)
    held_out = Reference(setting.dataset, setting.extractor, split, known.labels_in(split), evidence.reference.cache)
    held = held_out.rows(min(held_out.used, PAIRED)).features
    found = memorisation(kept.features, training.rows(training.used).features, held)
    evidence.pairs = Pairs(kept.numbers[found.samples], training, found.training, found.distances)
    details = {"share": found.share, "expected": found.expected, "rank": found.rank, "threshold": found.threshold}
    return [
        evidence.score(
            "memorisation",
            found.copied,
            "lower",
            samples=len(kept.features),
            reals=training.used,
            uncertainty=found.standard_error / max(1 - found.expected, 1e-9),
            details=details,
            settings={"held_out": held_out.split, "held_out_count": len(held), "quantile": 0.05},
            reference=training,
        )
    ]


def support_records(evidence: Evidence) -> list[Score]:
    """Return how many different images are drawn."""
    ours, theirs = evidence.pair
    found = support_size(ours, theirs)
    details = {"low": found.low, "high": found.high, "duplicates": found.duplicates, "half_batch": found.half_batch}
    return [
        evidence.score(
            "support",
            found.support,
            "higher",
            samples=len(ours),
            reals=len(theirs),
            details={**details, "threshold": found.threshold, "reals_alike": found.ceiling},
            settings={"quantile": 0.01},
            reference=evidence.reference,
        )
    ]


def sliced_records(evidence: Evidence) -> list[Score]:
    """Return the sliced Wasserstein distance, with an error from disjoint parts of the samples."""
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
    return [
        evidence.score(
            "sliced-wasserstein",
            found.value,
            "lower",
            samples=len(ours),
            reals=len(theirs),
            uncertainty=float(np.hypot(found.standard_error, sampling)),
            settings={"projections": found.projections},
            reference=evidence.reference,
        )
    ]


def by_class_records(evidence: Evidence) -> list[Score]:
    """Return the mean of the classes' Fréchet distances; UserError when no class has two samples and two reals."""
    reference, kept = evidence.reference, evidence.kept
    reals = reference.rows(reference.used)
    names = evidence.setting.dataset.label_names
    pairs = {
        name: (kept.features[kept.labels == label], reals.features[reals.labels == label])
        for label, name in enumerate(names)
    }
    enough = {name: pair for name, pair in pairs.items() if min(len(side) for side in pair) >= 2}
    if not enough:
        raise UserError("fd-by-class: no class has two samples and two reals; ask for more (--count)")
    ours, theirs = zip(*enough.values(), strict=True)
    found = frechet_by_class([moments_of(side) for side in ours], [moments_of(side) for side in theirs])
    details = {
        "distances": dict(zip(enough, found.distances.tolist(), strict=True)),
        "samples": dict(zip(enough, found.counts.tolist(), strict=True)),
        "left_out": [name for name in names if name not in enough],
    }
    return [
        evidence.score(
            "fd-by-class",
            found.mean,
            "lower",
            samples=len(kept.features),
            reals=reference.used,
            details=details,
            settings={"classes": len(enough)},
            reference=reference,
        )
    ]


def label_accuracy_records(evidence: Evidence) -> list[Score]:
    """Return the share of samples that show the class which was asked for."""
    logits, labels = evidence.kept.logits, evidence.kept.labels
    assert logits is not None
    known = labels >= 0
    found = label_accuracy(logits[known], labels[known])
    names = evidence.setting.dataset.label_names
    return [
        evidence.score(
            "label-accuracy",
            found.value,
            "higher",
            samples=int(known.sum()),
            uncertainty=found.standard_error,
            details={"by_class": dict(zip(names, found.by_class.tolist(), strict=True))},
            settings={"requests": "as often as among the reals"},
        )
    ]


def class_shares_records(evidence: Evidence) -> list[Score]:
    """Return the divergence of the samples' classes from the reals'; UserError where those are not known."""
    logits, expected = evidence.kept.logits, evidence.reference.label_shares()
    assert logits is not None
    if expected is None:
        raise UserError("class-shares: the reals' shares of all classes must be known, and above zero")
    found = class_shares(logits, expected)
    names = evidence.setting.dataset.label_names
    shares = dict(zip(names, found.shares.tolist(), strict=True))
    return [
        evidence.score(
            "class-divergence",
            found.divergence,
            "lower",
            samples=len(logits),
            details={"unit": "nats", "shares": shares, "smallest": found.smallest},
            reference=evidence.reference,
            reals=evidence.reference.used,
        )
    ]


def modes_records(evidence: Evidence) -> list[Score]:
    """Return what was counted of modes that are known."""
    assert evidence.counter is not None
    return [
        evidence.score(
            counted.metric,
            counted.value,
            counted.better,
            samples=evidence.setting.count,
            details=counted.details,
            settings=counted.settings,
            features=evidence.counter.features or {},
        )
        for counted in evidence.counter.found()
    ]
