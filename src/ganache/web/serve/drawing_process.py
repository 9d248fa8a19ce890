"""The process that draws: told what to do on its standard input, it answers on its standard output.

It is a process of its own so that what ends it, be it the system for want of memory, costs the server a few answers.
"""

import queue
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from ganache.engine.devices import choose_device
from ganache.engine.full_precision import full_precision
from ganache.recipes import load_code
from ganache.runs.encoders import load_encoder
from ganache.runs.folder import Run
from ganache.runs.products import load
from ganache.runs.trained_translators import directions_of, is_translator, load_translator
from ganache.scratch import by_hand  # noqa: F401, so that its networks are known when a run names one
from ganache.support.children import answering
from ganache.support.errors import RunError, UserError
from ganache.support.refusals import refusals
from ganache.web.serve.messages import Message, packed, read
from ganache.web.serve.served import Served, Trained, TrainedWays
from ganache.web.serve.studio import Studio
from ganache.web.serve.tasks import TASKS

LIFE_SECONDS = 1.0  # after which a long search is no reason to be taken for dead


def main() -> None:
    """Load the runs of the first message, then do what is asked until the pipe is closed."""
    answers = answering()
    asked: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
    said: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
    reader = threading.Thread(target=_read, args=(sys.stdin.buffer, asked), daemon=True)
    writer = threading.Thread(target=_write, args=(answers, said))
    reader.start()
    writer.start()
    try:
        first = asked.get()
        if first is not None:
            _serve(first, asked.get, asked.empty, said.put)
    finally:
        said.put(None)
        writer.join()


def _serve(
    first: Message,
    asked: Callable[[], Message | None],
    is_quiet: Callable[[], bool],
    say: Callable[[Message], None],
) -> None:
    try:
        with refusals():
            runs, gone = _loaded(first.told)
    except (UserError, RunError) as error:
        say(Message({"refused": str(error), "is_users": isinstance(error, UserError)}, {}))
        return
    say(Message({"runs": [served.described() for served in runs.values()], "gone": gone}, {}))
    studio = Studio(runs, TASKS)
    said = time.monotonic()
    with full_precision():
        while True:
            while not (studio.is_busy and is_quiet()):
                message = asked()
                if message is None:
                    return
                for answer in studio.begin(message):
                    say(answer)
            for answer in studio.work():
                say(answer)
            if time.monotonic() > said + LIFE_SECONDS:
                said = time.monotonic()
                say(studio.sign_of_life())


def _loaded(told: dict[str, Any]) -> tuple[dict[str, Served], dict[str, str]]:
    """Return the runs by name, and why others cannot be had; raises UserError for those where all must be there."""
    if told["code"] is not None:
        load_code(Path(told["code"]))
    runs: dict[str, Served] = {}
    gone: dict[str, str] = {}
    for name, path in told["paths"].items():
        try:
            runs[name] = _served(name, Path(path), told["device"], told["precision"])
        except UserError as error:
            if told["all"]:
                raise
            gone[name] = str(error)
    return runs, gone


def _served(name: str, path: Path, device: str, precision: str) -> Served:
    used = choose_device(device).type
    if is_translator(path):
        ways = directions_of(path)
        return TrainedWays(name, {way: load_translator(path, way, used, precision) for way in ways})
    has_encoder = path.is_dir() and Run.open(path).product_file("encoder").is_file()
    generator = load(path, used, precision)
    if generator.shape.table is not None:
        raise UserError(f"run: {name!r} draws rows, and pictures alone are served; `ganache sample` writes a table")
    return Trained(name, generator, load_encoder(path, used) if has_encoder else None)


def _read(file: BinaryIO, asked: "queue.SimpleQueue[Message | None]") -> None:
    message = read(file)
    while message is not None:
        asked.put(message)
        message = read(file)
    asked.put(None)


def _write(file: BinaryIO, said: "queue.SimpleQueue[Message | None]") -> None:
    while (message := said.get()) is not None:
        try:
            file.write(packed(message))
            file.flush()
        except OSError:  # the server is gone; so is this process, when its other pipe ends
            return
