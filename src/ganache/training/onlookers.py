"""Everybody who looks at a training: when each is asked, and what a line of its log then says."""

from collections.abc import Callable, Sequence

from ganache.engine.devices import memory_in_use
from ganache.engine.state import TrainingState
from ganache.runs.cadence import Cadence, Kind, crosses
from ganache.training.clock import Clock
from ganache.training.observers.observer import Marks, Observer, unnoticed


class Onlookers:
    """The observers of a training, asked as its cadence has it; all that they do leaves no bit of the state moved."""

    def __init__(self, state: TrainingState, cadence: Cadence, clock: Clock, observers: Sequence[Observer]) -> None:
        self.state, self.cadence, self.clock, self.observers = state, cadence, clock, observers
        self.begin()

    def begin(self) -> None:
        """Count the speed from here on."""
        self._last_tick = (self.state.counters.images_seen, self.clock.seconds())

    def is_due(self, every: int | Kind) -> bool:
        """Whether the last iteration reached the next of a kind, or its tick is the first after so many images."""
        seen = self.state.counters.images_seen
        before = seen - self.state.recipe.images_per_iteration
        if isinstance(every, str):
            return self.cadence.is_due(every, before, seen)
        # Counted in whole ticks: each interval lies between two of them, whatever happened inside it.
        return every > 0 and crosses(every, *(self.cadence.reached("tick", images) for images in (before, seen)))

    def ask(self, question: Callable[[Observer], None]) -> None:
        """Let every observer do something."""
        with unnoticed(self.state):
            for observer in self.observers:
                question(observer)

    def line(self) -> Marks:
        """Return a line of the log: how fast it goes, what was recorded since the last one, what is seen now.

        Raises NonFiniteError when an observer finds that the state is not finite.
        """
        state, seen, seconds = self.state, self.state.counters.images_seen, self.clock.seconds()
        images, duration = seen - self._last_tick[0], seconds - self._last_tick[1]
        line: Marks = {
            "images_seen": seen,
            "training_seconds": round(seconds, 3),
            "images_per_second": round(images / duration, 2) if duration > 0 else 0.0,
            "memory_bytes": memory_in_use(state.device),
            **state.tally.means(),
            **state.rates(),
            **state.cast.marks(state.now),
        }
        self.ask(lambda one: line.update(one.measure(state, line) if self.is_due(one.every) else {}))
        self._last_tick = (seen, seconds)
        return line
