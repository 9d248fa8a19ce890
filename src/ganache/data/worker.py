"""A decoder process: questions as JSON lines on its standard input, answers as a JSON line and raw pixels.

Own processes, because those of `multiprocessing` import the user's main script again: a script without a
`__main__` guard, a notebook or a heavy import of torch would each be a problem, and none of them is one here.
"""

import functools
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ganache.data.containers import Folder, Zip, open_container
from ganache.data.decode import Header, UnreadableError, quiet, read_header, read_pixels
from ganache.shape import ImageShape


class Pixels(NamedTuple):
    """The images that could be decoded, (n, C, H, W) uint8, and for each file asked for its reason or None."""

    images: npt.NDArray[np.uint8]
    reasons: list[str | None]


def read_headers(container: Folder | Zip, names: Sequence[str]) -> list[Header | str]:
    """Return each file's header, or the reason why it has none."""
    found: list[Header | str] = []
    with quiet():
        for name in names:
            try:
                with container.open(name) as file:
                    found.append(read_header(file))
            except UnreadableError as error:
                found.append(str(error))
    return found


def read_images(container: Folder | Zip, names: Sequence[str], shape: ImageShape, stretch: bool = False) -> Pixels:
    """Return the decoded images of the files and the reasons of those that failed."""
    images = np.empty((len(names), shape.channels, shape.height, shape.width), np.uint8)
    reasons: list[str | None] = []
    count = 0
    with quiet():
        for name in names:
            try:
                with container.open(name) as file:
                    images[count] = read_pixels(file, shape, stretch)
                count += 1
                reasons.append(None)
            except UnreadableError as error:
                reasons.append(str(error))
    return Pixels(images[:count], reasons)


def main() -> None:
    """Answer questions until the parent closes the pipe."""
    # Ctrl-C reaches the whole group; the parent decides, and its closing pipe ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not corrupt the answers
    for line in sys.stdin.buffer:
        question = json.loads(line)
        pixels, answer = _answer(question)
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.write(pixels)
        answers.flush()


def _answer(question: dict[str, Any]) -> tuple[bytes, Any]:
    container = _container(question["path"])
    if question["shape"] is None:
        return b"", read_headers(container, question["names"])
    pixels = read_images(container, question["names"], ImageShape(*question["shape"]), question["stretch"])
    return pixels.images.tobytes(), pixels.reasons


@functools.lru_cache(maxsize=1)
def _container(path: str) -> Folder | Zip:
    return open_container(Path(path))
