"""What a claim is: what the documents say, how it is measured, and what is said of the result."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.claims.workshop import Json, Workshop

Verdict = Literal["holds", "holds in part", "does not show", "does not hold"]


@dataclass(frozen=True)
class Table:
    """A head and rows of text, one cell for each column."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Findings:
    """What the page says of a measurement; each text is Markdown, written from the numbers."""

    verdict: Verdict
    number: str  # the one number, with its unit
    told: str  # what was found, and where the document is contradicted
    protocol: str
    caption: str  # of the plot
    table: Table | None = None


@dataclass(frozen=True)
class Claim:
    """One section of the page. `measure` and `tell` meet only in JSON, so the page can be written at any time."""

    slug: str
    title: str
    says: str  # what the documents claim, with the document's letter
    protocol: Callable[[Workshop], Json | None]  # what decides the numbers; None: it cannot be measured here
    measure: Callable[[Workshop], Json]
    draw: Callable[[Json, Path], None]
    tell: Callable[[Json], Findings]


def spread(values: list[float], digits: int = 2) -> str:
    """Return a mean with the least and the greatest: ``0.91 (0.88–0.93)``."""
    mean = sum(values) / len(values)
    if min(values) == max(values):
        return f"{mean:.{digits}f}"
    return f"{mean:.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def mean(values: list[float]) -> float:
    """Return the mean of at least one value."""
    return sum(values) / len(values)


def clearly_less(first: list[float], second: list[float]) -> bool:
    """Whether every seed of the first lies below every seed of the second: with so few, less would be luck."""
    return max(first) < min(second)
