"""Processes of ours that answer on their standard output: how they are started, and what they do first.

Not those of `multiprocessing`, which import the user's main script again: a script without a `__main__` guard, a
notebook or a heavy import of torch would each be a problem, and none of them is one here.
"""

import json
import os
import signal
import sys
from typing import BinaryIO


def program_of(module: str) -> str:
    """Return what a child runs: `main` of a module of ours, which is found where the parent would find it."""
    return f"import json, sys; sys.path[:] = json.loads(sys.argv[1]); from {module} import main; main()"


def command_of(program: str) -> list[str]:
    """Return the command that starts a child; no package of ours is needed to start."""
    return [sys.executable, "-c", program, json.dumps(sys.path)]


def answering() -> BinaryIO:
    """Return where a child writes its answers: its standard output, on which nothing else comes from now on."""
    # Ctrl-C reaches the whole group; the parent decides, and its closing pipe ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not corrupt the answers
    return answers
