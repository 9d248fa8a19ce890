"""From samples that were seen to a row for each group, and to the scores that stand for all of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ganache.evaluation.catalogue import METRICS, Metric
from ganache.evaluation.evidence import KEPT, Evidence
from ganache.evaluation.metric_records import K
from ganache.evaluation.metrics.certainty import Certainty
from ganache.evaluation.metrics.group_shares import group_shares
from ganache.evaluation.metrics.inputs import Floats
from ganache.evaluation.metrics.manifold import overlap
from ganache.evaluation.records import Better, Score
from ganache.uses.fairness.fairness_record import GroupRow, Verdict
from ganache.uses.fairness.known_groups import KnownGroups

LOST = 0.1  # of the expected share: below it a group is lost, and not only thinned
LEAST_EXPECTED = 5.0  # samples: where fewer should be of a group, none of its shares would tell anything

# What is counted while samples pass; and one that only has their features kept.
SEEN = (METRICS["fd"], METRICS["confidence"])
KEEPING = Metric("groups", lambda evidence: (), keeps=lambda setting: min(setting.count, KEPT))


def group_rows(known: KnownGroups, evidence: Evidence, expected: Floats, z: float) -> list[GroupRow]:
    """Return a row for each group that is looked for; intervals reach as far as `z` standard deviations."""
    read = evidence.counted(Certainty).sums["seen"]
    shares = group_shares(read, known.confusion, expected, z)
    count, kept = int(read.sum()), evidence.kept
    met = overlap(
        kept.some(known.compared, evidence.setting.seed).features,
        known.first.features[: known.compared],
        K,
        evidence.setting.extractor.device,
    )
    assert kept.logits is not None
    seen = kept.logits.argmax(axis=1)
    columns = {
        "recall": known.shares_of(met.recalled),
        "recall_of_reals": known.shares_of(known.of_reals.recalled),
        "coverage": known.shares_of(met.covered),
        "coverage_of_reals": known.shares_of(known.of_reals.covered),
    }
    rows = []
    for group in known.looked_for:
        low, share, high = (float(ends[group]) for ends in (shares.low, shares.shares, shares.high))
        distances = known.distances(group, kept.features[seen == group]) or (None, None, 0)
        row = GroupRow(
            name=known.names[group],
            expected=float(expected[group]),
            share=share,
            low=low,
            high=high,
            found_below=float(shares.found_below[group]),
            verdict=_verdict(float(expected[group]), low, share, high, count),
            seen=int((seen == group).sum()),
            reals=int((known.first.labels[: known.compared] == group).sum()),
            **dict(zip(("distance", "distance_of_reals", "distance_count"), distances, strict=True)),
            **{name: values[group] for name, values in columns.items()},
        )
        rows.append(row)
    return rows


def group_scores(rows: Sequence[GroupRow], evidence: Evidence, known: KnownGroups, z: float) -> Iterator[Score]:
    """Yield a record for each column of the rows: its worst group, and the others beside it."""
    shares = {"deviations": z, "corrected_by": "the classifier's errors on held-out reals"}
    ratios = {row.name: row.share / row.expected for row in rows}
    yield _worst("group-shares", ratios, "neither", evidence, known, shares)
    manifold = {"k": K, "compared": known.compared}
    for name in ("recall", "coverage"):
        values = {row.name: value for row in rows if (value := getattr(row, name)) is not None}
        if values:
            yield _worst(f"group-{name}", values, "higher", evidence, known, manifold)
    distances = {row.name: row.distance for row in rows if row.distance is not None}
    if distances:
        settings = {"least": known.least_for_distance, "groups": "as the samples are read"}
        yield _worst("group-fd", distances, "lower", evidence, known, settings)


def _worst(
    name: str,
    values: dict[str, float],
    better: Better,
    evidence: Evidence,
    known: KnownGroups,
    settings: Mapping[str, Any],
) -> Score:
    chosen = max if better == "lower" else min
    worst = chosen(values, key=values.__getitem__)
    return evidence.score(
        name,
        values[worst],
        better,
        samples=known.compared if "compared" in settings else evidence.setting.count,
        details={"group": worst, "by_group": values},
        settings=dict(settings),
        reference=known.reference,
    )


def _verdict(expected: float, low: float, share: float, high: float, count: int) -> Verdict:
    if expected * count < LEAST_EXPECTED:
        return "too few"
    if high < expected:
        return "lost" if share < LOST * expected else "thinned"
    return "grown" if low > expected else "as expected"
