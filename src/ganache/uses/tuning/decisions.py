"""What is done next in a study, and what becomes of a trial: functions of the ledger's entries alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ganache.uses.tuning.definition import SEEDS, Definition
from ganache.uses.tuning.dials import Values, first_values
from ganache.uses.tuning.entries import Entry, Fate, Purpose, best_search, full_scores, of_purpose, rivals
from ganache.uses.tuning.halving import going_on, place_among

Propose: TypeAlias = Callable[[Sequence[Entry]], Values | None]


@dataclass(frozen=True)
class New:
    """A trial that is to begin."""

    purpose: Purpose
    values: Values
    seed: int
    of: int | None = None


Next: TypeAlias = New | Literal["wait", "over"]


def next_trial(definition: Definition, entries: Sequence[Entry], propose: Propose) -> Next:
    """Return what begins now: defaults, then searches while there is time, then checks of the best one.

    Trials that are under way are others' work. "wait": what they find decides what comes; "over": nothing comes.
    """
    base, defaults = definition.request.seed, of_purpose(entries, "default")
    if len(defaults) < SEEDS:
        return New("default", first_values(definition.dials), base + len(defaults))
    if may_search(definition, entries):
        values = propose(entries)
        if values is not None:
            return New("search", values, base + SEEDS + len(of_purpose(entries, "search")))
    if any(entry.fate == "running" and entry.purpose != "check" for entry in entries):
        return "wait"
    if (best := promising(entries)) is not None:
        checks = [entry for entry in of_purpose(entries, "check") if entry.of == best.number]
        if len(checks) < SEEDS:
            return New("check", best.values, base + len(checks), best.number)
    return "wait" if any(entry.fate == "running" for entry in entries) else "over"


def may_search(definition: Definition, entries: Sequence[Entry]) -> bool:
    """Whether another search may begin: fewer than were allowed, and time for it and for the checks of the best."""
    allowance, searches = definition.allowance, of_purpose(entries, "search")
    if allowance.trials is not None and len(searches) >= allowance.trials:
        return False
    return allowance.seconds is None or _time_left(definition, entries, full_work(definition, entries)) >= 0


def promising(entries: Sequence[Entry]) -> Entry | None:
    """Return the best search, where it is better than the defaults were on average: only then it is worth a check."""
    best, defaults = best_search(entries), full_scores(of_purpose(entries, "default"))
    if best is None or (defaults and best.scores[-1] >= sum(defaults) / len(defaults)):
        return None
    return best


def fate_of(definition: Definition, entries: Sequence[Entry], entry: Entry) -> tuple[Fate, str]:
    """Return what becomes of a trial that was just scored, and in words why."""
    rung = len(entry.scores) - 1
    if rung + 1 == len(definition.rungs):
        return "complete", ""
    if entry.purpose != "search":
        return "running", ""
    others = rivals(entries, entry, rung)
    place, most = place_among(entry.scores[rung], others), going_on(len(others) + 1)
    if place > most:
        return "pruned", f"number {place} of {len(others) + 1} at {definition.rungs[rung]:,} images, {most} may go on"
    if definition.allowance.seconds is not None:
        whole = full_work(definition, entries) * _slowness(entries, entry)
        if _time_left(definition, entries, whole - entry.work, whole) < 0:
            return "pruned", "there is no time to train it to the end and to check it"
    return "running", ""


def full_work(definition: Definition, entries: Sequence[Entry]) -> float:
    """Return the seconds that a full training of the default takes."""
    known = [entry.work for entry in of_purpose(entries, "default") if entry.fate == "complete"]
    return sum(known) / len(known) if known else definition.full_seconds


def _slowness(entries: Sequence[Entry], entry: Entry) -> float:
    """Return how many times as long as the defaults a trial took so far."""
    rung = len(entry.scores)
    known = [sum(other.seconds[:rung]) for other in of_purpose(entries, "default") if len(other.seconds) >= rung]
    return entry.work * len(known) / sum(known) if known and sum(known) else 1.0


def _time_left(definition: Definition, entries: Sequence[Entry], training: float, check: float = 0.0) -> float:
    """Return the seconds that are left when a training was done, and the checks of what may then be the best."""
    assert definition.allowance.seconds is not None
    best = promising(entries)
    check = max(check, full_work(definition, entries), best.work if best else 0.0)
    return definition.allowance.seconds - sum(entry.work for entry in entries) - training - SEEDS * check
