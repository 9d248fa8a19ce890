"""Many files read at once by decoder processes, answers in the order of the questions, few of them in flight."""

import contextlib
import json
import os
import queue
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, Any, NamedTuple

import numpy as np

from ganache.data.containers import Folder, Zip
from ganache.data.decode import Header
from ganache.data.worker import Pixels, read_headers, read_images
from ganache.errors import RunError
from ganache.shape import ImageShape

SMALLEST_PARALLEL = 256
"""Below this many files, starting processes takes longer than reading the files."""

_FILES_PER_QUESTION = 256
_BYTES_PER_QUESTION = 16 * 2**20
# No package of ours is needed to start: the child gets this process's import path as its argument.
_BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from ganache.data.worker import main; main()"


class Question(NamedTuple):
    """Files to read; a shape asks for pixels, None for headers."""

    names: Sequence[str]
    shape: ImageShape | None
    stretch: bool = False


def default_processes() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def read_all_headers(container: Folder | Zip, names: Sequence[str], processes: int) -> Iterator[list[Header | str]]:
    """Yield the headers, or reasons, of the files in their order, some at a time."""
    questions = [Question(part, None) for part in split_names(names, 1)]
    if processes == 1 or len(names) < SMALLEST_PARALLEL:
        yield from (read_headers(container, question.names) for question in questions)
        return
    for _, answer in _ask_workers(str(container.path.absolute()), questions, processes):
        yield [entry if isinstance(entry, str) else _header(*entry) for entry in answer]


def read_all_pixels(
    container: Folder | Zip, parts: Sequence[Sequence[str]], shape: ImageShape, processes: int, stretch: bool = False
) -> Iterator[Pixels]:
    """Yield the pixels of each part of the files, in order, brought to the shape as `decode.fit` does."""
    if processes == 1 or sum(map(len, parts)) < SMALLEST_PARALLEL:
        yield from (read_images(container, names, shape, stretch) for names in parts)
        return
    questions = [Question(names, shape, stretch) for names in parts]
    for pixels, reasons in _ask_workers(str(container.path.absolute()), questions, processes):
        images = np.frombuffer(pixels, np.uint8).reshape(-1, shape.channels, shape.height, shape.width)
        yield Pixels(images, reasons)


def split_names(names: Sequence[str], row_bytes: int) -> Iterator[Sequence[str]]:
    """Yield the names in parts whose images take a few MiB at most."""
    step = max(1, min(_FILES_PER_QUESTION, _BYTES_PER_QUESTION // row_bytes))
    for start in range(0, len(names), step):
        yield names[start : start + step]


def _ask_workers(path: str, questions: Iterable[Question], processes: int) -> Iterator[tuple[bytes, Any]]:
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(processes))
        idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        for _ in range(processes):
            # Entered after the pool, so an early end first kills the workers and with them the pool's waiting.
            idle.put(stack.enter_context(_Worker(path)))

        def ask(question: Question) -> tuple[bytes, Any]:
            worker = idle.get()
            try:
                return worker.ask(question)
            finally:
                idle.put(worker)

        pending: deque[Future[tuple[bytes, Any]]] = deque()
        stack.callback(lambda: [future.cancel() for future in pending])
        for question in questions:
            pending.append(pool.submit(ask, question))
            if len(pending) >= 2 * processes:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


class _Worker:
    """One decoder process."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> "_Worker":
        command = [sys.executable, "-c", _BOOT, json.dumps(sys.path)]
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as error:
            raise RunError(f"data: no decoder process could be started: {error}") from error
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                _open(pipe).close()
        self._process.wait()

    def ask(self, question: Question) -> tuple[bytes, Any]:
        """Return the raw pixels and the answer; raises RunError when the process has died."""
        shape = question.shape
        sizes = None if shape is None else (shape.channels, shape.height, shape.width)
        line = json.dumps(
            {"path": self._path, "names": list(question.names), "shape": sizes, "stretch": question.stretch}
        )
        with contextlib.suppress(OSError, ValueError):
            stdin, stdout = _open(self._process.stdin), _open(self._process.stdout)
            stdin.write(line.encode() + b"\n")
            stdin.flush()
            if reply := stdout.readline():
                answer = json.loads(reply)
                length = shape.pixels * answer.count(None) if shape else 0
                if len(pixels := stdout.read(length)) == length:
                    return pixels, answer
        raise RunError(
            f"data: a decoder process ended (killed, or out of memory?) while it read {question.names[0]!r} … "
            f"{question.names[-1]!r}"
        )


def _header(height: int, width: int, channels: int, notes: list[str]) -> Header:
    return Header(height, width, channels, tuple(notes))


def _open(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe
