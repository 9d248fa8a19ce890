"""Optuna's record of a study: a journal in the study's folder, or a database. The truth about its trials.

Everything that Optuna's own tools show of a study they show of this one. Whoever writes sits at the desk
(`Claims.desk`), so a journal needs no lock of its own; and each call writes one record, whole or not at all.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import optuna
from optuna.exceptions import OptunaError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from ganache.support.errors import UserError, reason, without_passwords
from ganache.support.files import writing
from ganache.support.json_files import MOST_BYTES
from ganache.support.units import brief, bytes_text
from ganache.uses.tuning.dials import AnyDial, Values
from ganache.uses.tuning.trials import Fate, Purpose, Trial

JOURNAL = "journal.jsonl"
_LOST = "seconds lost"
_COMPLAINTS = (OptunaError, ImportError, KeyError, TypeError, ValueError)
_STATES: dict[TrialState, Fate] = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned"}


class Ledger:
    """The trials of one study. All methods raise UserError for what cannot be read, RunError when the disk refuses."""

    def __init__(self, storage: BaseStorage, name: str, dials: tuple[AnyDial, ...]) -> None:
        self._storage, self._name, self._dials = storage, name, dials
        with _explained():
            self._study = _study_in(storage, name)

    def trials(self) -> list[Trial]:
        """Return all trials, in the order in which they began."""
        with _explained():
            return [_read(found) for found in self._storage.get_all_trials(self._study, deepcopy=False)]

    def begin(self, purpose: Purpose, values: Values, seed: int, of: int | None = None) -> Trial:
        """Note that a trial begins; return it."""
        known = {dial.field: dial.distribution() for dial in self._dials if dial.field in values}
        template = create_trial(
            state=TrialState.RUNNING,
            params=values,
            distributions=known,
            user_attrs={"purpose": purpose, "seed": seed, **({} if of is None else {"of": of})},
        )
        with _explained():
            key = self._storage.create_new_trial(self._study, template)
            return _read(self._storage.get_trial(key))

    def score(self, trial: Trial, value: float, seconds: float) -> None:
        """Note what a trial scored at its next rung, and the seconds of work that took it there."""
        rung = len(trial.scores)
        with _explained():
            key = self._number(trial)
            self._storage.set_trial_user_attr(key, _seconds(rung), round(seconds, 3))
            self._storage.set_trial_intermediate_value(key, rung, value)

    def end(self, trial: Trial, fate: Fate, why: str = "", lost: float = 0.0) -> None:
        """Note how a trial ended, and the seconds of work since its last score."""
        with _explained():
            key = self._number(trial)
            for name, value in (("why", why), (_LOST, round(lost, 3))):
                if value:
                    self._storage.set_trial_user_attr(key, name, value)
            state = next(state for state, known in _STATES.items() if known == fate)
            self._storage.set_trial_state_values(key, state, trial.scores[-1:] or None)

    def _number(self, trial: Trial) -> int:
        return self._storage.get_trial_id_from_study_id_trial_number(self._study, trial.number)


def open_ledger(folder: Path, name: str, dials: tuple[AnyDial, ...], address: str | None = None) -> Ledger:
    """Return the ledger of a study: the journal in its folder, or what is in the database at an address.

    Raises UserError where the database cannot be reached or the journal is damaged.
    """
    with _explained(), writing(folder / JOURNAL):
        if address is not None:
            return Ledger(open_database(address), name, dials)
        path = folder / JOURNAL
        if path.exists() and path.stat().st_size > MOST_BYTES:
            raise UserError(f"study: {path} has more than {bytes_text(MOST_BYTES)}, and is none of ours")
        return Ledger(JournalStorage(JournalFileBackend(str(path), _MendedJournal(path))), name, dials)


def open_database(address: str) -> RDBStorage:
    """Return the database at an address such as ``postgresql://…``; raises UserError where it cannot be reached."""
    with _explained():
        return RDBStorage(address)


class _MendedJournal(JournalFileOpenLock):
    """In the place of a lock, which the desk is: takes away a line that a crash left torn, before another is added."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def acquire(self) -> bool:
        with self._path.open("r+b") as file:
            size = end = file.seek(0, os.SEEK_END)
            while end:
                start = max(0, end - 65_536)
                file.seek(start)
                found = file.read(end - start).rfind(b"\n")
                if found >= 0:
                    end = start + found + 1
                    break
                end = start
            if end < size:
                file.truncate(end)
        return True

    def release(self) -> None:
        """Do nothing."""


def _study_in(storage: BaseStorage, name: str) -> int:
    """Return the number of the study with this name, which is made where there is none."""
    known = {study.study_name: study._study_id for study in storage.get_all_studies()}
    if name in known:
        return known[name]
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it would tell of every study that it makes
    return storage.create_new_study([StudyDirection.MINIMIZE], name)


def _read(found: FrozenTrial) -> Trial:
    own, scores = found.user_attrs, found.intermediate_values
    rungs = range(len(scores))
    return Trial(
        number=found.number,
        purpose=own["purpose"],
        values=dict(found.params),
        seed=own["seed"],
        scores=tuple(float(scores[rung]) for rung in rungs),
        seconds=tuple(float(own[_seconds(rung)]) for rung in rungs),
        fate=_STATES.get(found.state, "running"),
        why=str(own.get("why", "")),
        of=own.get("of"),
        lost=float(own.get(_LOST, 0.0)),
    )


def _seconds(rung: int) -> str:
    return f"seconds to rung {rung + 1}"


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Say in one line, without a password, what Optuna, a database or a journal that others wrote raises."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if not isinstance(error, _COMPLAINTS) and not type(error).__module__.startswith("sqlalchemy"):
            raise
        said = without_passwords(f"{type(error).__name__}: {reason(error)}")
        raise UserError(f"storage: {brief(said, 300)}") from None
