"""What is known of the trials of a study, as its ledger has it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ganache.uses.tuning.dials import Values

# A default is the recipe itself, a search has values of its own, a check is the best search anew with a default's seed.
Purpose: TypeAlias = Literal["default", "search", "check"]
Fate: TypeAlias = Literal["running", "complete", "pruned"]


@dataclass(frozen=True)
class Trial:
    """A trial: what for, with which values and seed; its score and seconds of work at each rung; how it ended and why.

    `of` is the search that a check repeats, `lost` are seconds of work that led to no score.
    """

    number: int
    purpose: Purpose
    values: Values
    seed: int
    scores: tuple[float, ...] = ()
    seconds: tuple[float, ...] = ()
    fate: Fate = "running"
    why: str = ""
    of: int | None = None
    lost: float = 0.0

    @property
    def work(self) -> float:
        """Seconds of work that are accounted for."""
        return sum(self.seconds) + self.lost


def of_purpose(trials: Iterable[Trial], purpose: Purpose) -> list[Trial]:
    """Return the trials with this purpose, in order."""
    return [trial for trial in trials if trial.purpose == purpose]


def rivals(trials: Iterable[Trial], trial: Trial, rung: int) -> list[float]:
    """Return what others scored at a rung: the defaults and all searches, but not the checks of what was found."""
    return [
        other.scores[rung]
        for other in trials
        if other.number != trial.number and other.purpose != "check" and len(other.scores) > rung
    ]


def best_search(trials: Sequence[Trial]) -> Trial | None:
    """Return the search with the lowest score of a full training; None before there is one."""
    complete = [trial for trial in of_purpose(trials, "search") if trial.fate == "complete"]
    return min(complete, key=lambda trial: (trial.scores[-1], trial.number), default=None)


def full_scores(trials: Iterable[Trial]) -> list[float]:
    """Return the scores of those that were trained to the end."""
    return [trial.scores[-1] for trial in trials if trial.fate == "complete"]
