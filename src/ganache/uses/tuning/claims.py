"""Who is at work on what: locks of the operating system, which end with the process that holds them, however it ends.

So there are no heartbeats: a trial that is under way and whose lock can be had has lost its worker, at once and for
certain. Decisions are made by one worker at a time, at the desk: whatever they read stays true until they are written.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from ganache.support.files import lock, writing

WAIT_SECONDS = 0.02  # between two looks at a desk where somebody else sits, some milliseconds each


class Claims:
    """The locks of one study, in a folder of their own.

    Where a system has none, as Windows and some mounts, that is said once: one worker must then do.
    """

    def __init__(self, folder: Path, say: Callable[[str], None] = lambda line: None) -> None:
        self.folder, self._say, self._warned = folder, say, False

    @contextlib.contextmanager
    def desk(self) -> Iterator[None]:
        """Wait until nobody else decides, and keep others from deciding meanwhile."""
        with self._opened("desk") as file:
            while self._lock(file) == "held":
                time.sleep(WAIT_SECONDS)
            yield

    def take(self, number: int) -> IO[bytes] | None:
        """Return the lock of a trial, which ends when it is closed; None where another worker has it."""
        file = self._opened(f"{number:05d}")
        if self._lock(file) != "held":
            return file
        file.close()
        return None

    def _opened(self, name: str) -> IO[bytes]:
        path = self.folder / f"{name}.lock"
        with writing(path):
            self.folder.mkdir(parents=True, exist_ok=True)
            return path.open("ab")

    def _lock(self, file: IO[bytes]) -> str:
        taken = lock(file.fileno())
        if taken == "unavailable" and not self._warned:
            self._warned = True
            self._say(f"{self.folder.parent} cannot be locked here: see to it that no other worker tunes there")
        return taken
