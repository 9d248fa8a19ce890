"""Whether to go on: what the budget, the clock and signals say, the same in every process after the same iteration."""

import signal

from ganache.runs.budget import Budget
from ganache.support.interrupts import Interrupts
from ganache.support.world import ALONE, World
from ganache.training.clock import Clock

REACTION_SECONDS = 0.25  # within which many processes heed a signal, or the end of a budget of time


class Orders:
    """Alone, a process asks after every iteration; of many each asks when so much time has passed for process 0."""

    def __init__(self, budget: Budget, clock: Clock, interrupts: Interrupts, world: World = ALONE) -> None:
        self._budget, self._clock, self._interrupts, self._world = budget, clock, interrupts, world
        self._stride, self._left = 1, 0  # iterations between two questions, and until the next
        self._asked_at = clock.now()
        self.stop, self.save = False, False

    def share(self, images_seen: int) -> float:
        """Return how much of the budget is used, 0 to 1, as this process sees it."""
        return self._budget.share(images_seen, self._clock.seconds())

    def ask(self, images_seen: int, at_once: bool = False) -> bool:
        """Return whether to stop; `at_once` asks the others whatever the time, and must be the same for all of them.

        A signal that any of the processes received is then everybody's. `save` says whether it is time to save.
        """
        self.save = False
        images, self._left = self._budget.images, self._left - 1
        is_last = images is not None and images_seen >= images
        if not (at_once or is_last or self._left <= 0):
            return False
        first = self._world.rank == 0
        is_over = first and self.share(images_seen) >= 1.0
        received = self._interrupts.received or 0
        asked = (received, is_over, first and self._clock.save_is_due(), self._next_stride() if first else 0)
        received, over, save, self._stride = self._world.highest(asked)
        if received:
            self._interrupts.received = signal.Signals(received)
        self._left, self.stop, self.save = self._stride, bool(received or over), bool(save)
        return self.stop

    def _next_stride(self) -> int:
        """Return so many iterations as take a process among many its time to react."""
        if self._world.size == 1:
            return 1
        now, before = self._clock.now(), self._asked_at
        self._asked_at, done = now, max(1, self._stride - max(0, self._left))
        return max(1, min(2 * self._stride, round(REACTION_SECONDS * done / max(now - before, 1e-6))))
