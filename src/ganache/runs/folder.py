"""The run directory: which file is where, and how a run says what it is and how far it came."""

import contextlib
import datetime
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ganache.games import Game
from ganache.parts.part import named_by_user, parse
from ganache.runs.run_record import check, checked_line
from ganache.support.errors import RunError, UserError, reason, without_passwords
from ganache.support.files import (
    PARTIAL,
    RECIPE,
    RECORD,
    is_run,
    lock,
    remove_unfinished,
    sync,
    umask,
    write_text,
    writing,
)
from ganache.support.interrupts import Interrupts
from ganache.support.json_files import read_json, read_json_lines, write_json
from ganache.support.machine import versions
from ganache.support.places import check_place
from ganache.support.refusals import refusals

FORMAT = 1


class Run:
    """A folder that holds one run; every path of it has a name here."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.recipe_file = path / RECIPE
        self.record_file = path / RECORD
        self.log_file = path / "log.jsonl"
        self.samples = path / "samples"
        self.checkpoints = path / "checkpoints"
        self.generator_file = self.product_file("generator")
        self.best_file = path / "best.safetensors"  # the average generator that scored best during training
        self.evaluations_file = path / "evaluations.jsonl"  # of evaluations during training
        self.evaluation_file = path / "evaluation.json"  # of the last one that was asked for afterwards
        self.fairness_file = path / "fairness.json"  # which groups it draws, as was asked last
        self.card_file = path / "MODEL_CARD.md"
        self.nearest_file = path / "nearest.png"  # its samples beside the nearest training images, when asked for
        self.curves_file = path / "curves.png"

    def product_file(self, network: str) -> Path:
        """Return the file of what is used of the game afterwards, by the name of its network."""
        return self.path / f"{network}.safetensors"

    @classmethod
    def create(
        cls, path: Path, recipe: Game, record: dict[str, Any], begin: Callable[["Run"], None] = lambda run: None
    ) -> "Run":
        """Make the folder with recipe.json and run.json in one move: a run is there wholly or not at all.

        `begin` adds what else belongs to its beginning, while nobody sees it yet.

        Raises UserError when the path holds anything already, RunError when it cannot be written.
        """
        cls.refuse_existing(path)
        run = cls(path)
        if path.is_dir():
            path = Path(os.path.realpath(path))  # a link to an empty folder stays one
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            remove_unfinished(path.parent, path.name)
            temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=PARTIAL, dir=path.parent))
            try:
                write_text(temporary / run.recipe_file.name, recipe.to_json() + "\n")
                write_json(temporary / run.record_file.name, {"format": FORMAT, **record})
                for folder in (run.samples, run.checkpoints):
                    (temporary / folder.name).mkdir()
                begin(cls(temporary))
                temporary.chmod(0o777 & ~umask())
                with contextlib.suppress(FileNotFoundError):
                    path.rmdir()  # it is empty; not every system renames onto a folder
                os.replace(temporary, path)
                sync(path.parent)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        except (OSError, RunError) as error:
            why = reason(error.__cause__ or error)
            raise RunError(f"could not create the run {path}: {why}") from error
        return run

    @classmethod
    def open(cls, path: Path) -> "Run":
        """Return an existing run; raises UserError when there is none at the path."""
        check_place(path, "run")
        _refuse_bytes(path, "run")
        run = cls(path)
        if not path.exists():
            raise UserError(f"run: there is no {str(path)!r}")
        if not is_run(path):
            raise UserError(f"run: {str(path)!r} is not a run: it has no recipe.json and run.json")
        return run

    @classmethod
    def refuse_existing(cls, path: Path) -> None:
        """Raise UserError when the path is taken, naming the way on when it is by a run."""
        check_place(path, "out")
        _refuse_bytes(path, "out")
        if cls(path).recipe_file.exists():
            raise UserError(f"out: {str(path)!r} already holds a run; continue it with: ganache resume {path}")
        if path.exists() and not path.is_dir():
            raise UserError(f"out: {str(path)!r} is a file; choose a folder for the run")
        if path.exists() and any(path.iterdir()):
            raise UserError(f"out: {str(path)!r} exists and is not empty; choose another folder for the run")
        if path.exists() and path.samefile(os.curdir):  # which is replaced in one move, and would be lost meanwhile
            raise UserError(f"out: {str(path)!r} is the folder that this is called from; choose another for the run")

    @contextlib.contextmanager
    def locked(self, say: Callable[[str], None]) -> Iterator[None]:
        """Keep other processes from training this run; raises UserError when one does.

        Where there are no locks, as on some mounts and on Windows, that is said.
        """
        with contextlib.ExitStack() as stack:
            with writing(self.recipe_file):  # a lock on a file that is open for reading alone cannot be had on NFS
                file = stack.enter_context(self.recipe_file.open("r+b"))
            taken = lock(file.fileno())
            if taken == "held":
                raise UserError(f"run: another process is training {self.path}")
            if taken == "unavailable":
                say(f"{self.path} cannot be locked here: see to it that no other process trains it")
            yield  # the lock ends with the file, also when the process is killed

    @contextlib.contextmanager
    def recorded(self, interrupts: Interrupts, processes: int = 1) -> Iterator[None]:
        """Note in run.json that a session began, when it ended and how, in one move after all else is written.

        `processes` is how many train together.

        Raises RunError for what the machine refuses; any other exception passes, and is noted too.
        """
        command = without_passwords(shlex.join(sys.argv))
        session: dict[str, Any] = {"began": now_text(), "command": command, **versions()}
        if processes > 1:
            session["processes"] = processes
        sessions = [*self.record("sessions")["sessions"], session]
        self.update_record(outcome="running", sessions=sessions)
        try:
            with refusals():
                yield
        except BaseException as error:
            session["ended"] = now_text()
            self._note_failure(outcome=_ending(error), sessions=sessions)
            raise
        session["ended"], signal = now_text(), interrupts.received
        self.update_record(outcome=f"interrupted by {signal.name}" if signal else "finished", sessions=sessions)

    def _note_failure(self, **fields: Any) -> None:
        """Update the record on a disk that may be full: there TensorBoard's copy of the log makes room for it."""
        try:
            self.update_record(**fields)
        except (RunError, UserError):
            with contextlib.suppress(RunError, UserError, OSError):
                self.remove_events()
                self.update_record(**fields)

    def remove_events(self) -> None:
        """Delete TensorBoard's files, which are a copy of the log and written anew whenever a run is continued."""
        for path in self.path.glob("events.out.*"):
            with writing(path):  # which Windows refuses while TensorBoard reads it
                path.unlink()

    def remove_leftovers(self) -> None:
        """Delete what a killed process had begun to write and not yet renamed."""
        for folder in (self.path, self.samples, self.checkpoints):
            remove_unfinished(folder)

    def recipe(self) -> Game:
        """Return the recipe of recipe.json; raises UserError when it is not valid."""
        with named_by_user():
            return parse(Game, read_json(self.recipe_file, "run"))

    def asked_recipe(self) -> Game:
        """Return the recipe as it was asked for, with the rules and shares of the budget that recipe.json has settled.

        Another run has other data and another budget. Raises UserError when it is not valid.
        """
        asked = self.record().get("asked_recipe")
        if not asked:
            return self.recipe()
        with named_by_user():
            return parse(Game, asked)

    def record(self, *needed: str) -> dict[str, Any]:
        """Return run.json.

        Raises UserError when it is damaged or of another format, and when a field that is `needed` is missing.
        """
        record = read_json(self.record_file, "run")
        if not isinstance(record, dict) or record.get("format") != FORMAT:
            raise UserError(f"run: {self.record_file} is not of format {FORMAT}, which this version reads")
        check(record, str(self.record_file), needed)
        return record

    def update_record(self, **fields: Any) -> None:
        """Replace some fields of run.json, atomically; nothing is written when they are as they were."""
        record = self.record()
        if fields != {name: record.get(name) for name in fields}:
            write_json(self.record_file, {**record, **fields})

    def log_lines(self) -> list[dict[str, Any]]:
        """Return the lines of log.jsonl; a torn last line, as a crash leaves it, is not one."""
        return _lines(self.log_file)

    def evaluation_lines(self) -> list[dict[str, Any]]:
        """Return the lines of evaluations.jsonl, likewise."""
        lines = _lines(self.evaluations_file)
        for number, line in enumerate(lines, 1):
            if "evaluation" not in line:
                raise UserError(f"run: line {number} of {self.evaluations_file} has no evaluation")
        return lines

    def sample_files(self) -> list[Path]:
        """Return the pictures taken during training, in the order of training."""
        numbered_files = (path for path in self.samples.glob("*.png") if path.stem.isdigit())
        return sorted(numbered_files, key=lambda path: int(path.stem))


def _lines(path: Path) -> list[dict[str, Any]]:
    lines = read_json_lines(path, "run")
    return [checked_line(line, f"run: line {number} of {path}") for number, line in enumerate(lines, 1)]


def _refuse_bytes(path: Path, field: str) -> None:
    """Raise UserError for a name that is no text: neither safetensors nor TensorBoard nor a picture's title take it."""
    if any("\ud800" <= character <= "\udfff" for character in str(path)):
        raise UserError(
            f"{field}: {str(path)!r} is not UTF-8; a run's folder must be, so name it otherwise, or run Ganache in a"
            " UTF-8 locale (LC_ALL=C.UTF-8)"
        )


def numbered(images_seen: int) -> str:
    """Return the name under which a picture or checkpoint of this moment is kept: 00060000."""
    return f"{images_seen:08d}"


def now_text() -> str:
    """Return the time in UTC, ISO 8601, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _ending(error: BaseException) -> str:
    if isinstance(error, RunError):
        return f"failed: {error}"
    if isinstance(error, KeyboardInterrupt):
        return "stopped at once by a second signal"
    return f"failed: {type(error).__name__}: {reason(error)}"
