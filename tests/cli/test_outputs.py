"""Output that cannot be encoded, closed pipes, full disks behind standard output: no command loses a file by them."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ganache
from ganache.cli import app
from tests.commands import TINY, run_command
from tests.conftest import SMALL


class Refusing(io.RawIOBase):
    """A standard output that takes so many writes and refuses all further ones."""

    def __init__(self, error: OSError, takes: int = 0) -> None:
        self.error, self.takes, self.refused = error, takes, 0

    def writable(self) -> bool:
        return True

    def write(self, content: object) -> int:
        if self.takes > 0:
            self.takes -= 1
            return len(bytes(content))  # type: ignore[call-overload]
        self.refused += 1
        raise self.error


def text(raw: io.RawIOBase) -> io.TextIOWrapper:
    """Return a text stream that hands every write on at once and is quiet when it is dropped."""
    return io.TextIOWrapper(raw, encoding="utf-8", write_through=True)  # type: ignore[arg-type]


@pytest.fixture
def own_run(digits_run: Path, tmp_path: Path) -> Path:
    return shutil.copytree(digits_run, tmp_path / "own")


EVALUATE = ("--count", "64", "--features", "pixels", "--metrics", "fd")


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1"])
def test_evaluate_and_its_friends_on_a_terminal_that_lacks_their_signs(
    own_run: Path, tmp_path: Path, encoding: str
) -> None:
    """`PYTHONIOENCODING=cp1252 ganache evaluate RUN --json F` ended in a UnicodeEncodeError at ↓, without F."""
    asked: list[tuple[tuple[str | Path, ...], str]] = [
        (("evaluate", own_run, *EVALUATE, "--json", tmp_path / "e.json"), "\\u2193 lower is better"),
        (("compare", own_run, own_run, "--json", tmp_path / "c.json"), "fd/pixels"),
        (("doctor", own_run, "--json", tmp_path / "d.json"), "images:"),
        (("data", "info", "digits"), "8×8" if encoding != "ascii" else "8\\xd78"),
        (("recipes", "lsgan"), "Mao et al. 2017"),
    ]
    for words, signs in asked:
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding=encoding, errors="strict")
        assert run_command(*words, output=stream).status == 0
        assert signs in raw.getvalue().decode(encoding)
    assert json.loads((tmp_path / "e.json").read_text())["content"] == "evaluation"
    assert {"c.json", "d.json"} <= {path.name for path in tmp_path.iterdir()}


def test_a_posix_locale_shows_what_it_can() -> None:
    """`LC_ALL=POSIX PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 ganache data info digits` was a traceback at ×."""
    poor = {**os.environ, "LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    poor.pop("PYTHONIOENCODING", None)
    words = [sys.executable, "-m", "ganache", "data", "info", "digits"]
    done = subprocess.run(words, env=poor, capture_output=True, check=True)
    assert b"1,797 images of 8\\xd78" in done.stdout


@pytest.mark.parametrize(
    ("error", "status"), [(BrokenPipeError(32, "Broken pipe"), 141), (OSError(28, "No space left on device"), 1)]
)
@pytest.mark.parametrize("takes", [0, 1])
def test_files_are_written_before_tables(
    own_run: Path, tmp_path: Path, error: OSError, status: int, takes: int
) -> None:
    """`ganache evaluate RUN --json F | head -1` and `> /dev/full` printed first, and lost the files."""
    wrote: dict[str, tuple[str | Path, ...]] = {
        "evaluate": ("evaluate", own_run, *EVALUATE, "--json", tmp_path / "e.json"),
        "compare": ("compare", own_run, own_run, "--json", tmp_path / "c.json", "--out", tmp_path / "c.png"),
        "doctor": ("doctor", own_run, "--json", tmp_path / "d.json"),
        "judge": ("judge", own_run, "--data", "digits", "--count", "20", "--json", tmp_path / "j.json"),
    }
    for words in wrote.values():
        raw = Refusing(error, takes)
        assert run_command(*words, output=text(raw)).status == status
        assert raw.refused
    assert {"e.json", "c.json", "c.png", "d.json", "j.json"} <= {path.name for path in tmp_path.iterdir()}
    assert (own_run / "evaluation.json").is_file()


def test_a_closed_pipe_does_not_end_a_training(tmp_path: Path) -> None:
    """`ganache train … | head -1` ended the training at its second line and left run.json "running"."""
    raw = Refusing(BrokenPipeError(32, "Broken pipe"), takes=1)
    ended = run_command("train", "--data", "digits", "--out", tmp_path / "run", *TINY, output=text(raw))
    assert ended.status == 141
    assert json.loads((tmp_path / "run" / "run.json").read_text())["outcome"] == "finished"
    assert (tmp_path / "run" / "curves.png").is_file()
    assert "nothing more is shown (BrokenPipeError: [Errno 32] Broken pipe); the training goes on" in ended.complaints


def test_no_display_ends_a_training_from_python(tmp_path: Path) -> None:
    """ganache.train(…, quiet=False) where standard output refuses, as a notebook's may, ended with its exception."""

    class Odd:
        def write(self, message: str) -> int:
            raise RuntimeError("no kernel")

    odd: Any = Odd()  # it has no isatty and no flush either
    with contextlib.redirect_stdout(odd):
        outcome = ganache.train(data="digits", out=tmp_path / "run", images=32, settings=SMALL, quiet=False)
    assert json.loads((outcome.run / "run.json").read_text())["outcome"] == "finished"


def test_a_command_without_any_output_trains(tmp_path: Path) -> None:
    """`ganache train … >&- 2>&-` leaves Python without the two streams: 'NoneType' object has no attribute 'isatty'."""

    def mute() -> None:
        with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
            app.main()

    assert run_command("train", "--data", "digits", "--out", tmp_path / "run", *TINY, program=mute).status == 0
    assert json.loads((tmp_path / "run" / "run.json").read_text())["outcome"] == "finished"
