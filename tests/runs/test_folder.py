import errno
import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from signal import Signals
from typing import Any

import pytest

from ganache.games import TwoPlayers
from ganache.runs.folder import Run, now_text, numbered
from ganache.support.errors import RunError, UserError
from ganache.support.interrupts import Interrupts
from ganache.support.machine import versions
from tests.tiny import tiny_recipe


def created(path: Path, **record: Any) -> Run:
    return Run.create(path, tiny_recipe(), record)


def test_a_new_run_is_complete_and_alone(tmp_path: Path) -> None:
    run = created(tmp_path / "deep" / "run", seed=3)
    assert sorted(path.name for path in run.path.iterdir()) == ["checkpoints", "recipe.json", "run.json", "samples"]
    assert list(run.path.parent.iterdir()) == [run.path]
    again = Run.open(run.path)
    assert again.recipe() == tiny_recipe()
    assert again.record() == {"format": 1, "seed": 3}
    assert again.log_lines() == []
    assert again.sample_files() == []


def test_an_empty_folder_may_become_a_run(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert created(tmp_path / "run").recipe() == tiny_recipe()


def refuse(monkeypatch: pytest.MonkeyPatch, call: str, error: BaseException, refused: Callable[[Any], bool]) -> None:
    """Have the operating system fail a call whose first argument is of this kind."""
    real = getattr(os, call)

    def refusing(first: Any, *others: Any) -> Any:
        if refused(first):
            raise error
        return real(first, *others)

    monkeypatch.setattr(os, call, refusing)


def is_open_at(path: Path) -> Callable[[int], bool]:
    """Return whether a descriptor is that of a path."""
    return lambda descriptor: path.exists() and os.path.samestat(os.fstat(descriptor), path.stat())


@pytest.mark.parametrize("what", ["a file's rename", "the folder's rename", "the folder's flush"])
def test_a_run_that_cannot_be_created_leaves_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if what == "the folder's flush":
        refuse(monkeypatch, "fsync", error, is_open_at(tmp_path))
    else:
        refuse(monkeypatch, "replace", error, os.path.isfile if what == "a file's rename" else os.path.isdir)
    with pytest.raises(RunError, match=r"^could not create the run .*run: No space left on device$"):
        created(tmp_path / "run")
    monkeypatch.undo()
    if what == "the folder's flush":  # it was there already, and wholly
        assert Run.open(tmp_path / "run").recipe() == tiny_recipe()
    else:
        assert list(tmp_path.iterdir()) == []


def test_an_interruption_while_it_is_created_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, "replace", KeyboardInterrupt(), os.path.isdir)
    with pytest.raises(KeyboardInterrupt):
        created(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_had_begun_goes_with_the_next_run_of_the_name(tmp_path: Path) -> None:
    begun = [tmp_path / f".{name}.abcd_123.partial" for name in ("run", "run.2", "[r]un")]
    for folder in begun:
        (folder / "checkpoints").mkdir(parents=True)
        (folder / "checkpoints" / "00000000.safetensors").touch()
    Run.create(tmp_path / "run", tiny_recipe(), {})
    assert [folder.exists() for folder in begun] == [False, True, True]
    Run.create(tmp_path / "[r]un", tiny_recipe(), {})
    assert [folder.exists() for folder in begun] == [False, True, False]


def test_a_place_under_a_file_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="could not create the run"):
        created(tmp_path / "file" / "run")


def test_a_runs_permissions_follow_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        run = created(tmp_path / "run")
    finally:
        os.umask(before)
    modes = {
        path.name: path.stat().st_mode & 0o777 for path in (run.path, run.recipe_file, run.record_file, run.samples)
    }
    assert modes == {"run": 0o700, "recipe.json": 0o600, "run.json": 0o600, "samples": 0o700}


