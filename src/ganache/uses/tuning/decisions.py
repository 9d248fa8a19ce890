"""What is done next in a study, and what becomes of a trial: functions of the trials alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ganache.uses.tuning.definition import SEEDS, Definition
from ganache.uses.tuning.dials import Values, first_values
from ganache.uses.tuning.rungs import going_on, place_among
from ganache.uses.tuning.trials import Fate, Purpose, Trial, best_search, full_scores, of_purpose, rivals

Propose: TypeAlias = Callable[[Sequence[Trial]], Values | None]


@dataclass(frozen=True)
class New:
    """A trial that is to begin."""

    purpose: Purpose
    values: Values
    seed: int
    of: int | None = None


Next: TypeAlias = New | Literal["wait", "over"]


def next_trial(definition: Definition, trials: Sequence[Trial], propose: Propose) -> Next:
    """Return what begins now: defaults, then searches while there is time, then checks of the best one.

    Trials that are under way are others' work. "wait": what they find decides what comes; "over": nothing comes.
    """
    base, defaults = definition.request.seed, of_purpose(trials, "default")
    if len(defaults) < SEEDS:
        return New("default", first_values(definition.dials), base + len(defaults))
    if may_search(definition, trials):
        values = propose(trials)
        if values is not None:
            return New("search", values, base + SEEDS + len(of_purpose(trials, "search")))
    if any(trial.fate == "running" and trial.purpose != "check" for trial in trials):
        return "wait"
    if (best := promising(trials)) is not None:
        checks = [trial for trial in of_purpose(trials, "check") if trial.of == best.number]
        if len(checks) < SEEDS:
            return New("check", best.values, base + len(checks), best.number)
    return "wait" if any(trial.fate == "running" for trial in trials) else "over"


def may_search(definition: Definition, trials: Sequence[Trial]) -> bool:
    """Whether another search may begin: fewer than were allowed, and time for it and for the checks of the best."""
    allowance, searches = definition.allowance, of_purpose(trials, "search")
    if allowance.trials is not None and len(searches) >= allowance.trials:
        return False
    return allowance.seconds is None or _time_left(definition, trials, full_work(definition, trials)) >= 0


def promising(trials: Sequence[Trial]) -> Trial | None:
    """Return the best search, where it is better than the defaults were on average: only then it is worth a check."""
    best, defaults = best_search(trials), full_scores(of_purpose(trials, "default"))
    if best is None or (defaults and best.scores[-1] >= sum(defaults) / len(defaults)):
        return None
    return best


def fate_of(definition: Definition, trials: Sequence[Trial], trial: Trial) -> tuple[Fate, str]:
    """Return what becomes of a trial that was just scored, and in words why."""
    rung = len(trial.scores) - 1
    if rung + 1 >= len(definition.rungs):
        return "complete", ""
    if trial.purpose != "search":
        return "running", ""
    others = rivals(trials, trial, rung)
    place, most = place_among(trial.scores[rung], others), going_on(len(others) + 1)
    if place > most:
        return "pruned", f"number {place} of {len(others) + 1} at {definition.rungs[rung]:,} images, {most} may go on"
    if definition.allowance.seconds is not None:
        whole = full_work(definition, trials) * _slowness(trials, trial)
        if _time_left(definition, trials, whole - trial.work, whole) < 0:
            return "pruned", "there is no time to train it to the end and to check it"
    return "running", ""


def full_work(definition: Definition, trials: Sequence[Trial]) -> float:
    """Return the seconds that a full training of the default takes."""
    known = [trial.work for trial in of_purpose(trials, "default") if trial.fate == "complete"]
    return sum(known) / len(known) if known else definition.full_seconds


def _slowness(trials: Sequence[Trial], trial: Trial) -> float:
    """Return how many times as long as the defaults a trial took so far."""
    rung = len(trial.scores)
    known = [sum(other.seconds[:rung]) for other in of_purpose(trials, "default") if len(other.seconds) >= rung]
    return trial.work * len(known) / sum(known) if known and sum(known) else 1.0


def _time_left(definition: Definition, trials: Sequence[Trial], training: float, check: float = 0.0) -> float:
    """Return the seconds that are left when a training was done, and the checks of what may then be the best."""
    assert definition.allowance.seconds is not None
    best = promising(trials)
    check = max(check, full_work(definition, trials), best.work if best else 0.0)
    return definition.allowance.seconds - sum(trial.work for trial in trials) - training - SEEDS * check
