"""What a training opens, the plan has checked: nothing is written of a run that cannot be trained."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganache
from ganache.data.shape import ImageShape
from ganache.drawing import grids
from ganache.drawing.animations import frame_of
from ganache.evaluation.doctor.prescription import command
from ganache.games import Game, TwoPlayers
from ganache.parts.optimizers import Adam
from ganache.parts.schedules import Linear, Schedule
from ganache.runs.folder import Run
from ganache.support.errors import RunError, UserError
from ganache.training.observers.observer import Observer
from ganache.training.observers.sample_sheet import Cells, cells_of_sheet
from ganache.training.plan import Plan, Request
from tests.conftest import SMALL
from tests.data.data_files import pixels, save
from tests.training import company


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "run"


def labelled_pictures(folder: Path, **splits: str) -> Path:
    """Write four pictures for each letter of a split: train="ab" makes train/a and train/b."""
    for split, labels in splits.items():
        for label in labels:
            for number in range(4):
                save(folder / split / label / f"{number}.png", pixels(8, 8, 1, number))
    return folder


def test_a_label_that_the_held_out_split_lacks_costs_the_examination_alone(tmp_path: Path, out: Path) -> None:
    """`--label b` where `test/` has no b: the dry run passed, the folder was made, training and resume died."""
    data = labelled_pictures(tmp_path / "data", train="ab", test="a")
    ganache.plan(Request(data=str(data), recipe="dcgan", labels=("b",), settings=SMALL))
    ganache.train("dcgan", data=data, out=out, images=32, labels=["b"], settings=SMALL)
    assert ganache.resume(out, images=64).images_seen == 64
    assert not any(key.startswith("held_out/") for line in Run.open(out).log_lines() for key in line)


@pytest.mark.parametrize("labels", [(), ("b",)])
def test_evaluation_against_one_picture_is_refused_by_the_plan(
    labels: tuple[str, ...], tmp_path: Path, out: Path
) -> None:
    """`--evaluate-every` with one picture: the dry run passed, and the folder could be neither resumed nor reused."""
    data = tmp_path / "data"
    save(data / "b" / "0.png", pixels(8, 8, 1, 0))
    if labels:
        save(data / "a" / "0.png", pixels(8, 8, 1, 1))
    refusal = r"data: scores need 2 images or more of what was asked; in train of .* there is 1"
    with pytest.raises(UserError, match=refusal):
        ganache.plan(Request(data=str(data), recipe="dcgan", labels=labels, settings=SMALL, evaluate_every=16))
    with pytest.raises(UserError, match=refusal):
        ganache.train("dcgan", data=data, out=out, images=32, labels=labels, settings=SMALL, evaluate_every=16)
    assert not out.exists()
    ganache.train("dcgan", data=data, out=out, images=32, labels=labels, settings=SMALL)


def test_evaluation_against_two_pictures_is_possible(tmp_path: Path, out: Path) -> None:
    data = save(save(tmp_path / "data" / "0.png", pixels(8, 8, 1, 0)).with_name("1.png"), pixels(8, 8, 1, 1)).parent
    ganache.train("dcgan", data=data, out=out, images=32, settings=SMALL, evaluate_every=16)
    assert len(Run.open(out).evaluation_lines()) == 2


@pytest.mark.parametrize(
    ("shape", "classes", "cells"),
    [
        (ImageShape(1, 28, 28), 0, Cells(64, None)),
        (ImageShape(1, 28, 28), 1, Cells(64, None)),
        (ImageShape(1, 28, 28), 10, Cells(80, 10)),
        (ImageShape(1, 28, 28), 17, Cells(64, None)),
        (ImageShape(2, 1, 1), 8, Cells(2_500, None)),
        # 8 × 1,024 + 7 × 2 = 8,206 pixels a side are 67.3 megapixels, 7 × 1,024 + 6 × 2 = 7,180 are 51.6.
        (ImageShape(3, 1024, 1024), 0, Cells(49, None)),
        # 16 × 1,024 + 15 × 2 = 16,414 pixels across, and 4 rows of 4,102 would be 67.3 megapixels, 3 of 3,076 are 50.5.
        (ImageShape(3, 1024, 1024), 16, Cells(48, 16)),
        (ImageShape(3, 6000, 6000), 16, Cells(1, None)),
    ],
)
def test_a_sheet_has_as_many_pictures_as_fit(shape: ImageShape, classes: int, cells: Cells) -> None:
    """`--size 1024x1024` was refused with advice about `--count` after its folder had been made."""
    assert cells_of_sheet(shape, classes) == cells


def test_pictures_too_large_for_a_sheet_are_refused_by_the_plan(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="size: pictures of 8192x8192 are above 64 megapixels"):
        cells_of_sheet(ImageShape(1, 8192, 8192), 0)
    monkeypatch.setattr(grids, "MOST_PIXELS", 200_000)  # less than one cell of 512 pixels a side
    with pytest.raises(UserError, match="size: pictures of 8x8"):
        ganache.plan(Request(data="digits", recipe="dcgan", settings=SMALL))
    with pytest.raises(UserError, match="size: pictures of 8x8"):
        ganache.train("dcgan", data="digits", out=out, images=16, settings=SMALL)
    assert not out.exists()


def test_a_conditional_density_has_sheets_of_points(out: Path) -> None:
    """`train mlp-2d --data ring --set conditional=true` was an assertion at its first sheet, after the folder."""
    settings = ["conditional=true", "generator.widths=[4]", "discriminator.widths=[4]", "batch_size=16"]
    ganache.train("mlp-2d", data="ring", out=out, images=16, settings=settings)
    with Image.open(Run.open(out).sample_files()[0]) as sheet:
        assert sheet.size == (512, 512)


def test_a_run_that_is_refused_after_all_leaves_no_folder(out: Path) -> None:
    def refuse(*_: object) -> tuple[Observer, ...]:
        raise UserError("data: overlooked")

    with pytest.raises(UserError, match="overlooked"):
        company.train(out, "dcgan", "digits", images=16, settings=SMALL, observers=refuse)
    assert not out.exists()


def test_a_run_that_the_machine_fails_stays_and_can_be_resumed(out: Path) -> None:
    def fail(*_: object) -> tuple[Observer, ...]:
        raise RunError("the disk is full")

    with pytest.raises(RunError, match="the disk is full"):
        company.train(out, "dcgan", "digits", images=16, settings=SMALL, observers=fail)
    assert ganache.resume(out).images_seen == 16


def test_a_conditional_run_of_all_classes_resumes_where_its_record_knows_no_selection(out: Path) -> None:
    settings = (*SMALL, "conditional=true")
    ganache.train("dcgan", data="digits", out=out, images=16, settings=settings)
    forget_selection(Run.open(out))
    assert ganache.resume(out, images=32).images_seen == 32


def test_a_conditional_run_with_classes_that_were_never_trained_is_refused(out: Path) -> None:
    ganache.train("dcgan", data="digits", out=out, images=16, labels=["3", "7"], settings=(*SMALL, "conditional=true"))
    forget_selection(Run.open(out))
    with pytest.raises(UserError, match="have all 10 classes of the data instead of the 2 that are trained"):
        ganache.resume(out, images=32)


def forget_selection(run: Run) -> None:
    """Make a run's record one of a version that took all classes of the data for the run's."""
    record = run.record()
    del record["selection"]
    run.record_file.write_text(json.dumps(record), encoding="utf-8")


def test_frames_of_an_animation_are_bounded(tmp_path: Path) -> None:
    """Sheets of 1,024 × 1,024 pictures made frames of 200 MB, up to 120 of which are in memory at once."""
    small, large = tmp_path / "small.png", tmp_path / "large.png"
    Image.fromarray(np.zeros((20, 1100), np.uint8)).save(small)
    Image.fromarray(np.zeros((2200, 1100, 3), np.uint8)).save(large)
    assert frame_of(small).size == (1100, 20)
    assert frame_of(large).size == (550, 1100)


FALLING = (
    'optimizers.generator.learning_rate={"kind":"Linear","start":1e-3,"end":0,"since":0.5,"until":1,"of":"budget"}'
)


def rate_of(recipe: Game) -> Schedule:
    assert isinstance(recipe, TwoPlayers)
    adam = recipe.optimizers.generator
    assert isinstance(adam, Adam)
    return adam.learning_rate


def test_what_ends_with_the_budget_has_its_images_in_the_run_and_keeps_them_where_it_goes_on_for_longer(
    out: Path,
) -> None:
    ganache.train("dcgan", data="digits", out=out, images=64, batch=16, settings=(*SMALL, FALLING))
    falling = Linear(start=1e-3, end=0.0, since=32, until=64)
    assert rate_of(Run.open(out).recipe()) == falling
    assert Run.open(out).record("expected_images")["expected_images"] == 64
    ganache.resume(out, images=128)
    assert rate_of(Run.open(out).recipe()) == falling


def test_without_a_budget_it_ends_with_the_recipes_own_and_of_a_time_with_what_the_time_makes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = Request(data="digits", recipe="dcgan", settings=(*SMALL, FALLING))
    plan = ganache.plan(asked)
    assert rate_of(plan.recipe) == Linear(start=1e-3, end=0.0, since=500_000, until=1_000_000)
    assert plan.settled == ("what changes until the budget ends does so over 1,000,000 images",)
    monkeypatch.setattr(Plan, "measure", lambda plan: 25.0)
    plan = ganache.plan(replace(asked, time="8s"))
    assert (rate_of(plan.recipe), plan.expected) == (Linear(start=1e-3, end=0.0, since=100, until=200), 200)


def test_the_command_that_trains_a_run_again_leaves_its_budget_to_the_plan(tmp_path: Path, out: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("a,b\n" + "".join(f"{number},{number % 7}\n" for number in range(40)))
    ganache.train("mlp-rows", data=table, out=out, images=512)
    recipe, record = Run.open(out).recipe(), Run.open(out).record("source")
    assert "until" in json.dumps(recipe.model_dump(mode="json"))
    assert "--set" not in command(recipe, record, ())
