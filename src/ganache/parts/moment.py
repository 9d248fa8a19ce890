"""When something is done, by which whatever changes with training is looked up."""

from dataclasses import dataclass, replace
from typing import Protocol

from torch import Tensor

Value = float | Tensor  # of a schedule: a number, or a scalar on the device that is filled before each iteration


class Timed(Protocol):
    """What has a value at every moment, a pure function of the images seen; equal ones hash alike."""

    def value(self, images_seen: float) -> float:
        """Return the value after so many images."""


@dataclass(frozen=True)
class Moment:
    """Where in a training something is done: schedules are looked up by it."""

    images_seen: int = 0
    iteration: int = 0  # how many were finished before

    def after(self, images: int) -> "Moment":
        """Return the moment after so many more images, in the same iteration."""
        return replace(self, images_seen=self.images_seen + images)

    def at(self, schedule: float | Timed) -> Value:
        """Return a schedule's value now; a number is the same at all times.

        What moves may be a scalar tensor (see `Value`): multiply and compare with it, but let no branch depend on it.
        """
        return float(schedule) if isinstance(schedule, int | float) else schedule.value(self.images_seen)
