"""The only clock that a training asks: for its budget of time, and whether it is time to save."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from ganache.engine.devices import synchronize
from ganache.runs.budget import SAFETY_SECONDS, SAVE_SHARE


@dataclass
class Clock:
    """Seconds of training, `before` of them in earlier sessions, and seconds since the state was saved.

    Training's run in the loop and stand still during pictures, checkpoints and evaluation. `now` tells seconds.
    """

    device: torch.device
    before: float = 0.0
    now: Callable[[], float] = time.perf_counter
    _since: float | None = None
    _saved_at: float = 0.0
    _save_took: float = 0.0

    def start(self) -> None:
        """Run on; a running one goes on running."""
        self._since = self._since if self._since is not None else self.now()

    def stop(self) -> float:
        """Stand still, once the device has finished; return the seconds so far."""
        synchronize(self.device)
        self.before, self._since = self.seconds(), None
        return self.before

    def seconds(self) -> float:
        """Return the seconds of training so far."""
        return self.before + (self.now() - self._since if self._since is not None else 0.0)

    def note_save(self, began: float | None = None) -> None:
        """Note that the disk has the state: it was just read, or its writing `began` then."""
        self._saved_at = self.now()
        self._save_took = self._saved_at - began if began is not None else 0.0

    def save_is_due(self) -> bool:
        """Return whether a crash now would lose more than it should, without saving costing too much."""
        return self.now() - self._saved_at > max(SAFETY_SECONDS, SAVE_SHARE * self._save_took)
