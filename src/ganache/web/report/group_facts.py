"""The groups that a generator draws, as a page shows them."""

from typing import Any

from ganache.uses.fairness.fairness_record import Draw, Fairness, GroupRow
from ganache.web.report.plain import text

MOST_DRAWS, MOST_ROWS, MOST_SENTENCES = 10, 100, 60


def group_facts(found: Fairness) -> dict[str, Any]:
    """Return what was found of a run's groups: sentences, and for each way to draw its rows."""
    first = found.draws[0].evaluation
    return {
        "grouping": text(found.grouping, 300),
        "samples": first.samples.count,
        "seed": first.samples.seed,
        "images_seen": first.samples.images_seen,
        "reference": f"{text(first.reference.source, 300)}, {text(first.reference.split, 60)}",
        "confidence": found.confidence,
        "statements": found.statements,
        "sentences": [text(one, 600) for one in found.sentences[:MOST_SENTENCES]],
        "warnings": [text(one, 600) for one in found.warnings[:MOST_SENTENCES]],
        "draws": [_draw(draw) for draw in found.draws[:MOST_DRAWS]],
    }


def _draw(draw: Draw) -> dict[str, Any]:
    rows = draw.rows
    if len(rows) > MOST_ROWS:  # of many groups those that say most
        rows = tuple(sorted(rows, key=lambda row: (row.verdict in ("as expected", "too few"), row.expected)))[
            :MOST_ROWS
        ]
    return {
        "title": text(draw.title, 120),
        "expected": text(draw.expected, 200),
        "rows": [_row(row) for row in rows],
        "left_out": len(draw.rows) - len(rows),
    }


def _row(row: GroupRow) -> dict[str, Any]:
    return {**row.model_dump(mode="json"), "name": text(row.name, 80)}
