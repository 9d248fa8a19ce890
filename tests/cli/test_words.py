"""Small words of the command line: home folders, seeds, nouns, names that steer a terminal, and lines without end."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganache
from ganache.data import open_dataset
from ganache.evaluation.cautions import _amount
from ganache.support.errors import UserError
from tests.commands import TINY, run_command
from tests.conftest import SMALL


@pytest.mark.parametrize("seed", [-1, 2**63, -(10**30)])
@pytest.mark.parametrize(
    "words",
    [
        "train --data digits",
        "sample {run} --out x.png",
        "interpolate {run} --out x.gif",
        "evaluate {run} --count 20",
        "judge {run} --data digits --count 20",
    ],
)
def test_a_seed_below_zero_or_too_large_is_refused_everywhere(
    words: str,
    seed: int,
    digits_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`sample --seed -1` drew pictures, `train --seed -1` refused it."""
    monkeypatch.chdir(tmp_path)
    status, _, said = run_command(*words.format(run=digits_run).split(), "--seed", seed)
    assert (status, said) == (2, f"ganache: seed: {seed} is not between 0 and 2^63 - 1\n")
    assert not list(tmp_path.iterdir())


def test_a_seed_is_checked_by_the_library(digits_run: Path) -> None:
    generator = ganache.load(digits_run)
    for draw in (lambda: generator.sample(1, seed=-1), lambda: list(generator.walk(-1, 2))):
        with pytest.raises(UserError, match=r"seed: -1 is not between 0 and 2\^63 - 1"):
            draw()
    assert generator.sample(1, seed=2**63 - 1).shape == (1, 8, 8, 1)


def test_home_is_found_in_every_path(digits_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--out=~/x` made a folder called ~: a shell expands only a word of its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "run").symlink_to(digits_run)
    (tmp_path / "code.py").write_text("")
    for words in (
        ("train", "--data=digits", "--out=~/new", *TINY),
        ("resume", "~/new", "--images=48", "--code=~/code.py"),
        ("sample", "~/run", "--out=~/one.png", "--count=1"),
        ("sample", "~/run", "--out=~/many/", "--count=2"),
        ("interpolate", "~/run", "--out=~/walk.gif", "--frames=2"),
        ("judge", "~/run", "--data=digits", "--count=20", "--json=~/judged.json"),
        ("evaluate", "~/new", "--count=20", "--features=pixels", "--metrics=fd,memorisation", "--json=~/a.json"),
        ("compare", "~/a.json", "~/new", "--json=~/compared.json"),
        ("doctor", "~/new", "--json=~/found.json"),
        ("plot", "~/new"),
        ("data", "pack", "digits", "--out=~/store"),
    ):
        status, _, said = run_command(*words)
        if words[0] == "evaluate" and status == 2:  # without a held-out split nothing is memorised
            status, _, said = run_command(*words[:4], "--metrics=fd", words[-1])
        assert status == 0, (words, said)
    assert not list((tmp_path / "elsewhere").iterdir())
    made = {"new", "one.png", "many", "walk.gif", "judged.json", "a.json", "compared.json", "found.json", "store"}
    assert made <= {path.name for path in tmp_path.iterdir()}
    assert ganache.load("~/new").shape.channels == 1
    assert ganache.train(data="digits", out="~/python", images=16, settings=SMALL).run == tmp_path / "python"


def test_one_is_singular(digits_run: Path, tmp_path: Path) -> None:
    """It was "1 images from seed 0" and "none of the 1 images"."""
    _, text, _ = run_command("sample", digits_run, "--out", tmp_path / "one.png", "--count", 1)
    assert text.startswith("1 image from seed 0: ")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "a.png").touch()
    _, _, said = run_command("data", "info", tmp_path / "empty")
    assert "none of 1 image in" in said
    _, _, said = run_command("judge", digits_run, "--data", "digits", "--count", 1)
    assert "count: 1 sample " in said


def test_names_that_steer_a_terminal_are_printed_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Class and file names with colours, cursor movements and line ends went to the terminal as they were."""
    monkeypatch.chdir(tmp_path)
    for name in ("red\x1b[31m", "two\nlines"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for number in range(10):
            Image.fromarray(np.full((8, 8), number, np.uint8)).save(tmp_path / "set" / name / f"{number}.png")
        (tmp_path / "set" / name / "bad\x07\r.png").touch()
    out = "out\x1b[2J"
    for words in (
        ("data", "info", "set"),
        ("train", "--data", "set", "--out", out, *TINY),
        ("resume", out, "--images", 48),
        ("plot", out),
        ("sample", out, "--out", f"{out}.png", "--count", 1),
        ("evaluate", out, "--count", 20, "--features", "pixels", "--metrics", "fd"),
        ("doctor", out),
        ("resume", out, "--data", "gone\x1b[2J\n"),
    ):
        _, text, said = run_command(*words)
        assert not {mark for mark in text + said if not mark.isprintable()} - {"\n"}, words
        assert r"\x1b[" in text + said, words


def test_a_complaint_is_never_longer_than_a_screen(
    digits_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Data that had changed were described in 1,800 letters, a thousand classes by all of their names."""
    monkeypatch.chdir(tmp_path)
    for number in range(60):
        place = tmp_path / "many" / f"a class with a rather long name, number {number}"
        place.mkdir(parents=True)
        Image.new("L", (8, 8), number).save(place / "0.png")
    for words, end in (
        (("train", "--data", "many", "--label", "b"), "… and 50 more"),
        (("resume", digits_run, "--data", "many"), " more"),
        (("train", "--data", "x" * 5_000), "too long"),
    ):
        status, _, said = run_command(*words)
        assert status == 2
        assert len(said) < 930
        assert end in said


def test_an_unknown_class_is_answered_with_a_few_that_are_known(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"class {number}").mkdir()
        Image.new("L", (8, 8), number).save(tmp_path / f"class {number}" / "0.png")
    with pytest.raises(UserError, match=r"class 9, … and 20 more$"):
        open_dataset(tmp_path).stream(0, ("zebra",))


@pytest.mark.parametrize(
    ("value", "text"), [(5.68e-14, "less than 1e-06"), (-3e-9, "less than 1e-06"), (1.2345, "roughly 1.23")]
)
def test_what_rounding_leaves_is_no_figure(value: float, text: str) -> None:
    """A warning said "too high by roughly 5.68e-14"."""
    assert _amount(value, "roughly ") == text


def test_home_of_nobody_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ganache.support.files import at_home

    monkeypatch.setenv("HOME", str(tmp_path))
    assert at_home("~nobody-of-this-name/x") == Path("~nobody-of-this-name/x")
    assert at_home("~/x") == tmp_path / "x"
    assert at_home(Path("a") / "~") == Path("a") / "~"
    assert os.fspath(at_home("x")) == "x"
