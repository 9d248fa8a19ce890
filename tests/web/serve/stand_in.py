"""A process in place of the one that draws: it does what it is told, without torch."""

import os
import signal
import sys
from pathlib import Path

import numpy as np

from ganache.web.serve.messages import Message, packed, read

PROGRAM = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from tests.web.serve.stand_in import main; main()"
SHAPE = {"height": 1, "width": 1, "channels": 1, "points": False}


def main() -> None:
    """Serve the runs whose paths are there; what is asked says what to do."""
    first = read(sys.stdin.buffer)
    assert first is not None
    paths = {name: Path(path) for name, path in first.told["paths"].items()}
    gone = {name: f"there is no {path.name!r}" for name, path in paths.items() if not path.exists()}
    if gone and first.told["all"]:
        say(Message({"refused": next(iter(gone.values())), "is_users": True}, {}))
        return
    say(Message({"runs": [{"name": name, **SHAPE} for name in paths if name not in gone], "gone": gone}, {}))
    while (asked := read(sys.stdin.buffer)) is not None:
        do(asked)


def do(asked: Message) -> None:
    told = {"id": asked.told["id"], "counts": {"groups": 1, "images": 5}}
    match asked.told.get("do"):
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "answer":
            say(Message({**told, "pid": os.getpid()}, {"images": np.zeros((1, 1, 1, 1), np.uint8)}))
        case "refuse":
            say(Message({**told, "status": 422, "error": "no"}, {}))
        case "wait":
            pass
    if asked.told["task"] == "forget":
        Path(os.environ["FORGOTTEN"]).write_text(str(told["id"]))


def say(message: Message) -> None:
    sys.stdout.buffer.write(packed(message))
    sys.stdout.buffer.flush()
