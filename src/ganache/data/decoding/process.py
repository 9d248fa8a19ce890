"""One decoder process seen from its parent: asked for files, started anew when a file ends it or makes it hang."""

import contextlib
import json
import subprocess
from collections.abc import Iterator, Sequence
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ganache.data.decoding.worker import READY, Task
from ganache.data.ranges import FULL, Ranges
from ganache.data.shape import Fitting, ImageShape
from ganache.support.children import command_of, program_of
from ganache.support.errors import RunError

PROGRAM = program_of("ganache.data.decoding.worker")

TICK_SECONDS = 5.0
MOST_TICKS = 120  # for one file; ticks, because a clock goes on while a job is suspended
_GRACE_SECONDS = 10.0


class Question(NamedTuple):
    """Files to read, what of them, and a bound on the bytes that the largest takes; the rest is for pixels."""

    task: Task
    names: Sequence[str]
    memory: int
    shape: ImageShape | None = None
    ranges: Ranges = FULL
    fitting: Fitting = "covered"
    frames: Sequence[int] = ()  # of each name, the number of the frame to read


class EndedError(Exception):
    """The process ended; the message is the reason for the manifest, `is_late` whether it took too long."""

    def __init__(self, reason: str, is_late: bool) -> None:
        super().__init__(reason)
        self.is_late = is_late


class Decoder:
    """One process that reads files of one folder or zip, started when it is first asked."""

    def __init__(self, path: str, program: str = PROGRAM) -> None:
        self._path, self._program = path, program
        self._process: subprocess.Popen[bytes] | None = None
        self._ticks: int | None = None
        self._is_late = self._is_closed = False

    def answers(self, question: Question, first: int, images: npt.NDArray[np.uint8]) -> Iterator[Any]:
        """Yield the answer to each file from number `first` on; pixels go to the next place of `images` (n, C, H, W).

        Raises EndedError when the process ends, RunError when it cannot be started.
        """
        process = self._started()
        sizes = question.shape and (question.shape.channels, question.shape.height, question.shape.width)
        asked: dict[str, Any] = {"task": question.task, "path": self._path, "names": list(question.names[first:])}
        asked |= {"shape": sizes, "ranges": question.ranges, "fitting": question.fitting}
        asked["frames"] = list(question.frames[first:])
        self._ticks = 0
        try:
            with contextlib.suppress(OSError, ValueError):  # a broken pipe: reading says why
                stdin = _open(process.stdin)
                stdin.write(json.dumps(asked).encode() + b"\n")
                stdin.flush()
            place = 0
            for _ in asked["names"]:
                answer = json.loads(self._line(process))
                if answer is None:
                    self._fill(process, images[place])
                    place += 1
                yield answer
                self._ticks = 0
        finally:
            self._ticks = None

    def tick(self) -> None:
        """Count one more tick of waiting for a file, and end the process after too many."""
        process, ticks = self._process, self._ticks
        if process is not None and ticks is not None:
            self._ticks = ticks + 1
            if ticks >= MOST_TICKS:
                self._is_late = True
                process.kill()

    def close(self) -> None:
        """End the process for good."""
        self._is_closed = True
        self._stop(0)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._is_closed:
            raise RunError("data: the decoder processes have been ended")
        if self._process is None:
            self._is_late = False
            try:
                self._process = subprocess.Popen(
                    command_of(self._program), stdin=subprocess.PIPE, stdout=subprocess.PIPE
                )
            except OSError as error:
                raise RunError(f"data: no decoder process could be started: {error}") from error
            if _open(self._process.stdout).readline() != READY:
                raise RunError(f"data: a decoder process ended as it started ({self._ending()})")
        return self._process

    def _line(self, process: subprocess.Popen[bytes]) -> bytes:
        with contextlib.suppress(OSError, ValueError):
            if (line := _open(process.stdout).readline()).endswith(b"\n"):
                return line
        raise self._ended()

    def _fill(self, process: subprocess.Popen[bytes], image: npt.NDArray[np.uint8]) -> None:
        with contextlib.suppress(OSError, ValueError):
            content = _open(process.stdout).read(image.nbytes)
            if len(content) == image.nbytes:
                image[...] = np.frombuffer(content, np.uint8).reshape(image.shape)
                return
        raise self._ended()

    def _ended(self) -> EndedError:
        how = self._ending()
        if self._is_late:
            return EndedError(f"took longer than {MOST_TICKS * TICK_SECONDS / 60:.3g} minutes to read", is_late=True)
        return EndedError(f"ended the decoder process ({how})", is_late=False)

    def _ending(self) -> str:
        # One that has closed its pipe is about to end, and its status says by what.
        code = self._stop(_GRACE_SECONDS)
        return f"signal {-code}" if code < 0 else f"exit status {code}"

    def _stop(self, grace: float) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace)
        process.kill()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                _open(pipe).close()
        return process.wait()


def _open(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe
