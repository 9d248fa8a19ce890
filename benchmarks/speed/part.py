"""What a part of the benchmark is, and what all parts share."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Settings:
    """How much is measured; `quick` is for tests: everything as small as can be."""

    rounds: int = 5
    seconds: float = 3.0  # of each contestant's turn; at least one iteration
    samples: int = 50_000
    jpegs: int = 2_000
    environments: tuple[str, ...] = ("",)  # NAME=VALUE …, for two trainings beside each other
    quick: bool = False

    @classmethod
    def tiny(cls, environments: tuple[str, ...] = ("",)) -> "Settings":
        """Return the settings of --quick."""
        return cls(1, 0.0, 64, 4, environments, quick=True)


@dataclass(frozen=True)
class Part:
    """One section. `measure` and `tell` meet only in JSON, so the page can be written at any time."""

    name: str
    title: str
    measure: Callable[[Settings], Json]
    tell: Callable[[Json], str]  # Markdown


def images_per_second(loop: Iterator[int], seconds: float) -> float:
    """Return the speed of a training loop that yields images, over at least one iteration and so many seconds."""
    images, began = 0, time.perf_counter()
    while True:
        images += next(loop)
        elapsed = time.perf_counter() - began
        if elapsed >= seconds:
            return images / elapsed


def seconds_of(work: Callable[[], object]) -> float:
    """Return how long it takes by the wall clock."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Return the median with the least and the greatest: ``383 (371–390)``."""
    low, middle, high = (f"{value:,.{digits}f}" for value in (min(values), statistics.median(values), max(values)))
    return f"{middle} ({low}–{high})" if len(values) > 1 else middle


def precise(values: Sequence[float]) -> str:
    """Return the spread of speeds with about three digits."""
    return spread(values, digits=max(0, 2 - int(f"{statistics.median(values):.0e}"[2:])))
