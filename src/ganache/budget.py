"""How long a run lasts and how often it does what: everything in images, decided once when a run begins."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from ganache.errors import UserError
from ganache.units import parse_count, parse_duration

# How many of each a run of its planned length makes.
_TICKS, _SAMPLES, _CHECKPOINTS = 200, 20, 5
KEEP_LAST = 3  # checkpoints, besides the scheduled ones
SAFETY_SECONDS = 60.0  # a crash loses at most so much, or
SAVE_SHARE = 50.0  # so many times what a save takes: saving costs at most 2% of the time


@dataclass(frozen=True)
class Budget:
    """When to stop: at so many images seen or so many seconds of training, whichever is given."""

    images: int | None
    seconds: float | None

    @classmethod
    def parse(cls, images: str | int | None, time: str | float | None) -> "Budget | None":
        """Return the budget that a user wrote, or None for neither; raises UserError for both, or nonsense."""
        if images is not None and time is not None:
            raise UserError("images, time: give one of them, not both")
        if images is not None:
            return cls(parse_count(images, "images"), None)
        return cls(None, parse_duration(time, "time")) if time is not None else None

    def share(self, images_seen: int, training_seconds: float) -> float:
        """Return how much of the budget is used, 0 to 1; 1 means that the run is over."""
        shares = [images_seen / self.images] if self.images is not None else []
        shares += [training_seconds / self.seconds] if self.seconds is not None else []
        return min(1.0, max(shares))


@dataclass(frozen=True)
class Cadence:
    """Every how many images a log line, a picture and a checkpoint that is kept for good are made."""

    tick: int
    samples: int
    checkpoint: int

    @classmethod
    def over(cls, images: int, images_per_iteration: int) -> "Cadence":
        """Return round intervals for a run of so many images, none shorter than an iteration."""
        tick = max(images_per_iteration, round_down(images / _TICKS))
        return cls(
            tick=tick,
            samples=max(tick, round_down(images / _SAMPLES)),
            checkpoint=max(tick, round_down(images / _CHECKPOINTS)),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the intervals as a dictionary."""
        return dataclasses.asdict(self)


def crosses(every: int, before: int, after: int) -> bool:
    """Return whether a multiple of `every` lies in (before, after]."""
    return before // every != after // every


def round_down(value: float) -> int:
    """Return the largest of 1, 2, 5, 10, 20, 50, … that is at most the value, and at least 1."""
    if value < 1:
        return 1
    power = 10 ** math.floor(math.log10(value))
    return int(power * max(step for step in (1, 2, 5) if step * power <= value))
