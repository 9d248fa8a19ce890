"""A decoder process: questions as JSON lines on its standard input, for each file an answer, a JSON line and pixels."""

import functools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Literal

from ganache.data.containers import Container, open_container
from ganache.data.containers.listing import UnreadableError
from ganache.data.decoding.decode import quiet, read_extremes, read_header, read_pixels
from ganache.data.decoding.films import Film, read_timing
from ganache.data.ranges import Ranges
from ganache.data.shape import ImageShape
from ganache.support.children import answering

READY = b"ready\n"  # a process that has said this can decode: whatever ends it afterwards is a file's doing

Task = Literal["header", "extremes", "pixels", "timing", "frame"]
Answer = tuple[Any, bytes]


def main() -> None:
    """Answer questions until the parent closes the pipe."""
    answers = answering()
    answers.write(READY)
    answers.flush()
    with quiet():
        for line in sys.stdin.buffer:
            question = json.loads(line)
            read = _reader(question)
            for number in range(len(question["names"])):
                answer, pixels = _answer(read, number)
                answers.write(json.dumps(answer).encode() + b"\n")
                answers.write(pixels)
                # One by one, so that the parent knows the file that ends this process.
                answers.flush()


def _reader(question: dict[str, Any]) -> Callable[[int], Answer]:
    """Return what answers for the file of a number among a question's names."""
    task, names, path = question["task"], question["names"], question["path"]
    if task == "frame":
        shape = ImageShape(*question["shape"])
        return lambda number: (None, _film(path, names[number]).frame(question["frames"][number], shape).tobytes())
    read = _file_reader(question)

    def answer(number: int) -> Answer:
        with _container(path).open(names[number]) as file:
            return read(file)

    return answer


def _file_reader(question: dict[str, Any]) -> Callable[[BinaryIO], Answer]:
    task: Task = question["task"]
    if task == "header":
        return lambda file: (read_header(file), b"")
    if task == "extremes":
        return lambda file: (read_extremes(file), b"")
    if task == "timing":
        return lambda file: (read_timing(file), b"")
    shape, ranges = ImageShape(*question["shape"]), Ranges(*question["ranges"])
    return lambda file: (None, read_pixels(file, shape, ranges, question["fitting"]).tobytes())


def _answer(read: Callable[[int], Answer], number: int) -> Answer:
    """Return what was read, or the reason why nothing was."""
    try:
        return read(number)
    except UnreadableError as error:
        return str(error), b""


@functools.lru_cache(maxsize=1)
def _container(path: str) -> Container:
    return open_container(Path(path))


_films: dict[tuple[str, str], Film] = {}  # the one that was last asked for a frame


def _film(path: str, name: str) -> Film:
    if (path, name) not in _films:
        while _films:
            _films.popitem()[1].close()
        _films[path, name] = Film(_container(path), name)
    return _films[path, name]
