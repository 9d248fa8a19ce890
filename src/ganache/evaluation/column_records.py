"""From the evidence to the records of a table's columns."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ganache.evaluation.evidence import Evidence
from ganache.evaluation.metrics.column_sums import ColumnSums, by_chance, correlation_gaps, share_distances
from ganache.evaluation.records import Score

WORST = 20  # columns that a record names, those that differ most
WIDEST = 2_048  # values, above which there are too many pairs to correlate


def column_records(evidence: Evidence) -> Iterator[Score]:
    """Yield how far the columns' means, deviations, shares and correlations are from those of the reals."""
    ours, theirs = evidence.counted(ColumnSums), evidence.counted_of_reals(ColumnSums)
    varies = theirs.deviations > 0.0
    chance = by_chance(ours.count, theirs.count)
    if varies.any():
        deviations = theirs.deviations[varies]
        gaps = np.abs(ours.means - theirs.means)[varies] / deviations
        ratios = np.abs(ours.deviations[varies] / deviations - 1.0)
        names = [name for name, does in zip(theirs.numbers, varies, strict=True) if does]
        yield _record(evidence, "column-means", dict(zip(names, gaps.tolist(), strict=True)), {"by_chance": chance})
        yield _record(evidence, "column-deviations", dict(zip(names, ratios.tolist(), strict=True)), {})
    if distances := share_distances(ours, theirs):
        spread = [float(np.sqrt(shares * (1.0 - shares)).sum() / 2.0) for shares in theirs.shares().values()]
        yield _record(evidence, "category-shares", distances, {"by_chance": chance * float(np.mean(spread))})
    if 1 < ours.table.width <= WIDEST:
        found = correlation_gaps(evidence.moments.covariance, evidence.reference.moments().covariance, ours.table)
        if len(found):
            details = {"largest": float(found.max()), "pairs": len(found), "by_chance": chance}
            yield _score(evidence, "column-correlations", float(found.mean()), details, None)


def _record(evidence: Evidence, metric: str, gaps: Mapping[str, float], details: dict[str, Any]) -> Score:
    worst = sorted(gaps, key=lambda name: -gaps[name])[:WORST]
    told = {"columns": len(gaps), **details, "worst": {name: gaps[name] for name in worst}}
    return _score(evidence, metric, float(np.mean(list(gaps.values()))), told, {})


def _score(
    evidence: Evidence, metric: str, value: float, details: dict[str, Any], features: dict[str, Any] | None
) -> Score:
    return evidence.score(
        metric,
        value,
        "lower",
        samples=evidence.setting.count,
        details=details,
        features=features,
        reference=evidence.reference,
    )
