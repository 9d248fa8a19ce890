"""SIGTERM to a command that is no training: it cleans up behind itself, and says by its status what ended it."""

import os
import signal
from pathlib import Path

import pytest

from ganache.runs.products import TrainedGenerator
from ganache.support.console import end_with_status
from ganache.support.interrupts import Interrupts, Terminated, terminable
from tests.commands import run_command


@pytest.mark.parametrize(
    ("words", "out", "step"),
    [
        (("sample", "--count", 130), "x.npz", "inputs"),
        (("interpolate",), "walk.mp4", "make"),
        (("interpolate",), "walk.webp", "make"),
    ],
)
def test_a_command_that_is_terminated_leaves_nothing(
    words: tuple[object, ...], out: str, step: str, digits_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if out.endswith("mp4"):
        pytest.importorskip("imageio_ffmpeg")
    begun: list[int] = []
    go_on = getattr(TrainedGenerator, step)

    def interrupted(*given: object) -> object:
        begun.append(len(list(tmp_path.iterdir())))
        if len(begun) == 2:
            signal.raise_signal(signal.SIGTERM)
        return go_on(*given)

    monkeypatch.setattr(TrainedGenerator, step, interrupted)
    ended = run_command(*words, digits_run, "--out", tmp_path / out)
    assert (ended.status, ended.complaints) == (143, "ganache: stopped\n")
    assert begun[1] == 1  # what was half written
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_who_listens_is_asked_and_a_second_signal_is_the_systems() -> None:
    with terminable():
        interrupts = Interrupts()
        with interrupts.caught():
            signal.raise_signal(signal.SIGTERM)
            assert interrupts.received is signal.SIGTERM
            assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
        with pytest.raises(Terminated):
            signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_what_somebody_has_settled_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "0")
    with terminable():
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    monkeypatch.delenv("RANK")
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with pytest.raises(SystemExit) as ended:
            end_with_status("x", lambda: os.kill(os.getpid(), signal.SIGTERM))
        assert ended.value.code == 0
    finally:
        signal.signal(signal.SIGTERM, before)
