"""Studies without networks: what a trial scores is a formula of its values, and how far it was trained a number."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from signal import Signals
from typing import Any

from ganache.training.plan import Request
from ganache.uses.tuning.claims import Claims
from ganache.uses.tuning.definition import Allowance, Definition, Judging
from ganache.uses.tuning.dials import OneOf, Span
from ganache.uses.tuning.ledger import open_ledger
from ganache.uses.tuning.proposals import propose
from ganache.uses.tuning.trials import Trial
from ganache.uses.tuning.tuner import Tuner
from tests.tiny import tiny_recipe

RATE = "optimizers.generator.learning_rate"
DIALS = (
    Span(field=RATE, low=1e-3, high=1e-1, log=True, start=1e-2),
    OneOf(field="batch_size", texts=("2", "4", "8"), start="4"),
)
STEP = 10  # images between two instants of a training


def definition(**fields: Any) -> Definition:
    """Return a study of a tiny recipe over two dials and three rungs, of ten trials."""
    defaults: dict[str, Any] = {
        "name": "made up",
        "said": {},
        "request": Request(data="ring", recipe=tiny_recipe()),
        "fingerprint": "f",
        "dials": DIALS,
        "rungs": (10, 30, 90),
        "judging": Judging(metric="fd", features="pixels", split="train", samples=10, seed=0),
        "full_seconds": 9.0,
        "allowance": Allowance(trials=10),
    }
    return Definition(**{**defaults, **fields})


class Killed(BaseException):
    """What a SIGKILL is in these tests: nothing catches it, and nothing is written after it."""


class Doom:
    """Counts the instants of a worker's life, and ends it at one of them; `at` is -1 for never."""

    def __init__(self, at: int = -1) -> None:
        self.passed, self._at = 0, at

    def instant(self) -> None:
        """Let an instant pass."""
        self.passed += 1
        if self.passed == self._at:
            raise Killed


class FakeTrainer:
    """Trains on paper. What is on its `disk` outlives its worker: the images seen of each trial, as a run's folder."""

    def __init__(self, study: Definition, disk: dict[int, int], doom: Doom | None = None) -> None:
        self.study, self.disk, self.doom = study, disk, doom or Doom()
        self.seconds, self.trained, self.forgotten = 0.0, 0, dict[int, bool]()

    def reach(self, trial: Trial, rung: int) -> Signals | None:
        """Add images until there are enough, a second for each."""
        while self.disk.get(trial.number, 0) < self.study.rungs[rung]:
            self.doom.instant()
            self.disk[trial.number] = self.disk.get(trial.number, 0) + STEP
            self.seconds += STEP
            self.trained += STEP
        self.doom.instant()
        return None

    def judge(self, trial: Trial) -> float | None:
        """Return a score that falls with images seen, lower the nearer the rate is to 0.05; each seed has its luck."""
        self.doom.instant()
        rate = float(trial.values.get(RATE, 1e-2))
        batch = int(trial.values.get("batch_size", 4))
        luck = 0.01 * (trial.seed * 7 % 5)
        return abs(rate - 0.05) * 20 + 4 / batch + 30 / self.disk[trial.number] + luck

    def forget(self, trial: Trial, is_kept: bool) -> None:
        """Remember what was forgotten."""
        self.forgotten[trial.number] = is_kept


def worker_in(
    folder: Path,
    study: Definition,
    trainer: FakeTrainer,
    say: Callable[[str], None] = lambda line: None,
    address: str | None = None,
) -> Tuner:
    """Return a worker as a process that begins now has it."""
    claims = Claims(folder / "locks", say)
    with claims.desk():
        ledger = open_ledger(folder, study.name, study.dials, address)
    return Tuner(
        study,
        ledger,
        claims,
        trainer,
        lambda trials: propose(study, trials),
        say=say,
        wait=lambda seconds: None,
        clock=lambda: trainer.seconds,
    )


def trials_in(folder: Path, study: Definition, address: str | None = None) -> list[Trial]:
    """Return the trials of a study as a new process reads them."""
    return open_ledger(folder, study.name, study.dials, address).trials()


def timeless(trials: list[Trial]) -> list[Trial]:
    """Return trials without their seconds, of which a killed worker's are lost."""
    return [replace(trial, seconds=(), lost=0.0) for trial in trials]
