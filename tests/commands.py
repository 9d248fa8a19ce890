"""Commands as a user enters them, in this process, and small things to enter them with."""

import contextlib
import csv
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np
import pytest
from PIL import Image

from ganache.cli import app
from tests.conftest import SMALL

TINY = ("--images", "32", *(word for setting in SMALL[:4] for word in ("--set", setting)))


class Ended(NamedTuple):
    """How a command ended, and what it wrote to its two streams."""

    status: int
    output: str
    complaints: str


def run_command(*words: object, program: Callable[[], None] = app.main, output: TextIO | None = None) -> Ended:
    """Run a command (`program` with these words) to its end; `output` takes the place of its standard output."""
    shown, complaints = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(output or shown),
        contextlib.redirect_stderr(complaints),
    ):
        patch.setattr(sys, "argv", ["ganache", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            program()
    return Ended(int(ended.value.code or 0), shown.getvalue(), complaints.getvalue())


def draw_pictures(folder: Path, count: int = 20) -> Path:
    """Write pictures of 8×8 pixels, no two alike."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        Image.fromarray(np.full((8, 8), 3 * number, np.uint8)).save(folder / f"{number}.png")
    return folder


def table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a .csv that a command wrote, by the names of its columns."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
