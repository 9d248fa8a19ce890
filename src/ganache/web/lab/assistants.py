"""A process in which a game is played, as the server sees it: orders go in, answers come out, and it may die."""

import asyncio
import contextlib
import json
import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from ganache.web.lab.desk import serve
from ganache.web.lab.packets import packed

Heard = Callable[[bytes], None]
PARTING_SECONDS = 2.0  # in which a process that was told to end has to do so


class Assistant:
    """A process of its own, spawned; `heard` is called in the event loop with every answer.

    When the process ends by itself, that is an answer too: ``{"is": "ended", "line": …}``.
    """

    def __init__(self, number: int, heard: Heard, device: str, size: str | None) -> None:
        self._number, self._heard, self._dismissed = number, heard, False
        self._loop = asyncio.get_running_loop()
        context = multiprocessing.get_context("spawn")
        self._connection, there = context.Pipe()
        self.process = context.Process(target=serve, args=(there, number, device, size), daemon=True)
        self.process.start()
        there.close()
        threading.Thread(target=self._listen, args=(self._connection,), daemon=True).start()

    def order(self, do: str, **facts: Any) -> None:
        """Send an order; one that cannot be sent any more is answered by the process's end."""
        with contextlib.suppress(OSError, ValueError):
            self._connection.send_bytes(json.dumps({"do": do, **facts}).encode())

    def dismiss(self) -> None:
        """End the process at once, unheard."""
        self._dismissed = True
        self.process.kill()
        self.process.join(PARTING_SECONDS)

    def _listen(self, connection: Connection) -> None:
        """Hand every answer to the event loop, in a thread that ends with the process."""
        try:
            while True:
                self._hand_over(connection.recv_bytes())
        except (EOFError, OSError):
            self.process.join(PARTING_SECONDS)
            line = f"the game's process ended ({_how(self.process.exitcode)}); begin again to start another"
            self._hand_over(packed({"is": "ended", "game": self._number, "line": line}, {}))

    def _hand_over(self, answer: bytes) -> None:
        try:
            self._loop.call_soon_threadsafe(self._hear, answer)
        except RuntimeError:  # the server is gone
            self._dismissed = True

    def _hear(self, answer: bytes) -> None:
        if not self._dismissed:
            self._heard(answer)


def _how(code: int | None) -> str:
    """Return in words how a process ended."""
    if code is None:
        return "it does not answer"
    return f"by signal {-code}" if code < 0 else f"with status {code}"
