"""All that a page shows of several runs beside each other."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ganache.evaluation.compare import compared, short_names
from ganache.evaluation.records import Evaluation
from ganache.support.errors import UserError, shown
from ganache.support.trees import leaves
from ganache.web.report.found import FoundRun, find_run
from ganache.web.report.plain import text, words
from ganache.web.report.run_facts import facts_of
from ganache.web.report.score_facts import score_facts

MOST_RUNS, MOST_DIFFERENCES = 12, 100
KEPT = ("samples", "curves", "doctor", "images_seen", "training_seconds", "outcome", "rollbacks", "is_of_points")


def comparison_facts(paths: Sequence[Path]) -> dict[str, Any]:
    """Return runs under short names, their scores where protocols agree, and in what their recipes differ.

    Raises UserError for a path that holds no run, and for more than a page can show.
    """
    if len(paths) > MOST_RUNS:
        raise UserError(f"report: {len(paths)} runs are more than one page compares, at most {MOST_RUNS}")
    found = [find_run(path) for path in paths]
    names = short_names([str(path) for path in paths])
    if len(set(names)) < len(names):
        raise UserError("report: the same run was named twice")
    return {
        "runs": [_run(name, one, 1 / len(found)) for name, one in zip(names, found, strict=True)],
        "scores": _scores(names, found),
        "recipes": _differences([one.tree for one in found]),
        "missing": [shown(f"{name}: {said}") for name, one in zip(names, found, strict=True) for said in one.missing],
    }


def _run(name: str, found: FoundRun, room: float) -> dict[str, Any]:
    facts = facts_of(found, room)
    recipe, machine = facts["recipe"]["name"], dict(facts["machine"]["rows"])
    return {
        "name": text(name, 200),
        **{key: facts[key] for key in KEPT},
        "recipe": recipe,
        "data": dict(facts["data"]["rows"]).get("source", ""),
        "speed": machine.get("speed", ""),
    }


def _scores(names: Sequence[str], found: Sequence[FoundRun]) -> list[dict[str, Any]]:
    """Return a row for every kind of score that at least one run has, of each direction of translators."""
    directions = dict.fromkeys(one.direction for run in found for one in _newest(run))
    rows = [(direction, row) for direction in directions for row in _rows(names, found, direction)]
    ways = len(directions) > 1
    return [{**row, "family": f"{row['family']}, {way}" if ways and way else row["family"]} for way, row in rows]


def _rows(names: Sequence[str], found: Sequence[FoundRun], direction: str) -> list[dict[str, Any]]:
    """Return a row for every kind of score in a direction; those of runs without any are None."""
    newest = [next((one for one in _newest(run) if one.direction == direction), None) for run in found]
    have = [(name, one) for name, one in zip(names, newest, strict=True) if one is not None]
    together = compared(tuple(name for name, _ in have), tuple(one for _, one in have))
    places = {name: place for place, (name, _) in enumerate(have)}
    return [
        {
            "family": text(row.family, 120),
            "scores": [
                score_facts(score) if (score := row.scores[places[name]] if name in places else None) else None
                for name in names
            ],
            "differs": [text(line, 300) for line in row.differs[:20]],
            "verdict": text(row.verdict, 300),
        }
        for row in together.rows
    ]


def _newest(found: FoundRun) -> list[Evaluation]:
    """Return the evaluation that was asked for last, or else the last one of the training, of each direction."""
    return list({one.direction: one for one in (*(one for _, one in found.during), *found.afterwards)}.values())


def _differences(trees: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each field in which recipes differ, with what it is in each."""
    flat = [leaves(tree) for tree in trees]
    paths = dict.fromkeys(path for one in flat for path in one)
    differing = [path for path in paths if any(one.get(path) != flat[0].get(path) for one in flat)]
    return [
        {"field": text(path, 120), "values": [words(one[path]) if path in one else "" for one in flat]}
        for path in differing[:MOST_DIFFERENCES]
    ]
