"""Studies as a user makes them: of pictures and generators that he has, and of generators that are trained."""

import dataclasses
import json
import os
import re
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganache.data import open_dataset
from ganache.data.store.packed import PackedDataset
from ganache.runs.folder import Run
from ganache.training.plan import Request
from ganache.uses.study.augmentation_study import STUDY, AugmentStudy, augment_study
from ganache.uses.study.subsets import LabelledPictures, pool_of
from ganache.uses.study.summary import PAGE, PLOT, RECORD, write_summary
from ganache.uses.study.synthetics import Cell, given_generator
from tests.commands import Ended, run_command
from tests.uses.study.bars import NAMES, bars, write, write_data

ROOT = Path(__file__).parents[3]
COMMON = ("--per-class", "6", "--seeds", "3", "--steps", "24", "--device", "cpu")
TINY = ("--recipe", "mnist-speedrun", "--images", "96", "--precision", "fp32", "--batch", "16",
        *("--set", "generator.width=4", "--set", "discriminator.width=4"))  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data.npz and pictures for it: honest.npz, cheat.npz, all.npz, noise.npz."""
    folder, random = tmp_path_factory.mktemp("study"), np.random.default_rng(9)
    write_data(folder / "data.npz")
    with np.load(folder / "data.npz") as data:
        tested, kinds = data["test_images"], data["test_labels"]
        every, names = np.concatenate([data["train_images"], tested]), np.concatenate([data["train_labels"], kinds])
    write(folder / "honest.npz", *bars(80, 7))
    shaken = random.integers(-4, 5, every.shape)
    write(folder / "cheat.npz", np.clip(tested + shaken[: len(tested)], 0, 255).astype(np.uint8), kinds)
    write(folder / "all.npz", np.clip(every + shaken, 0, 255).astype(np.uint8), names)
    noise = random.integers(0, 256, (300, 6, 6, 1)).astype(np.uint8)
    write(folder / "noise.npz", noise, NAMES[np.arange(300) % 3])
    return folder


@pytest.fixture(scope="module")
def digits() -> PackedDataset:
    """The digits."""
    found = open_dataset("digits")
    assert isinstance(found, PackedDataset)
    return found


def study(place: Path, name: str, *more: object) -> Ended:
    return run_command(
        "augment-study", "--data", place / "data.npz", *COMMON, "--out", place / f"of-{name}",
        *("--synthetic", place / f"{name}.npz"), *more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def honest(place: Path) -> tuple[Path, Ended]:
    """A study of fresh pictures, and what its command said."""
    return place / "of-honest", study(place, "honest")


def outcome(folder: Path) -> dict[str, object]:
    (found,) = json.loads((folder / RECORD).read_text())["outcomes"]
    assert isinstance(found, dict)
    return found


def test_fresh_pictures_help_and_all_of_it_is_told(honest: tuple[Path, Ended]) -> None:
    folder, ended = honest
    assert ended.status == 0, ended.complaints
    found = outcome(folder)
    assert (found["verdict"], found["knows_judges"], found["is_useless"]) == ("helps", False, False)
    for line in (
        "judged on      90 pictures, of test; no training sees them",
        "learnt from    6 of each class, 3 seeds",
        "to do          12 classifiers of 24 steps\n",
        "6 per class, seed 0: plain ",
        "verdict        6 per class: helps: synthetic pictures make +",
    ):
        assert line in ended.output
    assert "nobody here knows how" in ended.complaints
    page = (folder / PAGE).read_text(encoding="utf-8")
    assert "**Warning: nobody here knows how" in page
    assert "paired t intervals of 95% over seeds" in page
    with Image.open(folder / PLOT) as plot:
        assert plot.size == (1320, 572)


def test_pictures_that_know_those_that_judge_are_called_out(place: Path, honest: tuple[Path, Ended]) -> None:
    for name in ("cheat", "all"):
        ended = study(place, name, "--steps", "2")
        assert ended.status == 0, ended.complaints
        found = outcome(place / f"of-{name}")
        assert (found["verdict"], found["is_useless"]) == ("void", False)
        assert "6 per class: void: the synthetic pictures know those that judge" in ended.output
        assert "6 per class: void" in (place / f"of-{name}" / PAGE).read_text(encoding="utf-8")


def test_noise_is_called_useless(place: Path, honest: tuple[Path, Ended]) -> None:
    ended = study(place, "noise")
    assert ended.status == 0, ended.complaints
    found = outcome(place / "of-noise")
    assert (found["verdict"], found["is_useless"], found["knows_judges"]) == ("useless", True, False)
    assert "6 per class: useless: the synthetic pictures show nothing of their classes" in ended.output


def test_filters_leave_out_what_is_unsure_and_what_is_copied(place: Path) -> None:
    request = Request(data=str(place / "data.npz"), device="cpu")
    wanted = AugmentStudy(
        request=request, out=place / "filtered", per_class="6", seeds=3, steps=2, synthetic=str(place / "honest.npz")
    )
    asked = (("confident", {"confident": 1.0}), ("copies", {"not_copies": True}))
    for name, filters in asked:
        found = augment_study(AugmentStudy(**{**vars(wanted), **filters, "out": place / name}))
        (one,) = found.outcomes
        kept = [cell.kept for cell in one.cells]
        if name == "confident":  # which nobody is: the arms with and without are then the same
            assert kept == [0, 0, 0]
            assert one.difference("alone") == (0.0, 0.0, 0.0)
            assert "no synthetic picture passed the filters" in one.sentence()
            continue
        near = [cell.nearness for cell in one.cells]
        assert kept == [240 - round(240 * known.few_copied) for known in near if known is not None]
        assert 0 < 240 - kept[0] < 60


def test_generators_are_trained_on_the_few_alone_and_a_stopped_study_goes_on(place: Path, tmp_path: Path) -> None:
    words = ("augment-study", "--data", place / "data.npz", *COMMON, *TINY, "--steps", "2", "--out")
    ended = run_command(*words, tmp_path / "whole")
    assert ended.status == 0, ended.complaints
    assert "synthetic      mnist-speedrun, trained on the few alone for 96 images" in ended.output
    run = Run.open(tmp_path / "whole" / "cells" / "00006-1" / "generator")
    assert run.record()["selection"]["by_class"] == {"left": 6, "middle": 6, "right": 6}
    assert not list(run.checkpoints.iterdir())
    # As it was when the second seed was killed in its training, and in words that a user may say again.
    shutil.copytree(tmp_path / "whole", tmp_path / "killed")
    for seed in (1, 2):
        shutil.rmtree(tmp_path / "killed" / "cells" / f"00006-{seed}")
    (tmp_path / "killed" / "cells" / "00006-1").mkdir()
    (tmp_path / "killed" / "cells" / "00006-1" / ".generator.half").mkdir()
    again = run_command(*words, tmp_path / "killed")
    assert again.status == 0, again.complaints
    assert "seed 0:" not in again.output
    assert not list((tmp_path / "killed" / "cells" / "00006-1").glob(".generator*"))
    for name in (RECORD, *(f"cells/00006-{seed}/cell.json" for seed in range(3))):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    other = run_command(*words, tmp_path / "killed", "--steps", "3")
    assert (other.status, "holds another study: steps: 2 → 3; choose" in other.complaints) == (2, True)


def test_a_signal_ends_a_study_after_what_is_under_way_and_more_seeds_go_on(
    place: Path, honest: tuple[Path, Ended], tmp_path: Path
) -> None:
    wanted = AugmentStudy(
        request=Request(data=str(place / "data.npz"), device="cpu"),
        out=tmp_path / "study",
        per_class=(6,),
        seeds=3,
        steps=24,
        synthetic=str(place / "honest.npz"),
    )
    found = augment_study(wanted, say=lambda line: os.kill(os.getpid(), signal.SIGINT))
    assert (found.signal, found.outcomes, write_summary(found)) == (signal.SIGINT, (), [])
    assert [path.name for path in sorted((tmp_path / "study" / "cells").iterdir())] == ["00006-0"]
    said: list[str] = []
    done = augment_study(wanted, say=said.append)
    assert (len(said), done.signal) == (2, None)
    record = json.loads((honest[0] / RECORD).read_text())
    assert [one.to_json() for one in done.outcomes] == record["outcomes"]


def test_a_generator_of_more_than_the_few_is_warned_of(digits_run: Path, digits: PackedDataset, tmp_path: Path) -> None:
    pool = pool_of(digits)
    given = given_generator(digits_run, pool, 6, "cpu")
    more, judged = given.cautions
    assert "learnt from 1797 pictures, the classifier from at most 60: it is no fair comparison" in more
    assert "THE PICTURES THAT JUDGE AMONG THEM" in judged
    made = given.pictures(Cell(6, 0, pool.few(6, 0), tmp_path))
    assert isinstance(made, LabelledPictures)
    assert made.images.shape == (2_000, 1, 8, 8)
    assert np.bincount(made.labels).tolist() == [200] * 10


def test_a_generator_of_other_data_is_warned_of(digits_run: Path, digits: PackedDataset, tmp_path: Path) -> None:
    copy, pool = shutil.copytree(digits_run, tmp_path / "run"), pool_of(digits)
    record = json.loads((copy / "run.json").read_text())
    record["data"]["fingerprint"] = "0" * 64
    (copy / "run.json").write_text(json.dumps(record))
    (told,) = given_generator(copy, pool, 5, "cpu").cautions
    assert "learnt from other data (digits): whether the pictures that judge were among them" in told
    (told,) = given_generator(copy / "generator.safetensors", pool, 5, "cpu").cautions
    assert "does not say what it learnt from" in told
    # Of all the data, but no more than the few, and others judge: nothing is amiss.
    few = dataclasses.replace(pool, is_cut=False)
    assert given_generator(digits_run, few, 180, "cpu").cautions == ()


def test_what_cannot_be_is_one_line(place: Path, digits_run: Path, tmp_path: Path) -> None:
    data, taken = ("--data", place / "data.npz"), place / "of-noise"
    write(tmp_path / "lacking.npz", *(part[np.arange(90) % 3 != 1] for part in bars(30, 3)))
    write(tmp_path / "alone.npz", bars(10, 3)[0], np.repeat("one", 30))
    cases = [
        ((*data, "--seeds", "2"), "seeds: 2 is not from 3"),
        ((*data, "--per-class", "5,x"), "per_class: 'x' is not a positive number"),
        ((*data, "--per-class", "3,61"), "per_class: the class 'left' has 60 pictures to learn from, not 61"),
        ((*data, "--confident", "1.5"), "confident: 1.5 is not a share"),
        ((*data, "--steps", "0"), "steps: 0 is not a positive number"),
        ((*data, "--recipe", "dcgan"), "recipe: 'dcgan' is told no classes; --set conditional=true"),
        ((*data, "--recipe", "noise-classifier"), "recipe: 'noise-classifier' is told no classes"),
        ((*data, "--recipe", "mnist-speedran"), "mnist-speedrun"),
        ((*data, "--images", "9k", "--budget", "1h"), "budget, images: one or the other"),
        ((*data, "--budget", "1s"), "budget: 1s leaves"),
        ((*data, "--synthetic", "digits"), "synthetic: 'digits' has no pictures of the classes left, middle, right"),
        ((*data, "--synthetic", tmp_path / "lacking.npz"), "has no pictures of the classes middle"),
        ((*data, "--synthetic", "ring"), "ring"),
        ((*data, "--synthetic", "digits", "--images", "9k"), "images: no generator is trained where"),
        ((*data, "--synthetic", "digits", "--generator", digits_run), "generator, synthetic: one or the other"),
        ((*data, "--generator", digits_run), "cannot be asked for the classes left, middle, right"),
        ((*data, "--generator", tmp_path), "is not a run"),
        (("--data", "ring"), "data: 'ring' has no end"),
        (("--data", tmp_path / "alone.npz"), "has no pictures of two classes"),
        (("--data", "absent"), "absent"),
        ((*data, "--out", digits_run), "already holds a run"),
    ]
    for words, complaint in cases:
        ended = run_command("augment-study", *COMMON, "--out", tmp_path / "x", *words)
        assert (ended.status, ended.complaints.count("\n")) == (2, 1), (words, ended)
        assert complaint in ended.complaints, (words, ended.complaints)
    assert not (tmp_path / "x").exists()
    assert not taken.exists() or (taken / STUDY).exists()


def test_the_page_names_options_that_there_are() -> None:
    page = (ROOT / "docs" / "augment-study.md").read_text(encoding="utf-8")
    known = {
        word
        for command in ("augment-study", "sample")
        for word in re.findall(r"--[\w-]+", run_command(command, "--help").output)
    }
    assert set(re.findall(r"(?<=`)--[a-z-]+|(?<= )--[a-z-]+", page)) <= known
    assert "docs/augment-study.md" in (ROOT / "README.md").read_text(encoding="utf-8")
