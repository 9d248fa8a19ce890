"""Workers on a study: killed at every instant, several at once, stopped, with trials that end badly."""

import threading
from pathlib import Path
from signal import Signals

import pytest

pytest.importorskip("optuna", reason="tuning needs the extra `tuning`")

from ganache.support.errors import RunError
from ganache.training.loop import DivergedError
from ganache.uses.tuning.claims import Claims
from ganache.uses.tuning.definition import Allowance, Definition
from ganache.uses.tuning.ledger import JOURNAL
from ganache.uses.tuning.trials import Trial, of_purpose
from tests.uses.tuning.made_up import Doom, FakeTrainer, Killed, definition, timeless, trials_in, worker_in

STUDY = definition()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Trial], FakeTrainer]:
    folder = tmp_path_factory.mktemp("undisturbed")
    trainer = FakeTrainer(STUDY, {})
    assert worker_in(folder, STUDY, trainer).work() is None
    return trials_in(folder, STUDY), trainer


def test_a_study_has_defaults_then_searches_then_checks_of_the_best(
    undisturbed: tuple[list[Trial], FakeTrainer],
) -> None:
    trials, trainer = undisturbed
    assert [trial.purpose for trial in trials] == ["default"] * 3 + ["search"] * 10 + ["check"] * 3
    assert all(trial.fate == "complete" for trial in trials[:3] + trials[-3:])
    searches = of_purpose(trials, "search")
    complete = [trial for trial in searches if trial.fate == "complete"]
    best = min(complete, key=lambda trial: trial.scores[-1])
    assert {trial.of for trial in trials[-3:]} == {best.number}
    assert [trial.values for trial in trials[-3:]] == [best.values] * 3
    assert [trial.seed for trial in trials[-3:]] == [trial.seed for trial in trials[:3]] == [0, 1, 2]
    assert len({trial.seed for trial in searches} | {0, 1, 2}) == 13
    assert {len(trial.scores) for trial in searches if trial.fate == "pruned"} <= {1, 2}
    assert trainer.trained == sum(STUDY.rungs[len(trial.scores) - 1] for trial in trials)
    assert trainer.forgotten == {
        trial.number: trial.purpose != "search" or trial.number == best.number for trial in trials
    }


def test_a_worker_that_is_killed_at_any_instant_loses_nothing_and_does_nothing_twice(
    undisturbed: tuple[list[Trial], FakeTrainer], tmp_path: Path
) -> None:
    trials, trainer = undisturbed
    instants = trainer.doom.passed
    assert instants > 60
    for at in range(1, instants + 1, 12):
        folder = tmp_path / str(at)
        folder.mkdir()
        disk: dict[int, int] = {}
        first, second = FakeTrainer(STUDY, disk, Doom(at)), FakeTrainer(STUDY, disk)
        with pytest.raises(Killed):
            worker_in(folder, STUDY, first).work()
        worker_in(folder, STUDY, second).work()
        assert timeless(trials_in(folder, STUDY)) == timeless(trials), at
        assert first.trained + second.trained == trainer.trained


