"""From the evidence to the records of what looks at classes: one function for each metric."""

from collections.abc import Iterator
from typing import Any

from ganache.evaluation.evidence import Evidence
from ganache.evaluation.metrics.certainty import UNSURE, Certainty
from ganache.evaluation.metrics.classes import class_shares, frechet_by_class, label_accuracy
from ganache.evaluation.metrics.inception_score import inception_score
from ganache.evaluation.metrics.moments import moments_of
from ganache.evaluation.records import Score
from ganache.support.errors import UserError

IS_PARTS = 10  # of the samples, over which the Inception Score is averaged


def inception_score_records(evidence: Evidence) -> Iterator[Score]:
    """Yield the Inception Score of logits."""
    logits = evidence.kept.logits
    assert logits is not None
    parts = min(IS_PARTS, len(logits))
    found = inception_score(logits, parts, evidence.setting.seed)
    yield evidence.score(
        "is",
        found.value,
        "higher",
        samples=len(logits),
        uncertainty=found.deviation,
        uncertainty_kind=f"standard deviation over {parts} splits",
        details={"classes": logits.shape[1]},
        settings={"splits": parts},
    )


def by_class_records(evidence: Evidence) -> Iterator[Score]:
    """Yield the mean of the classes' Fréchet distances; UserError when no class has two samples and two reals."""
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
    yield evidence.score(
        "fd-by-class",
        found.mean,
        "lower",
        samples=len(kept.features),
        details=details,
        settings={"classes": len(enough)},
        reference=reference,
    )


def label_accuracy_records(evidence: Evidence) -> Iterator[Score]:
    """Yield the share of samples that show the class which was asked for."""
    logits, labels = evidence.kept.logits, evidence.kept.labels
    assert logits is not None
    known = labels >= 0
    found = label_accuracy(logits[known], labels[known])
    names = evidence.setting.dataset.label_names
    yield evidence.score(
        "label-accuracy",
        found.value,
        "higher",
        samples=int(known.sum()),
        uncertainty=found.standard_error,
        details={"by_class": dict(zip(names, found.by_class.tolist(), strict=True))},
        settings={"requests": evidence.setting.requests.chosen},
    )


def class_shares_records(evidence: Evidence) -> Iterator[Score]:
    """Yield the divergence of the samples' classes from the reals'; UserError where those are not known."""
    logits, expected = evidence.kept.logits, evidence.reference.label_shares()
    assert logits is not None
    if expected is None:
        raise UserError("class-shares: the reals' shares of all classes must be known, and above zero")
    found = class_shares(logits, expected)
    names = evidence.setting.dataset.label_names
    shares = dict(zip(names, found.shares.tolist(), strict=True))
    yield evidence.score(
        "class-divergence",
        found.divergence,
        "lower",
        samples=len(logits),
        details={"unit": "nats", "shares": shares, "smallest": found.smallest},
        reference=evidence.reference,
    )


def certainty_records(evidence: Evidence) -> Iterator[Score]:
    """Yield how sure the classifier is, and which classes it sees, beside the same of the reals."""
    reference, names = evidence.reference, evidence.setting.dataset.label_names
    samples, reals = evidence.counted(Certainty), evidence.counted_of_reals(Certainty)

    def told(seen: Certainty) -> dict[str, Any]:
        return {"unsure": seen.unsure, "shares": dict(zip(names, seen.shares.tolist(), strict=True))}

    yield evidence.score(
        "confidence",
        samples.confidence,
        "neither",
        samples=samples.count,
        reals=reals.count,
        details={**told(samples), "of_the_reals": {"confidence": reals.confidence, **told(reals)}},
        settings={"unsure_below": UNSURE},
        reference=reference,
    )
