"""The pulse of many processes: each says every other second that it lives, and ends when another falls silent.

What an exchange of tensors finds out late or never (a process that was stopped, a machine that is gone, one that waits
for itself) is found here within `PATIENCE`. It is a thread because the others may wait inside of a library's call,
which nothing interrupts: then the process ends at once, as if it was killed, and the run can be resumed.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Self

from torch.distributed.distributed_c10d import Store

PATIENCE = float(os.environ.get("GANACHE_PATIENCE", "20"))  # seconds after which a silent process counts as gone
BEAT = 2.0  # seconds between two signs of life
SLOW_START = 2.0  # times as long is waited for the first one: Python may have to be read from a distant disk


class Pulse:
    """The signs of life of this process and of the others, through the store where they met."""

    def __init__(
        self,
        store: Store,
        rank: int,
        size: int,
        now: Callable[[], float] = time.monotonic,
        leave: Callable[[int], None] = os._exit,
    ) -> None:
        self._store, self._rank = store, rank
        self._now, self._leave = now, leave
        self._others = [other for other in range(size) if other != rank]
        self._heard = dict.fromkeys(self._others, (b"", now()))  # what was last heard of each, and when that was new
        self._beats = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, name="pulse", daemon=True)

    def __enter__(self) -> Self:
        self.beat()
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def beat(self) -> None:
        """Say that this process lives."""
        self._beats += 1
        self._store.set(str(self._rank), str(self._beats))

    def silent(self) -> int | None:
        """Return a process that has said nothing new for too long."""
        for other in self._others:
            said = self._store.get(str(other)) if self._store.check([str(other)]) else b""
            before, since = self._heard[other]
            if said != before:
                self._heard[other] = (said, self._now())
            elif self._now() - since > PATIENCE * (1.0 if said else SLOW_START):
                return other
        return None

    def may_speak(self) -> bool:
        """Whether no other process has yet said why all of them end."""
        try:
            return self._store.add("spoken", 1) == 1
        except RuntimeError:  # the store is gone, and with it whoever could speak
            return True

    def watch(self) -> None:
        """Give a sign of life and look for those of the others; leave with status 1 where one is missing."""
        try:
            self.beat()
            gone = self.silent()
        except RuntimeError:
            return self._end("the process through which all processes met has ended")
        if gone is not None:
            self._end(f"nothing was heard of process {gone} for {PATIENCE:.0f} seconds")

    def _end(self, why: str) -> None:
        if self.may_speak():
            print(f"ganache: {why}; the run can be resumed", file=sys.stderr, flush=True)
        self._leave(1)

    def _live(self) -> None:
        while not self._over.wait(BEAT):
            self.watch()
