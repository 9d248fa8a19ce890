"""A real disk that is full at the moment when one file of a run is written: one line, and nothing is lost."""

import contextlib
import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

import ganache
from benchmarks.same_run import differing
from ganache import data
from ganache.engine.state import TrainingState
from ganache.runs.folder import Run
from ganache.training.observers.observer import Marks, Observer
from tests.test_crashes import POINTS
from tests.training import company
from tests.training.company import Stopping, draw_quickly, joined_by

FULL = "No space left on device"


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file system of its own, of 8 MB."""
    folder = tmp_path_factory.mktemp("disk")
    try:
        command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a file system can be mounted by root alone")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> None:
    with (disk / "filler").open("ab", buffering=0) as filler, contextlib.suppress(OSError):
        while filler.write(bytes(4096)):
            pass


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 160 points that was stopped after 96."""
    out = tmp_path_factory.mktemp("interrupted") / "run"
    asked: dict[str, Any] = {"images": 160, "settings": POINTS, "evaluate_every": 64}
    stopped = company.train(out, "mlp-2d", "ring", display=Stopping(after=64), draw=draw_quickly, **asked)
    assert stopped.images_seen == 96
    return out


@pytest.fixture(scope="module")
def finished(interrupted: Path) -> Path:
    """The same run, gone on to its end on a disk with room."""
    run = interrupted.parent / "finished" / "run"
    shutil.copytree(interrupted, run)
    company.resume(run, draw=draw_quickly)
    return run


def fill_when_begun(name: str, disk: Path, patch: pytest.MonkeyPatch) -> None:
    """Fill the disk when a file of this name is begun: its temporary folder, or TensorBoard's copy of the log."""
    make, opened = tempfile.mkdtemp, io.open

    def making(*arguments: Any, **options: Any) -> Any:
        if options["prefix"].strip(".") == name:
            fill(disk)
        return make(*arguments, **options)

    def opening(path: Any, *arguments: Any, **options: Any) -> Any:
        if name == "events" and Path(path).name.startswith("events.out."):
            fill(disk)
        return opened(path, *arguments, **options)

    patch.setattr(tempfile, "mkdtemp", making)
    patch.setattr(io, "open", opening)


class Filling(Observer):
    """Fills the disk, and wants more of the log than its last block still takes."""

    every = "tick"

    def __init__(self, disk: Path) -> None:
        self.disk = disk

    def measure(self, state: TrainingState, line: Mapping[str, Any]) -> Marks:
        fill(self.disk)
        return {"long": "x" * 9_000}


KINDS = {
    "log.jsonl": "log.jsonl",
    "events": "log.jsonl",
    "line of the log": "log.jsonl",
    "00000128.png": "00000128.png",
    "00000128.safetensors": "00000128.safetensors",
    "generator.safetensors": "generator.safetensors",
    "best.safetensors": "best.safetensors",
    "evaluations.jsonl": "evaluations.jsonl",
    "curves.png": "curves.png",
    "progress.webp": "progress.webp",
    "run.json": "run.json",
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_of_a_run(
    kind: str, disk: Path, interrupted: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, all but checkpoints and evaluations were a traceback, and run.json went on saying "running"."""
    run = disk / "run"
    shutil.copytree(interrupted, run)
    if kind == "best.safetensors":
        (run / kind).unlink()  # so that it is written
    try:
        fill_when_begun(kind, disk, monkeypatch)
        observers = joined_by(*([Filling(disk)] if kind == "line of the log" else []))
        with pytest.raises(ganache.RunError, match=rf"^could not write \S*{KINDS[kind]}: \S") as failed:
            company.resume(run, observers=observers, draw=draw_quickly)
        monkeypatch.undo()
        assert "\n" not in str(failed.value)
        if kind not in ("run.json", "events"):  # where there is no room, and nothing to make it of
            assert Run.open(run).record()["outcome"] == f"failed: {failed.value}"
        (disk / "filler").unlink()
        assert not list(run.rglob("*partial*"))
        company.resume(run, draw=draw_quickly)
        assert differing(run, finished) == []
    finally:
        (disk / "filler").unlink(missing_ok=True)
        shutil.rmtree(run)


def test_a_run_that_cannot_begin(disk: Path) -> None:
    fill(disk)
    try:
        with pytest.raises(ganache.RunError, match=rf"^could not create the run .*new: {FULL}$"):
            ganache.train(data="ring", out=disk / "new", images=32, settings=POINTS)
    finally:
        (disk / "filler").unlink()
    assert list(disk.iterdir()) == []


def test_data_that_cannot_be_packed(disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # There was room when it was asked for; another process takes it meanwhile.
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=2**40))
    for number in range(40):
        Image.fromarray(np.full((200, 200, 3), number, np.uint8)).save(tmp_path / f"{number}.png")
    fill(disk)
    with (disk / "filler").open("r+b") as filler:
        filler.truncate(7 * 2**20)  # leaves 1 MB for 4.8
    try:
        with pytest.raises(ganache.RunError, match=FULL):
            data.pack(tmp_path, disk / "store")
    finally:
        (disk / "filler").unlink()
    assert list(disk.iterdir()) == []


def test_a_quota_ends_the_command_with_one_line(tmp_path: Path) -> None:
    """A limit on a file's size (ulimit -f) stands for a quota, on systems where nothing can be mounted."""
    resource = pytest.importorskip("resource")

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    settings = [part for setting in POINTS for part in ("--set", setting)]
    command = [sys.executable, "-m", "ganache", "train", "--data", "ring", "--images", "64", "--out", "run", *settings]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, preexec_fn=limited)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("ganache: could not write ")
    assert Run.open(tmp_path / "run").record()["outcome"].startswith("failed: could not write ")
