"""A worker: takes a trial, trains it from rung to rung, notes its scores, ends it, and takes the next.

Everything is decided at the desk and noted in the ledger before anything else follows from it; between two notes there
is only work that can go on where it stood. So a worker may be killed at any instant: whoever comes next, itself or
another, finds its trial without a lock and takes it up there.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from signal import Signals
from typing import TypeAlias

from ganache.support.errors import NoMemoryError
from ganache.support.interrupts import Interrupts
from ganache.training.loop import DivergedError
from ganache.uses.tuning.claims import Claims
from ganache.uses.tuning.decisions import New, Propose, fate_of, next_trial
from ganache.uses.tuning.definition import Definition
from ganache.uses.tuning.ledger import Ledger
from ganache.uses.tuning.trainings import Trainer, UnsuitedError
from ganache.uses.tuning.trials import Fate, Trial, best_search

LOOK_SECONDS = 0.5  # between two looks at what others have found, when that decides what comes

LOST = (DivergedError, NoMemoryError, UnsuitedError)  # what ends a trial and not the study

Say: TypeAlias = Callable[[str], None]


class Tuner:
    """One of any number of workers on a study; `say` hears of each score, `wait` passes the time."""

    def __init__(
        self,
        definition: Definition,
        ledger: Ledger,
        claims: Claims,
        trainer: Trainer,
        propose: Propose,
        *,
        say: Say = lambda line: None,
        wait: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._definition, self._ledger, self._claims = definition, ledger, claims
        self._trainer, self._propose, self._say, self._wait, self._clock = trainer, propose, say, wait, clock
        self._interrupts = Interrupts()

    def work(self) -> Signals | None:
        """Work until nothing is left to do; return the signal that stopped it before, if one did.

        Raises RunError when the machine refuses; the study can then be continued.
        """
        with self._interrupts.caught():
            while self._interrupts.received is None:
                with self._taken() as found:
                    if found == "over":
                        return None
                    if isinstance(found, Trial):
                        self._train(found)
                    else:
                        self._wait(LOOK_SECONDS)
        return self._interrupts.received

    @contextlib.contextmanager
    def _taken(self) -> Iterator[Trial | str]:
        """Give a trial that nobody else can take before the end, or "wait" or "over"."""
        with contextlib.ExitStack() as kept:
            with self._claims.desk():
                found = self._next(kept)
            yield found

    def _next(self, kept: contextlib.ExitStack) -> Trial | str:
        trials = self._ledger.trials()
        for trial in trials:
            if trial.fate == "running" and (claim := self._claims.take(trial.number)) is not None:
                kept.enter_context(claim)
                self._say(f"{named(trial)} was left by its worker: it goes on")
                return trial
        found = next_trial(self._definition, trials, self._propose)
        if not isinstance(found, New):
            if found == "over":
                self._tidy()  # a worker that was killed may have left something
            return found
        claim = self._claims.take(len(trials))  # before there is anything to be taken
        assert claim is not None, f"trial {len(trials)} is locked before it began"
        kept.enter_context(claim)
        return self._ledger.begin(found.purpose, found.values, found.seed, found.of)

    def _train(self, trial: Trial) -> None:
        """Bring a trial to its end, or to where a signal stops it."""
        while self._interrupts.received is None and not self._ended(trial):
            began = self._clock()
            try:
                self._interrupts.received = self._trainer.reach(trial, len(trial.scores)) or self._interrupts.received
                if self._interrupts.received is not None:
                    return
                value, why = self._trainer.judge(trial), "its samples have no finite score"
            except LOST as error:
                value, why = None, str(error)
            with self._claims.desk():
                if value is None:
                    self._end(trial, "pruned", why, self._clock() - began)
                    return
                self._ledger.score(trial, value, self._clock() - began)
                trial = self._ledger.trials()[trial.number]

    def _ended(self, trial: Trial) -> bool:
        """Decide what becomes of a trial by its last score, and note it where it is the end."""
        if not trial.scores:
            return False
        with self._claims.desk():
            fate, why = fate_of(self._definition, self._ledger.trials(), trial)
            seen = self._definition.rungs[len(trial.scores) - 1]
            goes = {"running": "goes on", "complete": "is done"}.get(fate, f"ends: {why}")
            self._say(f"{named(trial)}: {trial.scores[-1]:.4g} after {seen:,} images, {goes}")
            if fate != "running":
                self._end(trial, fate, why)
        return fate != "running"

    def _end(self, trial: Trial, fate: Fate, why: str, lost: float = 0.0) -> None:
        if lost or not trial.scores:
            self._say(f"{named(trial)} ends: {why}")
        self._ledger.end(trial, fate, why, lost)
        self._tidy()

    def _tidy(self) -> None:
        """Free the disk of what no trial that ended needs any more; whatever a killed worker left of it, too."""
        trials = self._ledger.trials()
        best = best_search(trials)
        for trial in trials:
            if trial.fate != "running":
                is_kept = trial.purpose == "default" or (best is not None and best.number in (trial.number, trial.of))
                self._trainer.forget(trial, is_kept)


def named(trial: Trial) -> str:
    """Return what a trial is called where it is spoken of."""
    of = "" if trial.of is None else f" of {trial.of}"
    return f"trial {trial.number} ({trial.purpose}{of})"