def test_what_exists_is_never_written_over(tmp_path: Path) -> None:
    run = created(tmp_path / "run")
    with pytest.raises(UserError) as refused:
        created(run.path)
    path = tmp_path / "run"
    assert str(refused.value) == f"out: '{path}' already holds a run; continue it with: ganache resume {path}"
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_text("mine")
    whys = {"file": "is a file; choose a", "folder": "exists and is not empty; choose another"}
    for name, why in whys.items():
        with pytest.raises(UserError) as refused:
            created(tmp_path / name)
        assert str(refused.value) == f"out: '{tmp_path / name}' {why} folder for the run"
    assert (tmp_path / "folder" / "a").read_text() == "mine"


def test_an_empty_folder_becomes_the_run_behind_a_link_too(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    run = created(tmp_path / "link")
    assert run.path == tmp_path / "link"
    assert run.path.is_symlink()
    assert (tmp_path / "empty" / "run.json").is_file()


def test_the_current_folder_does_not_become_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"^out: '\.' is the folder that this is called from; choose another"):
        created(Path())


def test_only_a_run_can_be_opened(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^run: there is no '.*absent'$"):
        Run.open(tmp_path / "absent")
    with pytest.raises(UserError, match=r"is not a run: it has no recipe\.json and run\.json$"):
        Run.open(tmp_path)
    run = created(tmp_path / "run")
    run.record_file.unlink()
    with pytest.raises(UserError, match="is not a run"):
        Run.open(run.path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}', "\udcff", '{"format": "1"}'])
def test_a_damaged_record_is_one_line(tmp_path: Path, text: str) -> None:
    run = created(tmp_path / "run")
    run.record_file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UserError, match=r"^run: .*run\.json ") as refused:
        run.record()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 0}, "batch_size: input should be greater than or equal to 1, not 0"),
        ({"unknown": 1}, "unknown: there is no such field"),
        ({"objective": "os.system"}, "objective: no Objective is called 'os.system'; there are: "),
    ],
)
def test_a_recipe_that_was_edited_is_validated(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    run = created(tmp_path / "run")
    run.recipe_file.write_text(json.dumps({**json.loads(run.recipe_file.read_text()), **change}))
    with pytest.raises(UserError) as refused:
        run.recipe()
    assert str(refused.value).startswith(message)
    run.recipe_file.write_text("{")
    with pytest.raises(UserError, match=r"recipe\.json cannot be read"):
        run.recipe()


def test_the_record_is_updated_field_by_field(tmp_path: Path) -> None:
    run = created(tmp_path / "run", seed=3, outcome="running")
    run.update_record(outcome="finished", images_seen=7)
    assert run.record() == {"format": 1, "seed": 3, "outcome": "finished", "images_seen": 7}
    assert len(list(run.path.iterdir())) == 4


LINES = [{"images_seen": 64, "loss/generator": 0.5}, {"images_seen": 128, "loss/generator": 0.25}]


def test_the_log_is_read_line_by_line(tmp_path: Path) -> None:
    run = created(tmp_path / "run")
    run.log_file.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    assert run.log_lines() == LINES


def test_a_torn_last_line_is_none_wherever_it_is_torn(tmp_path: Path) -> None:
    run = created(tmp_path / "run")
    first, last = (json.dumps(line) for line in LINES)
    for length in range(len(last)):
        run.log_file.write_text(f"{first}\n{last[:length]}")
        assert run.log_lines() == LINES[:1]
    run.log_file.write_bytes(f"{first}\n".encode() + b"\xff\x00\xfe")
    assert run.log_lines() == LINES[:1]
    run.log_file.write_text(f"{first}\n{last}")  # whole, but for its line end
    assert run.log_lines() == LINES


def test_one_process_trains_a_run(tmp_path: Path) -> None:
    run = created(tmp_path / "run")
    other = Run.open(run.path)
    with run.locked(print):
        with pytest.raises(UserError) as refused, other.locked(print):
            pass
        assert str(refused.value) == f"run: another process is training {run.path}"
        assert other.recipe() == tiny_recipe()  # it may be read all the same
    with other.locked(print):
        pass


def test_the_lock_ends_with_an_accident(tmp_path: Path) -> None:
    run = created(tmp_path / "run")

    def fail() -> None:
        with run.locked(print):
            raise RuntimeError("accident")

    with pytest.raises(RuntimeError, match="accident"):
        fail()
    with Run.open(run.path).locked(print):
        pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EBADF, errno.EINVAL])
