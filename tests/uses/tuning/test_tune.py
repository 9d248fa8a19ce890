"""Studies with real networks, small ones, on the digits: as a user begins, kills, continues and lengthens them."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("optuna", reason="tuning needs the extra `tuning`")
pytest.importorskip("sklearn", reason="the digits come with scikit-learn")

import ganache
from ganache.data import open_dataset
from ganache.networks import MLPGenerator
from ganache.training.plan import Request
from ganache.uses.tuning.definition import read_definition
from ganache.uses.tuning.dials import Values
from ganache.uses.tuning.holding_out import OWN_DATA, can_hold_out
from ganache.uses.tuning.ledger import JOURNAL
from ganache.uses.tuning.study import Tuning, open_study
from ganache.uses.tuning.trainings import Trainings, UnsuitedError
from ganache.uses.tuning.trials import Trial
from tests.commands import Ended, run_command
from tests.uses.tuning.made_up import timeless, trials_in

ROOT = Path(__file__).parents[3]
SMALL = ("vanilla", "--data", "digits", "--images", "400", "--batch", "4", "--features", "pixels", "--count", "200",
         "--precision", "fp32", "--set", "generator.widths=[8]", "--set", "discriminator.widths=[8]")  # fmt: skip
RATES = ("--tune", "optimizers.generator.learning_rate=1e-4:1e-2:log", "--tune", "batch_size=2,4")


def trials_of(folder: Path) -> list[Trial]:
    return trials_in(folder, read_definition(folder))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """A study of two trials that nobody disturbed, and what its command said."""
    folder = tmp_path_factory.mktemp("tuned") / "study"
    return folder, run_command("tune", *SMALL, *RATES, "--trials", 2, "--out", folder)


def test_a_study_says_what_it_will_do_and_what_came_of_it(whole: tuple[Path, Ended]) -> None:
    folder, ended = whole
    assert ended.status == 0, ended.complaints
    for said in (
        "tried          optimizers.generator.learning_rate: 0.0001 to 0.01, by logarithms",
        "judged by      fd/pixels of 200 samples against 359 images of test",
        "held out       a fifth of the images, which no trial is trained on",
        "rungs          133, 400 images",
        "budget         2 trials; a full training takes about",
        "trial 2 (default): ",
        "trial 4 (search): ",
        "default        ",
        "verdict        ",
        f"page           {folder}/study.html",
    ):
        assert said in ended.output
    assert (folder / "best.json").is_file()
    assert f"ganache train {folder}/best.json --data digits" in ended.output


def test_a_table_is_read_as_asked_and_the_best_is_trained_on_it_so(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(200, 2)).round(3)
    table = tmp_path / "rows.csv"
    lines = [f"{a},{b},{'xy'[number % 2]}" for number, (a, b) in enumerate(values)]
    table.write_text("\n".join(["a,b,kind", *lines]), encoding="utf-8")
    reading = ("--label-column", "kind", "--hold-out", 0.5)
    budget = ("--trials", 1, "--images", 512, "--count", 100, *RATES)
    ended = run_command("tune", "mlp-rows", "--data", table, *reading, *budget, "--out", tmp_path / "study")
    assert ended.status == 0, ended.complaints
    assert re.search(r"judged by +fd/values of 100 samples against \d+ images of test", ended.output)
    path = os.path.realpath(table)
    assert f"ganache train {tmp_path}/study/best.json --data {path} --label-column kind --hold-out 0.5" in ended.output


def test_of_a_table_nothing_is_held_out_by_the_study(tmp_path: Path) -> None:
    """Its rows were written as pictures, and judged as such."""
    (tmp_path / "rows.csv").write_text("a,b\n" + "1,2\n3,4\n" * 300)
    np.savez(tmp_path / "pictures.npz", np.zeros((600, 4, 4, 1), np.uint8))
    assert not can_hold_out(open_dataset(tmp_path / "rows.csv"))
    assert can_hold_out(open_dataset(tmp_path / "pictures.npz"))


def test_the_docs_name_options_that_there_are() -> None:
    text = (ROOT / "docs" / "tune.md").read_text(encoding="utf-8")
    known = set(re.findall(r"--[\w-]+", run_command("tune", "--help").output.replace("\n", " ")))
    assert set(re.findall(r"--[a-z][a-z-]+", text)) <= known
    assert "docs/tune.md" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_trials_are_runs_of_which_only_those_that_matter_keep_networks(whole: tuple[Path, Ended]) -> None:
    folder, _ = whole
    trials = trials_of(folder)
    for trial in trials:
        run = folder / "trials" / f"{trial.number:05d}"
        evaluation = json.loads((run / "evaluation.json").read_text())["scores"][0]
        assert evaluation["value"] == trial.scores[-1]
        assert evaluation["protocol"]["reference"]["split"] == "test"
        checkpoints = list((run / "checkpoints").iterdir())
        assert len(checkpoints) in (0, 1)
        assert (run / "generator.safetensors").exists() == bool(checkpoints)
        assert bool(checkpoints) or trial.purpose == "search"
    assert ganache.load(folder / "trials" / "00000").shape.channels == 1


def test_the_best_recipe_can_be_trained(whole: tuple[Path, Ended]) -> None:
    folder, _ = whole
    plan = ganache.plan(Request(data="digits", recipe=str(folder / "best.json")))
    assert (plan.recipe.name, plan.recipe.sampler) == ("vanilla", MLPGenerator(widths=(8,)))


def test_a_fifth_is_held_out_and_nothing_is_lost(whole: tuple[Path, Ended]) -> None:
    from sklearn.datasets import load_digits

    with np.load(whole[0] / OWN_DATA) as held:
        both = np.concatenate([held["train_images"], held["test_images"]]).reshape(-1, 64)
        assert len(held["test_images"]) == 359
        assert held["test_labels"].dtype.kind == "U"
    images = load_digits().images.reshape(-1, 64)
    assert len(both) == len(images)
    for found, known in ((both, images),):
        order = [np.lexsort(pixels.T) for pixels in (found, known)]
        assert np.corrcoef(found[order[0]].ravel(), known[order[1]].ravel())[0, 1] > 0.999


def test_values_that_the_networks_cannot_have_are_no_trials(tmp_path: Path) -> None:
    request = Request(data="digits", recipe="r3gan", images=600, batch=16)
    dials = ("generator.width=8,16", "generator.group_size=7,8")
    study = open_study(Tuning(request=request, out=tmp_path / "study", trials=1, tune=dials, features="pixels"))
    impossible: Values = {"generator.width": "8", "generator.group_size": "7"}
    assert study.fits({**impossible, "generator.group_size": "8"})
    assert not study.fits(impossible)
    trainings = Trainings(study.folder, study.definition)
    with pytest.raises(UnsuitedError, match="group_size: 7 does not divide"):  # had it passed the rehearsal
        trainings.reach(Trial(3, "search", impossible, 3), 0)
    assert not trainings.run(Trial(3, "search", impossible, 3)).exists()


def test_a_killed_study_goes_on_and_ends_as_if_nothing_had_happened(whole: tuple[Path, Ended], tmp_path: Path) -> None:
    folder, out = whole[0], tmp_path / "study"
    words = [*SMALL, *RATES, "--trials", "2", "--out", str(out)]
    with subprocess.Popen(
        [sys.executable, "-m", "ganache", "tune", *words], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        heard = next(line for line in child.stdout if line.startswith("trial 1 (default)"))
        assert "goes on" in heard
        child.send_signal(signal.SIGKILL)  # while it trains towards the second rung, or thereabouts
    again = run_command("tune", "--out", out)
    assert again.status == 0, again.complaints
    assert "was left by its worker: it goes on" in again.output or "trial 2" in again.output
    assert timeless(trials_of(out)) == timeless(trials_of(folder))
    assert (out / "best.json").read_bytes() == (folder / "best.json").read_bytes()
    for trial in trials_of(folder):
        for product in (folder / "trials" / f"{trial.number:05d}").glob("*.safetensors"):
            assert (out / product.relative_to(folder)).read_bytes() == product.read_bytes()


def test_the_same_command_finds_that_nothing_is_left_to_do_and_another_is_refused(whole: tuple[Path, Ended]) -> None:
    folder, _ = whole
    before = (folder / JOURNAL).read_bytes()
    same = run_command("tune", *SMALL, *RATES, "--trials", 2, "--out", folder)
    assert (same.status, same.output.count("trial 2 (default)")) == (0, 0), same.complaints
    assert (folder / JOURNAL).read_bytes() == before
    other = run_command("tune", *SMALL, *RATES, "--trials", 2, "--out", folder, "--seed", 5)
    assert other.status == 2
    assert other.complaints == f"ganache: out: {folder} holds another study: seed: 0 → 5; choose another folder\n"


def test_a_study_that_moved_is_made_longer_in_python(whole: tuple[Path, Ended], tmp_path: Path) -> None:
    moved = shutil.copytree(whole[0], tmp_path / "moved")
    said: list[str] = []
    longer = ganache.tune(ganache.Tuning(out=moved, trials=3), say=said.append)
    assert longer.findings.is_finished
    assert any(line.startswith(f"trial {len(longer.findings.trials) - 1} (") for line in said)
    assert (moved / "study.html").read_text() != (whole[0] / "study.html").read_text()
    searches = [trial for trial in trials_of(moved) if trial.purpose == "search"]
    assert len(searches) == 3
    assert read_definition(moved).allowance.trials == 3


@contextlib.contextmanager
def interrupted_after(line: str) -> Iterator[None]:
    """Send this process SIGINT when a line is printed that begins like this one."""
    before = sys.modules["ganache.cli.tune_command"]._say

    def say(said: str) -> None:
        before(said)
        if said.startswith(line):
            signal.raise_signal(signal.SIGINT)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ganache.cli.tune_command._say", say)
        yield


def test_ctrl_c_stops_with_the_status_of_train_and_says_how_to_go_on(tmp_path: Path) -> None:
    out = tmp_path / "study"
    with interrupted_after("trial 0 (default)"):
        ended = run_command("tune", *SMALL, *RATES, "--trials", 1, "--out", out)
    assert ended.status == 130
    assert ended.output.endswith(f"stopped; everything is saved. Continue with: ganache tune --out {out}\n")
    assert "verdict        not finished: 0 trials so far" in ended.output
    assert [trial.fate for trial in trials_of(out)] == ["running"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "data: which pictures? Name them with --data, or a study that exists with --out"),
        (("vanilla",), "data: which pictures? Name them with --data"),
        (("--out", "absent"), "out: 'absent' holds no study; name data with --data to begin one"),
        (("--data", "digits"), "budget: how long? Give --budget 2h, or --trials 30, or both"),
        (("--data", "digits", "--budget", "soon"), "budget: 'soon' is not a duration such as 90s, 10m, 1.5h or 2d"),
        (("--data", "digits", "--trials", "0"), "trials: '0' is not a positive number"),
        (("vanilla", "--data", "digits", "--budget", "1s"), "budget: at "),
        (("cyclegan", "--data", "digits", "--trials", "1"), "recipe: 'cyclegan' draws no samples"),
        (
            ("vanilla", "--data", "digits", "--trials", "1", "--features", "nothing"),
            "features: 'nothing' is not one of",
        ),
        (("vanilla", "--data", "digits", "--trials", "1", "--tune", "batch=1,2"), "--tune: the recipe has no field"),
        (("vanilla", "--data", "digits", "--trials", "1", "--storage", "nothing://x"), "storage: "),
    ],
)
def test_a_mistake_costs_one_line_and_leaves_nothing(
    words: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = run_command("tune", *words)
    assert (ended.status, ended.complaints.count("\n")) == (2, 1), ended.complaints
    assert ended.complaints.startswith(f"ganache: {said}"), ended.complaints
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "desk.lock"] == []


def test_what_is_no_study_is_refused(tmp_path: Path, digits_run: Path) -> None:
    for content in ("{", "[]", '{"format": 2}', '{"format": 1, "content": "study", "dials": []}'):
        (tmp_path / "study.json").write_text(content)
        ended = run_command("tune", "--out", tmp_path)
        assert (ended.status, ended.complaints.count("\n")) == (2, 1), ended.complaints
    taken = run_command("tune", "vanilla", "--data", "digits", "--trials", 1, "--out", digits_run)
    assert (taken.status, "already holds a run" in taken.complaints) == (2, True)


def test_a_damaged_journal_is_said_in_a_line(whole: tuple[Path, Ended], tmp_path: Path) -> None:
    copy = shutil.copytree(whole[0], tmp_path / "copy")
    for content in (b"nonsense\n" * 3, b'{"op_code": 4}\n' * 3, b"\0" * 64):
        (copy / JOURNAL).write_bytes(content)
        ended = run_command("tune", "--out", copy, "--trials", 1)
        if content.startswith(b"\0"):  # a tail of zeros, as a power cut leaves it, is a line that was never written
            continue
        assert (ended.status, ended.complaints.count("\n")) == (2, 1), ended.complaints
        assert ended.complaints.startswith("ganache: storage: ")
