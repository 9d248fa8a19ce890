"""Ctrl-C and SIGTERM as a question that the loop asks, instead of an accident in the middle of a step."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


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
