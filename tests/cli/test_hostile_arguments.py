"""Every command with arguments that nobody should give: one line on standard error, status 1 or 2, no traceback."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganache
from ganache.cli import app
from ganache.scratch import command_line as scratch_cli
from ganache.support.errors import UserError
from tests.commands import run_command
from tests.conftest import SMALL

SETTINGS = [word for setting in SMALL for word in ("--set", setting)]
FEW = ["--features", "pixels", "--metrics", "fd", "--count", "8"]

# @ is the hostile argument, RUN a run; what would succeed with it is named in MAY_SUCCEED.
COMMANDS = {
    "train --out": ["train", "--data", "digits", "--out", "@", "--images", "16", *SETTINGS],
    "train --dry-run --out": ["train", "--data", "absent", "--out", "@", "--dry-run"],
    "train --data": ["train", "--data", "@", "--out", "o", "--images", "16", *SETTINGS],
    "train --from": ["train", "--data", "digits", "--out", "o", "--images", "16", "--from", "@"],
    "train RECIPE": ["train", "@", "--data", "digits", "--out", "o", "--images", "16", *SETTINGS],
    "resume": ["resume", "@"],
    "resume --data": ["resume", "RUN", "--data", "@"],
    "resume --code": ["resume", "RUN", "--code", "@"],
    "sample": ["sample", "@", "--out", "o.png"],
    "sample --out": ["sample", "RUN", "--count", "2", "--out", "@"],
    "interpolate": ["interpolate", "@", "--out", "o.gif"],
    "interpolate --out": ["interpolate", "RUN", "--frames", "2", "--out", "@"],
    "judge": ["judge", "@", "--data", "digits"],
    "judge --data": ["judge", "RUN", "--data", "@"],
    "judge --json": ["judge", "RUN", "--data", "ring", "--json", "@"],  # refused for the points, if not for the file
    "evaluate": ["evaluate", "@", "--data", "ring", *FEW],
    "evaluate --data": ["evaluate", "RUN", "--data", "@", *FEW],
    "evaluate --weights": ["evaluate", "RUN", "--weights", "@", "--metrics", "fd"],
    "evaluate --json": ["evaluate", "RUN", "--data", "ring", "--json", "@", *FEW],
    "evaluate --pairs": ["evaluate", "RUN", "--data", "ring", "--pairs", "@", *FEW],
    "fairness": ["fairness", "@", "--data", "ring"],
    "fairness --data": ["fairness", "RUN", "--data", "@"],
    "fairness --groups": ["fairness", "array.npy", "--data", "digits", "--channels", "3", "--groups", "@"],
    "compare": ["compare", "@", "@"],
    "compare --out": ["compare", "RUN", "--out", "@"],
    "compare --json": ["compare", "RUN", "--json", "@"],
    "card": ["card", "@"],
    "card --out": ["card", "RUN", "--out", "@"],
    "doctor": ["doctor", "@"],
    "doctor --data": ["doctor", "RUN", "--data", "@"],
    "doctor --json": ["doctor", "absent", "--json", "@"],
    "plot": ["plot", "@"],
    "recipes": ["recipes", "@"],
    "data info": ["data", "info", "@"],
    "data pack": ["data", "pack", "@", "--out", "o"],
    "data pack --out": ["data", "pack", "digits", "--out", "@"],
    "anomaly fit --data": ["anomaly", "fit", "--data", "@", "--out", "o", "--images", "16"],
    "anomaly fit --out": ["anomaly", "fit", "--data", "absent", "--out", "@"],
    "anomaly score": ["anomaly", "score", "@", "digits", "--out", "s.csv"],
    "detect fit --real": ["detect", "fit", "--real", "@", "--fake", "digits", "--out", "o"],
    "detect fit --fake": ["detect", "fit", "--real", "digits", "--fake", "@", "--out", "o"],
    "detect fit --out": ["detect", "fit", "--real", "absent", "--fake", "digits", "--out", "@"],
    "detect score": ["detect", "score", "@", "digits", "--out", "s.csv"],
    "tune RECIPE": ["tune", "@", "--data", "digits", "--trials", "1"],
    "tune --out": ["tune", "--out", "@"],
    "augment-study --data": ["augment-study", "--data", "@", "--out", "o"],
    "augment-study --out": ["augment-study", "--data", "absent", "--out", "@"],
    "augment-study --generator": ["augment-study", "--data", "digits", "--out", "o", "--generator", "@"],
    "augment-study --synthetic": ["augment-study", "--data", "digits", "--out", "o", "--synthetic", "@"],
    "sample --like-training": ["sample", "RUN", "--like-training", "4", "--out", "@"],
    "scratch gan --data": ["scratch", "gan", "--data", "@", "--out", "o", "--epochs", "1"],
    "scratch gan --out": ["scratch", "gan", "--data", "absent", "--out", "@", "--epochs", "1"],
    "scratch resume": ["scratch", "resume", "@"],
}

HOSTILE = [
    "x" * 5000, "x" * 300 + ".png", "a\0b", "", "loop", "dangling", "text.txt/inside", "text.txt", "folder",
    "array.npy", "array.npz", "picture.png", "folder.json", "folder.png", "folder.npz", "folder.gif", "folder.py",
    "folder.safetensors", "broken.py", "raising.py", "list.json", "deep.json", "latin.json", "empty.npz",
    "empty.safetensors", "lists", "folders", "half", "parts of folders", "parts of pictures",
]  # fmt: skip

MAY_SUCCEED = {
    "train --out": {"folder"},
    "train --data": {"array.npy", "array.npz"},
    "sample --out": {"folder", "array.npy", "array.npz", "picture.png", "empty.npz", "dangling", "x" * 300 + ".png"},
    "sample --like-training": {"folder", "array.npz", "empty.npz", "dangling"},
    "plot": {"half", "lists", "parts of pictures"},  # a run without a log has empty curves
    "card --out": {"array.npy", "array.npz", "picture.png", "text.txt", "broken.py", "raising.py", "list.json",
                   "deep.json", "latin.json", "empty.npz", "empty.safetensors", "loop", "dangling",
                   "x" * 300 + ".png"},
    "card": {"half", "lists", "parts of pictures", "parts of folders"},
    "doctor": {"half"},
    "scratch gan --data": {"array.npy", "array.npz"},
    "data info": {"array.npy", "array.npz"},
    "data pack": {"array.npy", "array.npz"},
    "data pack --out": {"folder", "folder.json", "folder.png", "folder.npz", "folder.gif", "folder.py",
                        "folder.safetensors", "folders", "dangling"},
}  # fmt: skip


@pytest.fixture(scope="session")
def zoo(tmp_path_factory: pytest.TempPathFactory, digits_run: Path) -> Path:
    """A folder of things that are not what their names or places say."""
    folder = tmp_path_factory.mktemp("zoo")
    np.save(folder / "array.npy", np.zeros((4, 8, 8, 3), np.uint8))
    np.savez(folder / "array.npz", np.zeros((4, 8, 8, 3), np.uint8))
    Image.new("RGB", (8, 8)).save(folder / "picture.png")
    texts = {"text.txt": "hello", "broken.py": "def (", "raising.py": "1 / 0", "list.json": "[1]"}
    for name, content in {**texts, "deep.json": "[" * 100_000, "empty.npz": "", "empty.safetensors": ""}.items():
        (folder / name).write_text(content)
    (folder / "latin.json").write_bytes(b'"\xff"')
    for name in ("folder", *(f"folder.{end}" for end in ("json", "png", "npz", "gif", "py", "safetensors"))):
        (folder / name).mkdir()
    os.symlink("loop", folder / "loop")
    os.symlink("absent", folder / "dangling")
    parts = ("log.jsonl", "generator.safetensors", "evaluation.json", "evaluations.jsonl", "curves.png")
    for run in ("lists", "folders", "half", "parts of folders", "parts of pictures"):
        (folder / run).mkdir()
    for name in ("run.json", "recipe.json"):
        (folder / "lists" / name).write_text("[]")
        (folder / "folders" / name).mkdir()
        for run in ("half", "parts of folders", "parts of pictures"):
            shutil.copy(digits_run / name, folder / run)
    (folder / "half" / "run.json").write_text('{"format": 1}')
    for name in (*parts, "samples/00000016.png", "checkpoints/00000016.safetensors"):
        (folder / "parts of folders" / name).mkdir(parents=True)
    for name in (*parts, "samples", "checkpoints"):
        shutil.copy(folder / "picture.png", folder / "parts of pictures" / name)
    return folder


@pytest.fixture
def place(zoo: Path, digits_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the zoo, which is the working folder, and in it ``run``, a copy of a good run."""
    shutil.copytree(zoo, tmp_path / "zoo", symlinks=True)
    shutil.copytree(digits_run, tmp_path / "zoo" / "run")
    monkeypatch.chdir(tmp_path / "zoo")
    return tmp_path / "zoo"


