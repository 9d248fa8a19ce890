"""A process of its own that trains or samples and says how fast and in how much memory; and how others talk to it.

    python -m benchmarks.speed.worker train RECIPE WAY STORE SMALL     then a line with seconds for each measurement
    python -m benchmarks.speed.worker sample RUN OUT COUNT PRECISION

Every answer is a line of JSON. Memory is the peak of what was resident, in MiB.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO

import torch

from benchmarks.speed.part import ROOT, Json, images_per_second, seconds_of
from ganache.engine.devices import memory_in_use

COMMAND = [sys.executable, "-m", "benchmarks.speed.worker"]


class Training:
    """A training in this process, its first iteration done; `ready` is what a worker says then."""

    def __init__(self, recipe: str, way: str, store: Path, small: bool) -> None:
        from benchmarks.speed.systems import contestants, trained_in

        contestant = contestants(trained_in(recipe), store, small)[way]
        before = peak_mib()
        self._loop = contestant.begin()
        next(self._loop)
        self.ready = {"before_mib": before, "threads": torch.get_num_threads(), "precision": contestant.precision}

    def go_on(self, seconds: float) -> Json:
        """Train for so long, and return the speed and the peak memory so far."""
        speed = images_per_second(self._loop, seconds)
        return {"images_per_second": speed, "peak_mib": peak_mib()}


class Trainer:
    """A worker that has trained its first iteration and waits."""

    def __init__(self, recipe: str, way: str, store: Path, small: bool, environment: Mapping[str, str]) -> None:
        command = [*COMMAND, "train", recipe, way, str(store), str(int(small))]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **environment},
        )

    def __enter__(self) -> "Trainer":
        try:
            self.ready = self.answer()
        except RuntimeError:
            self._process.communicate()  # closes its pipes
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        self._process.communicate()

    def go(self, seconds: float) -> None:
        """Let it train for so long; its answer comes then."""
        pipe = _open(self._process.stdin)
        pipe.write(f"{seconds}\n")
        pipe.flush()

    def answer(self) -> Json:
        """Return its next answer; raises RuntimeError when it has died."""
        line = _open(self._process.stdout).readline()
        if not line:
            raise RuntimeError(f"the worker ended: {self._process.args!r}")
        found: Json = json.loads(line)
        return found


def sample_in_process(run: Path, out: Path, count: int, precision: str) -> Json:
    """Sample in a new process; return its seconds and memory."""
    command = [*COMMAND, "sample", str(run), str(out), str(count), precision]
    found: Json = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout)
    return found


def peak_mib() -> float:
    """Return the peak resident memory of this process, in MiB."""
    return memory_in_use(torch.device("cpu")) / 2**20


def main() -> None:
    """Do what the arguments say."""
    tasks: dict[str, Callable[..., None]] = {"train": _train, "sample": _sample}
    tasks[sys.argv[1]](*sys.argv[2:])


def _train(recipe: str, way: str, store: str, small: str) -> None:
    training = Training(recipe, way, Path(store), small == "1")
    _answer(training.ready)
    for line in sys.stdin:
        _answer(training.go_on(float(line)))


def _sample(run: str, out: str, count: str, precision: str) -> None:
    from ganache.drawing.sampling import sample_to

    seconds = seconds_of(lambda: sample_to(Path(run), out, count=int(count), device="cpu", precision=precision))
    _answer({"seconds": seconds, "peak_mib": peak_mib()})


def _answer(values: Json) -> None:
    print(json.dumps(values), flush=True)


def _open(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


if __name__ == "__main__":
    main()
