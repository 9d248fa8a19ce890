"""Ctrl-C and SIGTERM as a question that the loop asks, instead of an accident in the middle of a step.

Whatever else runs is ended by an exception.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class Terminated(SystemExit):
    """SIGTERM came and nobody listened: what runs ends as by Ctrl-C, and takes away what it had begun to write."""


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Raise Terminated at the first SIGTERM; a second one acts as the system has it.

    Nothing changes where the signal cannot be caught or somebody has settled what it does, nor beside other processes
    of `torchrun`: one that waits for the others hears nothing but the system.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or "RANK" in os.environ or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise Terminated(128 + number)

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


class Interrupts:
    """Which signal asked the run to stop, if any."""

    received: signal.Signals | None = None

    @contextlib.contextmanager
    def caught(self) -> Iterator[None]:
        """Note the first SIGINT or SIGTERM; a second one acts as if nobody had listened.

        Outside the main thread signals cannot be caught, and are not.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received = signal.Signals(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
