"""Many files read at once by decoder processes, answers in the order of the questions, few of them in flight."""

import contextlib
import os
import queue
import threading
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from ganache.data.containers import Container
from ganache.data.decoding.decode import Header
from ganache.data.decoding.deep import Extremes
from ganache.data.decoding.films import Timing
from ganache.data.decoding.process import PROGRAM, TICK_SECONDS, Decoder, EndedError, Question
from ganache.data.ranges import Ranges
from ganache.data.shape import Fitting, ImageShape

SMALL = 16 * 2**20  # bytes, for a picture of a megapixel or two: only those that take more need be known by name

T = TypeVar("T")
_BYTES_PER_QUESTION = 16 * 2**20
_SHARE = 4
_LEAST_BUDGET = 2**30
_USUAL_MEMORY = 8 * 2**30  # where the system does not say
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


class Pixels(NamedTuple):
    """The images that could be decoded, (n, C, H, W) uint8, and for each file asked for its reason or None."""

    images: npt.NDArray[np.uint8]
    reasons: list[str | None]


def memory_of(headers: Mapping[str, Header]) -> dict[str, int]:
    """Return bounds of what decoding the large ones among some files takes, in bytes, by name."""
    return {name: header.memory for name, header in headers.items() if header.memory > SMALL}


def default_processes() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Workers:
    """Processes that decode: how many, what each of them runs, and how the files are shared out.

    Below `smallest_parallel` files there is one, for starting a second takes longer than reading them. A file may
    take 120 ticks; `files_at_once` are asked for in one question at most.
    """

    processes: int = field(default_factory=default_processes)
    program: str = PROGRAM
    tick_seconds: float = TICK_SECONDS
    smallest_parallel: int = 256
    files_at_once: int = 256