def ended(words: list[str]) -> tuple[int, str]:
    """Run a command; return its status and what it wrote to standard error."""
    is_scratch = words[0] == "scratch"
    found = run_command(*words[is_scratch:], program=scratch_cli.main if is_scratch else app.main)
    return found.status, found.complaints


@pytest.mark.parametrize("name", COMMANDS)
def test_a_hostile_argument_costs_one_line(name: str, place: Path) -> None:
    """`ganache resume xxxx…`, `compare --out FOLDER`, `--code picture.png` …: tracebacks in most commands."""
    for argument in HOSTILE:
        if name == "train --out" and argument.startswith("folder."):
            continue  # an empty folder is one to train into, whatever its name
        if argument == "" and "RUN" in COMMANDS[name]:
            continue  # as if it were not given
        words = [word.replace("@", argument).replace("RUN", "run") for word in COMMANDS[name]]
        status, complaint = ended(words)
        if status == 0 and argument in MAY_SUCCEED.get(name, ()):
            continue
        assert status in (1, 2), (argument[:40], complaint)
        assert complaint.startswith("ganache"), (argument[:40], complaint)
        assert complaint.count("\n") == 1, (argument[:40], complaint)
        assert "Traceback" not in complaint
        assert len(complaint) < 1_000


@pytest.mark.parametrize("name", ["resume", "sample", "judge", "evaluate", "compare", "doctor", "plot", "train --out"])
@pytest.mark.parametrize(
    ("argument", "said"),
    [("x" * 5000, "a name of 5,000 characters is too long"), ("text.txt", "text.txt"), ("lists", "lists")],
)
def test_a_mistake_of_the_user_has_status_two(name: str, argument: str, said: str, place: Path) -> None:
    words = [word.replace("@", argument).replace("RUN", "run") for word in COMMANDS[name]]
    if argument == "lists" and name in ("plot", "doctor"):
        return  # curves need no record, and the doctor looks into recipe.json first
    status, complaint = ended(words)
    assert (status, said in complaint) == (2, True), complaint


