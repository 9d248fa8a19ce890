"""How long a run lasts, and how often its state is saved besides."""

from collections.abc import Mapping
from dataclasses import dataclass

from ganache.support.errors import UserError
from ganache.support.units import parse_count, parse_duration

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


def expected_images(record: Mapping[str, object]) -> int | None:
    """Return for how many images a run's recipe was settled, or None for the recipe's own number."""
    found = record.get("expected_images")
    return found if isinstance(found, int) and found > 0 else None