def test_a_study_that_is_killed_at_any_write_of_its_journal_goes_on_as_if_nothing_had_happened(
    undisturbed: tuple[list[Trial], FakeTrainer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a line, in the middle of it, and after it: each line of the journal is a moment at which it may end."""
    trials, _ = undisturbed
    whole = tmp_path / "whole"
    whole.mkdir()
    worker_in(whole, STUDY, FakeTrainer(STUDY, {})).work()
    lines = (whole / JOURNAL).read_bytes().splitlines(keepends=True)
    assert len(lines) > 80
    for kept in range(1, len(lines), 19):
        folder = tmp_path / str(kept)
        folder.mkdir()
        torn = lines[kept][: len(lines[kept]) // 2] if kept % 2 else b""
        (folder / JOURNAL).write_bytes(b"".join(lines[:kept]) + torn)
        worker_in(folder, STUDY, FakeTrainer(STUDY, {})).work()
        assert timeless(trials_in(folder, STUDY)) == timeless(trials), kept


@pytest.mark.parametrize("database", [False, True])
def test_two_workers_share_a_study_and_do_nothing_twice(tmp_path: Path, database: bool) -> None:
    address = f"sqlite:///{tmp_path}/trials.db" if database else None
    study = definition(allowance=Allowance(trials=4))
    disk: dict[int, int] = {}
    both = threading.Barrier(2, timeout=60)
    at_work: set[int] = set()
    failures: list[BaseException] = []

    class Overlapping(FakeTrainer):
        met = False

        def reach(self, trial: Trial, rung: int) -> Signals | None:
            if not self.met:
                self.met = True
                both.wait()  # nobody trains before both have a trial
            assert trial.number not in at_work
            at_work.add(trial.number)
            super().reach(trial, rung)
            at_work.remove(trial.number)
            return None

    trainers = [Overlapping(study, disk) for _ in range(2)]
    workers = [worker_in(tmp_path, study, trainer, address=address) for trainer in trainers]

    def work(number: int) -> None:
        try:
            workers[number].work()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    trials = trials_in(tmp_path, study, address)
    assert [trial.fate == "running" for trial in trials] == [False] * 10
    assert sum(trainer.trained for trainer in trainers) == sum(study.rungs[len(e.scores) - 1] for e in trials)
    assert min(trainer.trained for trainer in trainers) > 0
    values = [str(trial.values) for trial in of_purpose(trials, "search")]
    assert len(set(values)) == len(values) == 4


def test_a_trial_is_taken_over_when_its_worker_is_gone_and_not_before(tmp_path: Path) -> None:
    disk: dict[int, int] = {}
    with pytest.raises(Killed):
        worker_in(tmp_path, STUDY, FakeTrainer(STUDY, disk, Doom(25))).work()
    (left,) = [trial for trial in trials_in(tmp_path, STUDY) if trial.fate == "running"]
    said: list[str] = []
    alive = Claims(tmp_path / "locks", said.append).take(left.number)  # the worker is not gone after all
    assert alive is not None
    second = FakeTrainer(STUDY, disk)

    def give_up(seconds: float) -> None:
        alive.close()

    worker = worker_in(tmp_path, STUDY, second, said.append)
    worker._wait = give_up
    worker.work()
    taken = [line for line in said if "left by its worker" in line]
    assert taken == [f"trial {left.number} ({left.purpose}) was left by its worker: it goes on"]
    assert said.index(taken[0]) > 0  # after all that could be done without it


def test_a_trial_that_diverges_ends_and_the_study_goes_on(tmp_path: Path) -> None:
    class Diverging(FakeTrainer):
        def reach(self, trial: Trial, rung: int) -> Signals | None:
            if trial.number == 4:
                raise DivergedError("the generator became non-finite")
            return super().reach(trial, rung)

        def judge(self, trial: Trial) -> float | None:
            return None if trial.number == 5 else super().judge(trial)

    said: list[str] = []
    worker_in(tmp_path, STUDY, Diverging(STUDY, {}), said.append).work()
    trials = trials_in(tmp_path, STUDY)
    assert [trials[number].fate for number in (4, 5)] == ["pruned", "pruned"]
    assert trials[4].why == "the generator became non-finite"
    assert trials[5].why == "its samples have no finite score"
    assert trials[5].lost == 10.0
    assert "trial 4 (search) ends: the generator became non-finite" in said
    assert len(trials) == 16


def test_a_study_whose_default_diverges_finds_the_best_of_the_others(tmp_path: Path) -> None:
    class Diverging(FakeTrainer):
        def reach(self, trial: Trial, rung: int) -> Signals | None:
            if trial.purpose == "default":
                raise DivergedError("the generator became non-finite")
            return super().reach(trial, rung)

    worker_in(tmp_path, STUDY, Diverging(STUDY, {})).work()
    trials = trials_in(tmp_path, STUDY)
    assert [trial.fate for trial in of_purpose(trials, "check")] == ["complete"] * 3


def test_what_the_machine_refuses_stops_the_study_which_then_goes_on(tmp_path: Path) -> None:
    class Refused(FakeTrainer):
        def judge(self, trial: Trial) -> float | None:
            if trial.number == 4:
                raise RunError("could not write: No space left on device")
            return super().judge(trial)

    disk: dict[int, int] = {}
    with pytest.raises(RunError, match="No space left"):
        worker_in(tmp_path, STUDY, Refused(STUDY, disk)).work()
    assert trials_in(tmp_path, STUDY)[4].fate == "running"
    worker_in(tmp_path, STUDY, FakeTrainer(STUDY, disk)).work()
    assert len(trials_in(tmp_path, STUDY)) == 16


def test_a_signal_stops_a_worker_and_its_trial_waits(tmp_path: Path) -> None:
    class Stopped(FakeTrainer):
        def reach(self, trial: Trial, rung: int) -> Signals | None:
            return Signals.SIGTERM if trial.number == 3 else super().reach(trial, rung)

    disk: dict[int, int] = {}
    assert worker_in(tmp_path, STUDY, Stopped(STUDY, disk)).work() is Signals.SIGTERM
    assert [trial.fate for trial in trials_in(tmp_path, STUDY)] == ["complete"] * 3 + ["running"]
    assert worker_in(tmp_path, STUDY, FakeTrainer(STUDY, disk)).work() is None


def test_a_study_ends_when_its_time_is_used_up(tmp_path: Path) -> None:
    study: Definition = definition(allowance=Allowance(seconds=900.0), full_seconds=90.0)
    worker_in(tmp_path, study, FakeTrainer(study, {})).work()
    trials = trials_in(tmp_path, study)
    used = sum(trial.work for trial in trials)
    assert 700.0 < used <= 900.0, used
    assert len(of_purpose(trials, "check")) == 3


def test_a_study_is_made_longer_and_goes_on_where_it_stood(
    undisturbed: tuple[list[Trial], FakeTrainer], tmp_path: Path
) -> None:
    short, disk = definition(allowance=Allowance(trials=4)), dict[int, int]()
    worker_in(tmp_path, short, FakeTrainer(short, disk)).work()
    worker_in(tmp_path, STUDY, FakeTrainer(STUDY, disk)).work()
    trials, _ = undisturbed
    searched = [trial.values for trial in of_purpose(trials_in(tmp_path, STUDY), "search")]
    assert searched == [trial.values for trial in of_purpose(trials, "search")]


def test_where_nothing_can_be_locked_one_worker_does(tmp_path: Path, no_locks: None) -> None:
    said: list[str] = []
    worker_in(tmp_path, STUDY, FakeTrainer(STUDY, {}), said.append).work()
    assert len(trials_in(tmp_path, STUDY)) == 16
    assert [line for line in said if "cannot be locked here" in line] == [
        f"{tmp_path} cannot be locked here: see to it that no other worker tunes there"
    ]