class Decoders:
    """Processes that read the files of one folder or zip, kept between questions; a small set has one.

    A file that ends its process twice, or takes ten minutes, costs that file: its answer is the reason. All files that
    are decoded at a time share a quarter of the machine's memory. Close it, or use it in a `with` statement; methods
    raise RunError when no process can be started.
    """

    def __init__(self, container: Container, workers: Workers | None = None) -> None:
        self._path = str(container.path.absolute())
        self._workers = workers or Workers()
        self._decoders: list[Decoder] = []
        self._budget = MemoryBudget(_memory() // _SHARE)
        weakref.finalize(self, _close_all, self._decoders)

    def __enter__(self) -> "Decoders":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes; the next question starts others."""
        _close_all(self._decoders)

    def headers(self, names: Sequence[str]) -> Iterator[list[Header | str]]:
        """Yield the headers, or reasons, of the files in their order, some at a time."""
        questions = [Question("header", part, 0) for part in self.split(names, 1)]
        for answers, _ in self._ask(questions, len(names)):
            yield [entry if isinstance(entry, str) else Header(*entry) for entry in answers]

    def extremes(self, names: Sequence[str], memory: Mapping[str, int]) -> Iterator[list[Extremes | str]]:
        """Yield the extremes of files of more than 8 bits, or reasons, as `headers`; `memory` holds the large files."""
        questions = [Question("extremes", part, _largest(part, memory)) for part in self.split(names, 2**20)]
        for answers, _ in self._ask(questions, len(names)):
            yield [
                entry if isinstance(entry, str) else Extremes(*(pair and tuple(pair) for pair in entry))
                for entry in answers
            ]

    def pixels(
        self,
        parts: Sequence[Sequence[str]],
        shape: ImageShape,
        ranges: Ranges,
        memory: Mapping[str, int],
        fitting: Fitting = "covered",
    ) -> Iterator[Pixels]:
        """Yield the pixels of each part of the files, in order, brought to the shape as `decode.fit` does."""
        questions = [Question("pixels", names, _largest(names, memory), shape, ranges, fitting) for names in parts]
        for answers, images in self._ask(questions, sum(map(len, parts))):
            yield Pixels(images[: answers.count(None)], answers)

    def timings(self, names: Sequence[str]) -> Iterator[Timing | str]:
        """Yield what files say of their frames, or reasons, in order; all frames are decoded."""
        for answers, _ in self._ask([Question("timing", [name], SMALL) for name in names], len(names)):
            (entry,) = answers
            yield entry if isinstance(entry, str) else Timing(tuple(entry[0]), entry[1])

    def frames(self, name: str, count: int, at_once: int, shape: ImageShape, memory: int) -> Iterator[Pixels]:
        """Yield the first `count` frames of an animation in order, so many at once, brought to a shape.

        `memory` bounds the bytes that decoding one takes. One process reads them, since each frame follows another.
        """
        step = max(1, min(at_once, _BYTES_PER_QUESTION // shape.pixels))
        parts = [range(start, min(count, start + step)) for start in range(0, count, step)]
        questions = [Question("frame", [name] * len(part), memory, shape, frames=part) for part in parts]
        for answers, images in self._ask(questions, 1):
            yield Pixels(images[: answers.count(None)], answers)

    def split(self, files: Sequence[T], row_bytes: int) -> list[Sequence[T]]:
        """Return files, or their names, in parts whose images take a few MiB at most."""
        step = max(1, min(self._workers.files_at_once, _BYTES_PER_QUESTION // row_bytes))
        return [files[start : start + step] for start in range(0, len(files), step)]

    def _ask(self, questions: Iterable[Question], files: int) -> Iterator[tuple[list[Any], npt.NDArray[np.uint8]]]:
        workers = self._workers
        count = 1 if files < workers.smallest_parallel else workers.processes
        self._decoders += [Decoder(self._path, workers.program) for _ in range(count - len(self._decoders))]
        idle: queue.SimpleQueue[Decoder] = queue.SimpleQueue()
        for one in self._decoders[:count]:
            idle.put(one)

        def ask(question: Question) -> tuple[list[Any], npt.NDArray[np.uint8]]:
            one = idle.get()
            try:
                return _all_answers(one, question, self._budget)
            finally:
                idle.put(one)

        pending: deque[Future[tuple[list[Any], npt.NDArray[np.uint8]]]] = deque()
        with (
            ThreadPoolExecutor(count) as pool,
            _watch([*self._decoders], workers.tick_seconds),
            contextlib.ExitStack() as early,
        ):
            # An early end kills the processes, and with them the pool's waiting.
            early.callback(self.close)
            early.callback(lambda: [future.cancel() for future in pending])
            for question in questions:
                pending.append(pool.submit(ask, question))
                if len(pending) >= 2 * count:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
            early.pop_all()


def _all_answers(one: Decoder, question: Question, budget: "MemoryBudget") -> tuple[list[Any], npt.NDArray[np.uint8]]:
    shape, count = question.shape, len(question.names)
    images = np.empty((count, shape.channels, shape.height, shape.width) if shape else (count, 0, 0, 0), np.uint8)
    answers: list[Any] = []
    suspect = None
    while len(answers) < count:
        # The second time alone: what ended the process may have been the memory that others took.
        with budget.share(question.memory if suspect is None else budget.whole):
            try:
                for answer in one.answers(question, len(answers), images[answers.count(None) :]):
                    answers.append(answer)
                    suspect = None
            except EndedError as error:
                if suspect is None and not error.is_late:
                    suspect = len(answers)
                else:
                    answers.append(str(error))
                    suspect = None
    return answers, images


class MemoryBudget:
    """Bytes that all decoders share; who asks for more than there are gets all of them, alone."""

    def __init__(self, whole: int) -> None:
        self.whole = whole
        self._free = whole
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def share(self, wanted: int) -> Iterator[None]:
        """Hold so many bytes, or all, as soon as they are free."""
        wanted = min(wanted, self.whole)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= wanted)
            self._free -= wanted
        try:
            yield
        finally:
            with self._changed:
                self._free += wanted
                self._changed.notify_all()


@contextlib.contextmanager
def _watch(decoders: Sequence[Decoder], tick_seconds: float) -> Iterator[None]:
    """Tick for the decoders while this lasts."""
    done = threading.Event()

    def tick() -> None:
        while not done.wait(tick_seconds):
            for one in decoders:
                one.tick()

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _close_all(decoders: list[Decoder]) -> None:
    for one in decoders:
        one.close()
    decoders.clear()


def _memory() -> int:
    """Return how many bytes this machine, or the container around this process, has."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        memory = _USUAL_MEMORY
    with contextlib.suppress(OSError, ValueError):  # "max" is no number
        memory = min(memory, int(_CGROUP_LIMIT.read_text()))
    return max(memory, _SHARE * _LEAST_BUDGET)


def _largest(names: Sequence[str], memory: Mapping[str, int]) -> int:
    return max((memory.get(name, SMALL) for name in names), default=0)
