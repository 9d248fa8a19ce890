"""Runs that are written by hand: as little or as much of one as a test needs."""

import json
from pathlib import Path
from typing import Any

from PIL import Image

from ganache.games import Game
from ganache.runs.folder import Run, numbered
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
