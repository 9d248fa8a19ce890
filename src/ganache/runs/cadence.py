"""How often a run does what, in images: a function of the images seen alone, also in a run that is made longer.

A run that is made much longer begins a new stretch with longer intervals. The stretches stay in run.json, so that one
that falls back to before the extension repeats what it did there.
"""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["tick", "samples", "checkpoint"]

# How many of each a run of its planned length makes, up to 2.5 times as many by rounding.
_TICKS, _SAMPLES, _CHECKPOINTS = 200, 20, 5
_MUCH_LONGER = 2.0  # times the planned length, from which on other intervals are worth a change


@dataclass(frozen=True)
class Stretch:
    """Every how many images a log line, a picture and a checkpoint that is kept are made, after `since` images.

    `planned` is the length of the whole run, in images, for which they were chosen.
    """

    since: int
    planned: int
    tick: int
    samples: int
    checkpoint: int

    @classmethod
    def over(cls, images: int, images_per_iteration: int, since: int = 0) -> "Stretch":
        """Return round intervals for a run of so many images, none shorter than an iteration."""
        tick = max(images_per_iteration, round_down(images / _TICKS))
        samples = max(tick, round_down(images / _SAMPLES))
        return cls(since, images, tick, samples, checkpoint=max(tick, round_down(images / _CHECKPOINTS)))


@dataclass(frozen=True)
class Cadence:
    """The stretches of a run, the first from 0 on; each ends where the next begins."""

    stretches: tuple[Stretch, ...]

    @classmethod
    def over(cls, images: int, images_per_iteration: int) -> "Cadence":
        """Return the cadence of a run of so many images."""
        return cls((Stretch.over(images, images_per_iteration),))

    @classmethod
    def from_json(cls, value: Any, planned: int | None) -> "Cadence":
        """Return the inverse of `to_json`; earlier versions kept the first stretch's intervals alone.

        For those `planned` is the run's budget in images, None where it is not known.
        """
        if isinstance(value, list):
            return cls(tuple(Stretch(**stretch) for stretch in value))
        return cls((Stretch(since=0, planned=planned or _CHECKPOINTS * value["checkpoint"], **value),))

    def to_json(self) -> list[dict[str, int]]:
        """Return the stretches as JSON values."""
        return [dataclasses.asdict(stretch) for stretch in self.stretches]

    def extended(self, images_seen: int, planned: int, images_per_iteration: int) -> "Cadence":
        """Return the cadence of a run that stands at `images_seen` and is given another length, in images.

        Twice the length or more, or half of it or less, begins a stretch there; anything between changes nothing.
        """
        before = self.stretches[-1].planned
        if planned <= images_seen or before / _MUCH_LONGER < planned < before * _MUCH_LONGER:
            return self
        past = [stretch for stretch in self.stretches if stretch.since < images_seen]
        return Cadence((*past, Stretch.over(planned, images_per_iteration, images_seen if past else 0)))

    def is_due(self, kind: Kind, before: int, after: int) -> bool:
        """Return whether an iteration from `before` to `after` images reaches the next of its kind."""
        return self.reached(kind, before) != self.reached(kind, after)

    def reached(self, kind: Kind, images: int) -> int:
        """Return the last multiple of the interval in force there that was reached with so many images.

        An interval's multiples count within its own stretch; -1 is before the run.
        """
        last = 0 if images >= 0 else -1
        ends = [*(stretch.since for stretch in self.stretches[1:]), images]
        for stretch, end in zip(self.stretches, ends, strict=True):
            every = int(getattr(stretch, kind))
            multiple = min(end, images) // every * every
            last = multiple if multiple > stretch.since else last
        return last


def crosses(every: int, before: int, after: int) -> bool:
    """Return whether a multiple of `every` lies in (before, after]."""
    return before // every != after // every


def round_down(value: float) -> int:
    """Return the largest of 1, 2, 5, 10, 20, 50, … that is at most the value, and at least 1."""
    if value < 1:
        return 1
    power = 10 ** math.floor(math.log10(value))
    return int(power * max(step for step in (1, 2, 5) if step * power <= value))
