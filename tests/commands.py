"""Commands as a user enters them, in this process."""

import contextlib
import io
import sys
from collections.abc import Callable
from typing import NamedTuple, TextIO

import pytest

from ganache.cli import app


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
