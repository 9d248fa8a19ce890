"""The scores of a run with their protocols, and what they say of classes and of copies."""

from typing import Any

from ganache.evaluation.records import Evaluation, Score
from ganache.support import trees
from ganache.support.units import count_text
from ganache.web.report.found import FoundRun
from ganache.web.report.plain import mapping, number, text, words

MOST_SCORES, MOST_CLASSES, MOST_FIELDS, MOST_BASELINES = 60, 100, 40, 6


def evaluations_of(found: FoundRun) -> list[dict[str, Any]]:
    """Return the evaluation that was asked for last, and the last one of the training, of each direction."""
    told = [evaluation_facts(one, f"Evaluated afterwards{_way(one)}") for one in found.afterwards]
    for direction in dict.fromkeys(one.direction for _, one in found.during):
        own = [(seen, one) for seen, one in found.during if one.direction == direction]
        seen, last = own[-1]
        title = f"During training{_way(last)}, after {count_text(seen)} images ({len(own)} times in all)"
        told.append(evaluation_facts(last, title))
    return told


def _way(evaluation: Evaluation) -> str:
    return f", {evaluation.direction}" if evaluation.direction else ""


def evaluation_facts(evaluation: Evaluation, title: str) -> dict[str, Any]:
    """Return what a page shows of an evaluation."""
    samples, reference = evaluation.samples, evaluation.reference
    return {
        "title": title,
        "samples": samples.count,
        "seed": samples.seed,
        "images_seen": samples.images_seen,
        "reference": f"{text(reference.source, 300)}, {text(reference.split, 60)}",
        "reals": reference.count,
        "fingerprint": text(reference.fingerprint, 64)[:12],
        "warnings": [text(warning) for warning in evaluation.warnings[:20]],
        "scores": [
            {**score_facts(score), "beside": evaluation.beside(score)[:MOST_BASELINES]}
            for score in evaluation.scores[:MOST_SCORES]
        ],
        "baselines": [text(one.name, 60) for one in evaluation.baselines[:MOST_BASELINES]],
        "classes": classes_of(evaluation),
    }


def score_facts(score: Score) -> dict[str, Any]:
    """Return a score with its uncertainty and its protocol, field by field."""
    protocol = trees.leaves(score.protocol.model_dump(mode="json"))
    told = {name: words(value) for name, value in list(protocol.items())[:MOST_FIELDS] if value is not None}
    return {
        "name": text(score.name, 120),
        "value": score.value,
        "low": number(score.details.get("low")),
        "uncertainty": score.uncertainty,
        "uncertainty_kind": text(score.uncertainty_kind, 80),
        "better": score.better,
        "protocol": {**told, "seed": str(score.seed), **{name: text(one) for name, one in score.versions.items()}},
    }


def classes_of(evaluation: Evaluation) -> dict[str, Any] | None:
    """Return the share of each class among samples and reals, and how often it was drawn when it was asked for."""
    by_metric = {score.protocol.metric: score for score in evaluation.scores}
    seen = by_metric.get("confidence") or by_metric.get("class-divergence")
    asked = by_metric.get("label-accuracy")
    if seen is None:
        return None
    shares = mapping(seen.details.get("shares"), MOST_CLASSES)
    reals = mapping(mapping(seen.details.get("of_the_reals")).get("shares"), MOST_CLASSES)
    right = mapping(asked.details.get("by_class"), MOST_CLASSES) if asked else {}
    rows = [
        {
            "name": text(name, 80),
            "samples": number(share),
            "reals": number(reals.get(name)),
            "right": number(right.get(name)),
        }
        for name, share in shares.items()
    ]
    left_out = len(mapping(seen.details.get("shares"), 10**6)) - len(rows)
    return {"rows": rows, "left_out": left_out, "by": text(seen.name, 120)} if rows else None
