"""All that a page shows of a run, as values of JSON."""

import shlex
from pathlib import Path
from typing import Any

from ganache.support.errors import shown
from ganache.support.version import __version__
from ganache.web.report.circumstances import data_facts, machine_facts, reproduction_facts
from ganache.web.report.found import FoundRun, find_run
from ganache.web.report.group_facts import group_facts
from ganache.web.report.health import health_of
from ganache.web.report.measurements import curves_of
from ganache.web.report.plain import mapping, number, sequence, text
from ganache.web.report.recipe_facts import recipe_facts
from ganache.web.report.score_facts import evaluations_of
from ganache.web.report.sheets import picture_of, sheets_of


def run_facts(path: Path) -> dict[str, Any]:
    """Return what the files of a run say; raises UserError where there is no run."""
    return facts_of(find_run(path))


def facts_of(found: FoundRun, room: float = 1.0) -> dict[str, Any]:
    """Return what is known of a run that was read, pictures and curves in the share `room` of a page's room.

    `missing` comes last, when all have said what they lack.
    """
    return {
        "name": text(found.path.resolve().name, 200),
        "ganache": __version__,
        **_course(found),
        "samples": sheets_of(found, room),
        "curves": curves_of(found, room),
        "evaluations": evaluations_of(found),
        "groups": group_facts(found.fairness) if found.fairness else None,
        "nearest": picture_of(found.run.nearest_file),
        "doctor": health_of(found),
        "recipe": recipe_facts(found),
        "data": data_facts(found),
        "machine": machine_facts(found),
        "reproduce": reproduction_facts(found),
        "translates": _translates(found),
        "commands": _commands(found),
        "missing": [shown(sentence) for sentence in found.missing],
    }


def _course(found: FoundRun) -> dict[str, Any]:
    """Return how a run went: how far, how long, how it ended, and what interrupted it."""
    record, budget = found.record, mapping(found.record.get("budget"))
    last = found.lines[-1] if found.lines else {}
    return {
        "images_seen": number(record.get("images_seen")) or 0,
        "planned_images": number(budget.get("images")),
        "planned_seconds": number(budget.get("seconds")),
        "training_seconds": number(record.get("training_seconds")) or 0.0,
        "images_per_second": number(last.get("images_per_second")),
        "outcome": text(record.get("outcome")),
        "created": text(record.get("created"), 60),
        "rollbacks": number(record.get("rollbacks")) or 0,
        "sessions": len(sequence(record.get("sessions"), 10**6)),
        "seed": number(record.get("seed")),
        "is_of_points": list(sequence(mapping(record.get("data")).get("shape"), 3))[1:] == [1, 1],
        "start": text(mapping(record.get("start")).get("run")),
    }


def _commands(found: FoundRun) -> dict[str, str]:
    """Return the commands with which a user goes on."""
    folder = shlex.quote(str(found.path))
    draw = f"translate {folder} pictures --out translated"
    if not _translates(found):
        draw = f"sample {folder} --count 64 --seed 1 --out grid.png"
    return {
        "sample": text(f"ganache {draw}"),
        "resume": text(f"ganache resume {folder}"),
        "evaluate": text(f"ganache evaluate {folder}"),
        "fairness": text(f"ganache fairness {folder}"),
        "pairs": text(f"ganache evaluate {folder} --pairs nearest.png"),
    }


def _translates(found: FoundRun) -> bool:
    return found.recipe is not None and bool(found.recipe.translators)
