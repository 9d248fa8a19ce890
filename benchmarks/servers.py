"""Ganache's own servers, for as long as something is measured of them."""

import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def serving(words: list[str], folder: Path | None = None) -> Iterator[str]:
    """Start a command such as ``serve RUN`` or ``lab`` in a folder, give the address that it says, and end it."""
    command = [sys.executable, "-m", "ganache", *words]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            lines = iter(process.stdout.readline, "")
            yield next(found[0] for line in lines if (found := re.search(r"http://\S+/\S*", line)))
        finally:
            process.terminate()