def test_where_there_are_no_locks_a_run_goes_on_with_a_word(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, any refusal read "another process is training"."""
    run, said, modes = created(tmp_path / "run"), list[str](), list[int]()

    def refusing(descriptor: int, operation: int) -> None:
        modes.append(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refusing)
    with run.locked(said.append):
        pass
    assert said == [f"{run.path} cannot be locked here: see to it that no other process trains it"]
    assert modes == [os.O_RDWR]  # NFS gives no lock on what is open for reading alone


@pytest.mark.parametrize("number", [errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES])
def test_only_a_held_lock_says_that_another_process_trains(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = created(tmp_path / "run")

    def refusing(descriptor: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refusing)
    with pytest.raises(UserError, match="another process is training"), run.locked(pytest.fail):
        pass


ENDS: list[tuple[BaseException, type[BaseException], str]] = [
    (RunError("it diverges"), RunError, "failed: it diverges"),
    (OSError(errno.EIO, os.strerror(errno.EIO), "a.png"), RunError, "failed: a.png: Input/output error"),
    (MemoryError(), RunError, "failed: the memory does not suffice; a smaller --batch"),
    (AssertionError("two\nlines"), AssertionError, "failed: AssertionError: two"),
    (KeyboardInterrupt(), KeyboardInterrupt, "stopped at once by a second signal"),
    (SystemExit(3), SystemExit, "failed: SystemExit: 3"),
]


@pytest.mark.parametrize(("accident", "raised", "outcome"), ENDS, ids=lambda value: type(value).__name__)
def test_the_record_says_how_a_session_ended_whatever_the_end(
    accident: BaseException, raised: type[BaseException], outcome: str, tmp_path: Path
) -> None:
    """Before, it went on saying "running" after all but a RunError."""
    run = created(tmp_path / "run", sessions=[])
    with pytest.raises(raised), run.recorded(Interrupts()):
        raise accident
    record = run.record()
    assert record["outcome"].startswith(outcome)
    assert record["sessions"][0].keys() == {"began", "ended", "command", *versions()}


def test_a_session_that_was_asked_to_stop_says_by_what(tmp_path: Path) -> None:
    run, interrupts = created(tmp_path / "run", sessions=[]), Interrupts()
    with run.recorded(interrupts):
        assert run.record()["outcome"] == "running"
        interrupts.received = Signals.SIGTERM
    assert run.record()["outcome"] == "interrupted by SIGTERM"


def test_pictures_are_listed_in_the_order_of_training(tmp_path: Path) -> None:
    run = created(tmp_path / "run")
    for name in ("00000900.png", "00001000.png", "00000000.png", "x.png", "00000100.jpg", ".00000500.png.partial.png"):
        (run.samples / name).write_bytes(b"")
    assert [path.name for path in run.sample_files()] == ["00000000.png", "00000900.png", "00001000.png"]


def test_pictures_beyond_eight_digits_come_last(tmp_path: Path) -> None:
    run = created(tmp_path / "run")
    for images in (100_000_000, 99_000_000):
        (run.samples / f"{numbered(images)}.png").write_bytes(b"")
    assert [int(path.stem) for path in run.sample_files()] == [99_000_000, 100_000_000]


def test_names_and_times_have_one_form() -> None:
    assert [numbered(images) for images in (0, 60_000, 123_456_789)] == ["00000000", "00060000", "123456789"]
    assert len(now_text()) == len("2025-01-01T00:00:00+00:00")
    assert now_text().endswith("+00:00")


def test_the_recipe_in_a_run_is_its_json(tmp_path: Path) -> None:
    recipe: TwoPlayers = tiny_recipe(critic_steps=3)
    run = Run.create(tmp_path / "run", recipe, {})
    assert run.recipe_file.read_text(encoding="utf-8") == recipe.to_json() + "\n"
