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
from ganache.data.decoding.deep import Ranges
from ganache.data.shape import ImageShape
from ganache.support.children import answering

READY = b"ready\n"  # a process that has said this can decode: whatever ends it afterwards is a file's doing

Task = Literal["header", "extremes", "pixels"]
Answer = tuple[Any, bytes]


def main() -> None:
    """Answer questions until the parent closes the pipe."""
    answers = answering()
    answers.write(READY)
    answers.flush()
    with quiet():
        for line in sys.stdin.buffer:
            question = json.loads(line)
            container, read = _container(question["path"]), _reader(question)
            for name in question["names"]:
                answer, pixels = _answer(container, name, read)
                answers.write(json.dumps(answer).encode() + b"\n")
                answers.write(pixels)
                # One by one, so that the parent knows the file that ends this process.
                answers.flush()


def _reader(question: dict[str, Any]) -> Callable[[BinaryIO], Answer]:
    task: Task = question["task"]
    if task == "header":
        return lambda file: (read_header(file), b"")
    if task == "extremes":
        return lambda file: (read_extremes(file), b"")
    shape, ranges = ImageShape(*question["shape"]), Ranges(*question["ranges"])
    return lambda file: (None, read_pixels(file, shape, ranges, question["stretch"]).tobytes())


def _answer(container: Container, name: str, read: Callable[[BinaryIO], Answer]) -> Answer:
    """Return what was read, or the reason why nothing was."""
    try:
        with container.open(name) as file:
            return read(file)
    except UnreadableError as error:
        return str(error), b""


@functools.lru_cache(maxsize=1)
def _container(path: str) -> Container:
    return open_container(Path(path))
