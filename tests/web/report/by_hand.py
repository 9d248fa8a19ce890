"""Runs that are written by hand: as little or as much of one as a test needs."""

import json
from pathlib import Path
from typing import Any

from PIL import Image

from ganache.games import Game
from ganache.runs.folder import Run, numbered
from ganache.uses.fairness.fairness_record import Draw, Fairness, GroupRow
from tests.tiny import tiny_recipe

HOSTILE = "</script><img src=x onerror=alert(1)>"
RECORD: dict[str, Any] = {
    "source": {"data": "digits", "size": None, "channels": None, "labels": [], "max_skipped": 0.01},
    "data": {"source": "digits", "shape": [1, 8, 8], "label_names": [], "fingerprint": "ab" * 32, "skipped": []},
    "budget": {"images": 1_000, "seconds": None},
    "outcome": "finished",
    "images_seen": 1_000,
    "training_seconds": 2.0,
    "seed": 3,
}


def run_by_hand(path: Path, lines: int = 5, recipe: Game | None = None, **record: Any) -> Run:
    """Write a run with so many lines in its log."""
    run = Run.create(path, recipe or tiny_recipe(), {**RECORD, **record})
    write_log(run, [line(200 * (number + 1)) for number in range(lines)])
    return run


def line(images_seen: int, **more: Any) -> dict[str, Any]:
    """Return a line of a log."""
    losses = {"loss/generator": 1.0, "loss/discriminator": 0.5, "images_per_second": 100.0}
    return {"images_seen": images_seen, "training_seconds": images_seen / 100, **losses, **more}


def write_log(run: Run, lines: list[Any]) -> None:
    """Write a log; a text is a line as it is."""
    texts = [one if isinstance(one, str) else json.dumps(one) for one in lines]
    run.log_file.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")


def add_sheet(run: Run, images_seen: int, picture: Image.Image) -> Path:
    """Add a picture to a run's samples."""
    path = run.samples / f"{numbered(images_seen)}.png"
    picture.save(path)
    return path


def fairness(lost: str, grown: str) -> Fairness:
    """Return a record of two groups, of which one is lost."""
    from tests.web.report.test_score_facts import evaluation

    rows = (
        GroupRow(name=lost, expected=0.5, share=0.02, low=0.01, high=0.04, found_below=0.48, verdict="lost",
                 seen=2, reals=50, recall=0.25, recall_of_reals=0.75),
        GroupRow(name=grown, expected=0.5, share=0.98, low=0.96, high=0.99, found_below=0.48, verdict="grown",
                 seen=98, reals=50, recall=0.5, recall_of_reals=0.75),
    )  # fmt: skip
    draw = Draw(truncation=1.0, expected="the share among the reals", rows=rows, evaluation=evaluation())
    return Fairness(
        grouping="the classes of the data",
        confidence=0.95,
        statements=2,
        held_out={lost: 10, grown: 10},
        read_rightly={lost: 1.0, grown: 0.9},
        draws=(draw, draw.model_copy(update={"truncation": 0.5})),
        sentences=(f"{lost} is lost.",),
        warnings=(f"{grown} is everywhere",),
    )