def test_the_library_refuses_names_that_no_system_takes() -> None:
    """ganache.load("x" * 5000) was an OSError, ganache.train(out="a\\0b") a ValueError of the operating system's."""
    for name in ("x" * 5000, "a\0b"):
        for call in (ganache.load, ganache.resume, ganache.plot, ganache.diagnose, ganache.evaluate):
            with pytest.raises(UserError):
                call(name)
        with pytest.raises(UserError):
            ganache.compare(name, name)
        with pytest.raises(UserError):
            ganache.train(data="digits", out=name)
        with pytest.raises(UserError):
            ganache.train(data=name)


def refused(path: Path | str, *arguments: object, **named: object) -> None:
    raise PermissionError(13, "Permission denied", str(path))


@pytest.mark.parametrize("name", ["resume", "sample", "judge", "evaluate", "compare", "doctor", "plot"])
def test_a_run_of_somebody_else_that_may_not_be_looked_at(
    name: str, digits_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ganache sample /home/other/run` was a PermissionError's traceback: root reads everything, so it is imitated."""
    look = os.stat

    def stat(path: object, *arguments: object, **named: object) -> os.stat_result:
        if str(path).startswith("/somebody/else"):
            refused(str(path))
        return look(path, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", stat)
    words = [word.replace("@", "/somebody/else").replace("RUN", "run") for word in COMMANDS[name]]
    status, complaint = ended(words)
    assert status == 2
    assert "'/somebody/else' cannot be looked at: Permission denied" in complaint


@pytest.mark.skipif(not hasattr(os, "seteuid") or os.name == "nt", reason="permissions of POSIX")
def test_a_run_of_somebody_else_that_can_be_read_but_not_written(digits_run: Path, tmp_path: Path) -> None:
    """`ganache evaluate RUN --json mine.json` lost mine.json where RUN refused its own evaluation.json."""
    run = shutil.copytree(digits_run, tmp_path / "theirs")
    (run / "evaluation.json").unlink(missing_ok=True)
    (run / "evaluation.json").mkdir()  # refuses to be replaced by a file, root or not
    words = ["evaluate", str(run), *FEW, "--json", str(tmp_path / "mine.json")]
    status, complaint = ended(words)
    assert status == 0
    assert complaint.splitlines()[-1].startswith(f"ganache: could not write {run}/evaluation.json: Is a directory; ")
    assert f"is in {tmp_path}/mine.json alone" in complaint
    assert (tmp_path / "mine.json").is_file()
    status, complaint = ended(words[:-2])
    assert (status, complaint.count("\n")) == (1, 1)


def test_an_exception_in_a_users_own_file_is_one_line_with_its_place(tmp_path: Path) -> None:
    """`ganache train mine.py` was a traceback through importlib for a forgotten colon."""
    for content, said in (
        ("\nx = (\n", "SyntaxError: '(' was never closed, in line 2"),
        ("\n\nimport nothing_of_this_name\n", "ModuleNotFoundError: No module named 'nothing_of_this_name', in line 3"),
        ("def recipe():\n    return 1 / 0\n", "ZeroDivisionError: division by zero, in line 2"),
    ):
        (tmp_path / "mine.py").write_text(content)
        status, complaint = ended(["train", str(tmp_path / "mine.py"), "--data", "digits"])
        assert status == 2
        assert complaint == f"ganache: code: '{tmp_path}/mine.py' cannot be run: {said}\n"
