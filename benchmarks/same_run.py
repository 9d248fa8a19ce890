"""Whether two runs hold the same, file by file: bytes where the state alone decides, the rest without its clocks.

What shows a clock (TensorBoard's events, the curves) is compared by what it holds besides: the events of all other
names, and whether the curves are those of the run's own log.
"""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ganache.drawing import curves
from ganache.runs.folder import Run

CLOCKS = {"training_seconds", "images_per_second", "memory_bytes"}
SESSIONS = {"created", "sessions"}
EVENTS = "events.out"


def differing(first: Path, second: Path) -> list[str]:
    """Return the names of the files that one of two runs lacks, or that do not hold the same in both."""
    files, others = _files(first), _files(second)
    lacking = files.keys() ^ others.keys()
    return sorted(lacking | {name for name in files.keys() & others.keys() if not _alike(files[name], others[name])})


def _files(run: Path) -> dict[str, Path]:
    found = {}
    for path in sorted(run.rglob("*")):
        name = EVENTS if path.name.startswith(EVENTS) else str(path.relative_to(run))
        assert name not in found, f"{run} holds two copies of its log for TensorBoard"
        if path.is_file():
            found[name] = path
    return found


def _alike(first: Path, second: Path) -> bool:
    read = _READERS.get(EVENTS if first.name.startswith(EVENTS) else first.name, Path.read_bytes)
    return bool(read(first) == read(second))


def _without_clocks(log: Path) -> list[dict[str, Any]]:
    return [{key: value for key, value in line.items() if key not in CLOCKS} for line in Run(log.parent).log_lines()]


def _without_places(evaluations: Path) -> list[dict[str, Any]]:
    lines = Run(evaluations.parent).evaluation_lines()
    for line in lines:
        del line["evaluation"]["samples"]["source"]  # the run's folder
    return lines


def _record(path: Path) -> dict[str, Any]:
    record = json.loads(path.read_text(encoding="utf-8"))
    return {key: value for key, value in record.items() if key not in CLOCKS | SESSIONS}


def _events(path: Path) -> dict[str, list[tuple[int, float]]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = EventAccumulator(str(path), size_guidance={"scalars": 0})
    board.Reload()
    names = [name for name in board.Tags()["scalars"] if name not in CLOCKS]
    return {name: [(event.step, event.value) for event in board.Scalars(name)] for name in names}


def _are_of_the_log(path: Path) -> bool:
    run = Run(path.parent)
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder) / path.name
        curves.draw(run.log_lines(), again, title=run.path.name)
        return again.read_bytes() == path.read_bytes()


def _is_a_page(path: Path) -> bool:
    """Return whether a report is there; what it shows is in the other files, clocks and sessions among it."""
    return path.read_text(encoding="utf-8").startswith("<!doctype html>")


_READERS: dict[str, Callable[[Path], Any]] = {
    "log.jsonl": _without_clocks,
    "evaluations.jsonl": _without_places,
    "run.json": _record,
    "curves.png": _are_of_the_log,
    "report.html": _is_a_page,
    EVENTS: _events,
}
