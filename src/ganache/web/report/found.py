"""What the files of a run say, as far as they can be read; what cannot is said in sentences, and stops nothing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganache.evaluation.records import Evaluation, evaluation_from, read_evaluation
from ganache.games import Game
from ganache.runs.folder import Run
from ganache.runs.run_record import checked_line
from ganache.runs.trained_translators import DIRECTIONS, evaluation_file
from ganache.support.errors import UserError, reason
from ganache.support.json_files import BROKEN, read_json
from ganache.support.units import bytes_text, counted
from ganache.uses.fairness.fairness_record import Fairness, read_fairness

MOST_LOG_BYTES, MOST_LINE_BYTES = 2**26, 2**20  # of a log; one of 400 lines has less than a megabyte


@dataclass
class FoundRun:
    """A run's folder, read: `recipe` is None where its parts are not known, `tree` is its JSON all the same."""

    run: Run
    record: dict[str, Any]
    tree: dict[str, Any] = field(default_factory=dict)
    recipe: Game | None = None
    lines: list[dict[str, Any]] = field(default_factory=list)
    afterwards: list[Evaluation] = field(default_factory=list)  # the last that was asked for, of each direction
    during: list[tuple[int, Evaluation]] = field(default_factory=list)  # of training: images seen, and the scores
    fairness: Fairness | None = None  # its groups, as was asked last
    missing: list[str] = field(default_factory=list)  # what cannot be read, in sentences

    @property
    def path(self) -> Path:
        """The run's folder, as it was named."""
        return self.run.path


def find_run(path: Path) -> FoundRun:
    """Read a run's folder; raises UserError where there is no run, or its run.json is damaged."""
    run = Run.open(path)
    found = FoundRun(run, run.record())
    _read_recipe(found)
    _read_log(found)
    _read_evaluations(found)
    _read_fairness(found)
    return found


def _read_recipe(found: FoundRun) -> None:
    try:
        tree = read_json(found.run.recipe_file, "recipe")
        found.tree = tree if isinstance(tree, dict) else {}
        found.recipe = found.run.recipe()
    except UserError as error:
        found.missing.append(f"The recipe's parts are not all known here: {error}")


def _read_log(found: FoundRun) -> None:
    """Read every line that can be read, also behind one that a crash tore."""
    damaged = 0
    try:
        for text in _texts(found.run.log_file):
            try:
                found.lines.append(checked_line(json.loads(text), "log"))
            except (UserError, *BROKEN):
                damaged += 1
        size = found.run.log_file.stat().st_size
    except FileNotFoundError:
        size = 0
    except OSError as error:
        size = 0
        found.missing.append(f"The log cannot be read: {reason(error)}.")
    if damaged:
        found.missing.append(f"{counted(damaged, 'line')} of the log cannot be read, and stayed out.")
    if size > MOST_LOG_BYTES:
        found.missing.append(f"The log is larger than {bytes_text(MOST_LOG_BYTES)}; what is shown is its beginning.")
    if not found.lines:
        found.missing.append("The log has no line yet.")
    found.lines.sort(key=lambda line: int(line["images_seen"]))


def _texts(path: Path) -> Iterator[str]:
    """Yield the lines of a file, up to a number of bytes; one that is too long comes in pieces, which are none."""
    left = MOST_LOG_BYTES
    with path.open("rb") as file:
        while left > 0 and (line := file.readline(MOST_LINE_BYTES)):
            left -= len(line)
            if line.strip():
                yield line.decode("utf-8", errors="replace")


def _read_evaluations(found: FoundRun) -> None:
    try:
        files = dict.fromkeys(evaluation_file(found.path, direction) for direction in DIRECTIONS)
        found.afterwards += [read_evaluation(file) for file in files if file.is_file()]
    except (UserError, OSError) as error:
        found.missing.append(f"The evaluation cannot be read: {error}")
    try:
        where = str(found.run.evaluations_file)
        for line in found.run.evaluation_lines():
            found.during.append((line["images_seen"], evaluation_from(line["evaluation"], where)))
    except (UserError, OSError) as error:
        found.missing.append(f"Not all evaluations of the training can be read: {error}")


def _read_fairness(found: FoundRun) -> None:
    try:
        if found.run.fairness_file.is_file():
            found.fairness = read_fairness(found.run.fairness_file)
    except (UserError, OSError) as error:
        found.missing.append(f"What was found of groups cannot be read: {error}")
