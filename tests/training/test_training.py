"""Whole runs: what lies in the folder afterwards, and what happens when something goes wrong on the way."""

import errno
import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import ganache
from ganache.engine.random_draws import StateDraws
from ganache.runs import sealed
from ganache.runs.folder import Run
from ganache.training.plan import Request
from tests.conftest import SMALL
from tests.training import company
from tests.training.company import Poison, Stopping, joined_by


def train(out: Path, *settings: str, images: int = 640, **options: Any) -> ganache.Outcome:
    return company.train(out, "dcgan", "digits", images=images, settings=(*SMALL, *settings), **options)


def last_checkpoint(run: Path) -> bytes:
    return sealed.newest(run / "checkpoints")[0].read_bytes()


def test_the_folder_holds_what_the_design_says(digits_run: Path) -> None:
    names = {path.name.split(".out.")[0] for path in digits_run.iterdir()}
    assert names == {
        *("recipe.json", "run.json", "log.jsonl", "samples", "checkpoints", "generator.safetensors"),
        *("curves.png", "progress.webp", "report.html", "events"),
    }
    record = json.loads((digits_run / "run.json").read_text())
    assert record["outcome"] == "finished"
    assert record["images_seen"] == 640
    assert record["data"]["count"] == 1797
    assert record["seed"] == 3
    assert (digits_run / "samples" / "00000640.png").exists()


def test_log_lines_have_what_users_plot_and_nobody_else_writes_one(digits_run: Path) -> None:
    lines = Run.open(digits_run).log_lines()
    every = json.loads((digits_run / "run.json").read_text())["cadence"][0]["tick"]
    assert [line["images_seen"] for line in lines] == list(range(every, 641, every))
    assert all(
        {"training_seconds", "images_per_second", "loss/generator", "loss/discriminator"} <= line.keys()
        for line in lines
    )
    seconds = [line["training_seconds"] for line in lines]
    assert seconds == sorted(seconds)
    assert seconds[-1] == pytest.approx(sum(every / line["images_per_second"] for line in lines), rel=0.05)


def test_tensorboard_shows_the_same_numbers_as_the_log(digits_run: Path) -> None:
    board = EventAccumulator(str(digits_run))
    board.Reload()
    shown = [(event.step, event.value) for event in board.Scalars("loss/generator")]
    logged = [(line["images_seen"], line["loss/generator"]) for line in Run.open(digits_run).log_lines()]
    assert [step for step, _ in shown] == [step for step, _ in logged]
    assert [value for _, value in shown] == pytest.approx([value for _, value in logged], rel=1e-6)


def test_the_animation_has_a_frame_for_each_picture(digits_run: Path) -> None:
    with Image.open(digits_run / "progress.webp") as animation:
        assert animation.n_frames == len(list((digits_run / "samples").glob("*.png")))  # type: ignore[attr-defined]


def test_equal_seeds_give_equal_bits_and_others_do_not(tmp_path: Path) -> None:
    first, second, third = (train(tmp_path / str(i), images=64, seed=seed) for i, seed in enumerate((5, 5, 6)))
    assert last_checkpoint(first.run) == last_checkpoint(second.run)
    assert last_checkpoint(first.run) != last_checkpoint(third.run)


def test_training_leaves_the_callers_random_numbers_alone(tmp_path: Path) -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    train(tmp_path / "run", images=32)
    assert torch.equal(torch.rand(3), expected)


def test_a_time_budget_ends_the_run_and_saves_it(tmp_path: Path) -> None:
    outcome = ganache.train("dcgan", data="digits", out=tmp_path / "run", time="0.2s", settings=SMALL)
    assert outcome.training_seconds >= 0.2
    assert sealed.newest(tmp_path / "run" / "checkpoints")[0].stem == f"{outcome.images_seen:08d}"


# What the adaptive one has heard is between two steps of its chance when the signal comes.
@pytest.mark.parametrize(
    ("number", "precision", "settings"),
    [
        (signal.SIGTERM, "bf16", ["augment=InputNoise"]),
        (signal.SIGINT, "fp32", ["augment=Adaptive", "augment.every=3", "augment.ramp=1000", "augment.target=-0.5"]),
    ],
)
def test_a_signal_saves_and_the_resumed_run_has_the_undisturbed_bits(
    tmp_path: Path, number: signal.Signals, precision: str, settings: list[str]
) -> None:
    undisturbed = train(tmp_path / "a", *settings, precision=precision)
    display = Stopping(after=16 * 16, number=number)
    stopped = train(tmp_path / "b", *settings, precision=precision, display=display)
    assert stopped.signal == number
    assert stopped.images_seen == 16 * 17
    assert json.loads((tmp_path / "b" / "run.json").read_text())["outcome"] == f"interrupted by {number.name}"
    ganache.resume(tmp_path / "b")
    assert last_checkpoint(tmp_path / "b") == last_checkpoint(undisturbed.run)
    shown = [line.get("augment/probability", -1.0) for line in Run.open(tmp_path / "b").log_lines()]
    assert (0.0 < shown[-1] < 0.8) if "augment=Adaptive" in settings else set(shown) == {-1.0}
    assert _without_times(tmp_path / "b") == _without_times(tmp_path / "a")
    assert (tmp_path / "b/samples/00000640.png").read_bytes() == (tmp_path / "a/samples/00000640.png").read_bytes()


def test_more_images_continue_a_finished_run_as_if_it_had_never_ended(tmp_path: Path) -> None:
    whole = train(tmp_path / "a", images=320)
    train(tmp_path / "b", images=160)
    cadence = json.loads((tmp_path / "a/run.json").read_text())["cadence"]
    Run.open(tmp_path / "b").update_record(cadence=cadence)
    outcome = ganache.resume(tmp_path / "b", images=320)
    assert outcome.images_seen == 320
    assert last_checkpoint(tmp_path / "b") == last_checkpoint(whole.run)


def test_a_changed_recipe_is_refused_with_what_changed(tmp_path: Path) -> None:
    train(tmp_path / "run", images=32)
    recipe = json.loads((tmp_path / "run/recipe.json").read_text())
    recipe["optimizers"]["generator"]["learning_rate"] = 0.5
    (tmp_path / "run/recipe.json").write_text(json.dumps(recipe))
    with pytest.raises(ganache.UserError, match=r"optimizers\.generator\.learning_rate: 0\.0002 → 0\.5"):
        ganache.resume(tmp_path / "run", images=64)


def test_a_run_of_an_earlier_version_goes_on_although_recipes_have_gained_a_field(tmp_path: Path) -> None:
    train(tmp_path / "run", images=32)
    path = sealed.newest(tmp_path / "run/checkpoints")[0]
    tensors, description = sealed.load(path)
    del description["recipe"]["label_flips"]
    del description["recipe"]["generator"]["bias"]
    sealed.save(path, tensors, description)
    assert ganache.resume(tmp_path / "run", images=64).images_seen == 64


def test_changed_data_is_refused_with_what_changed(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(20):
        Image.new("L", (8, 8), number).save(folder / f"{number}.png")
    ganache.train("dcgan", data=folder, out=tmp_path / "run", images=32, settings=SMALL)
    (folder / "19.png").unlink()
    with pytest.raises(ganache.UserError, match=r"data changed: .*count: 20 → 19"):
        ganache.resume(tmp_path / "run", images=64)


def test_a_taken_folder_is_refused_and_left_alone(tmp_path: Path, digits_run: Path) -> None:
    before = sorted(path.stat().st_mtime_ns for path in digits_run.rglob("*"))
    with pytest.raises(ganache.UserError, match="ganache resume"):
        train(digits_run)
    assert sorted(path.stat().st_mtime_ns for path in digits_run.rglob("*")) == before
    (tmp_path / "file.txt").write_text("mine")
    with pytest.raises(ganache.UserError, match="not empty"):
        train(tmp_path)


def test_a_nan_rolls_back_and_nothing_non_finite_is_saved(tmp_path: Path) -> None:
    outcome = train(tmp_path / "run", observers=joined_by(Poison(at=320, times=1)))
    assert outcome.images_seen == 640
    for path in sorted((tmp_path / "run/checkpoints").glob("*.safetensors")):
        tensors, description = sealed.load(path)
        assert all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values() if tensor.is_floating_point())
    assert description["counters"]["rollbacks"] == 1
    images = [line["images_seen"] for line in Run.open(tmp_path / "run").log_lines()]
    assert images == sorted(set(images))


def test_a_run_that_diverges_again_and_again_stops_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(ganache.RunError, match="non-finite"):
        train(tmp_path / "run", observers=joined_by(Poison(at=320, times=100)))
    assert "non-finite" in json.loads((tmp_path / "run/run.json").read_text())["outcome"]
    assert ganache.load(tmp_path / "run").sample(1).shape == (1, 8, 8, 1)


def test_a_full_disk_fails_the_run_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename, saves = os.replace, []

    def full(source: Any, target: Any) -> None:
        if Path(target).parent.name == "checkpoints":
            saves.append(target)
            if len(saves) > 2:
                raise OSError(errno.ENOSPC, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ganache.RunError, match="No space left on device"):
        train(tmp_path / "run")
    monkeypatch.undo()
    left = sealed.newest(tmp_path / "run/checkpoints")
    assert len(left) == 2
    assert not list((tmp_path / "run").rglob("*partial*"))
    ganache.resume(tmp_path / "run")
    undisturbed = train(tmp_path / "undisturbed")
    assert last_checkpoint(tmp_path / "run") == last_checkpoint(undisturbed.run)


def test_what_a_killed_process_left_half_written_is_cleared_away(tmp_path: Path) -> None:
    train(tmp_path / "run", images=32)
    left = [tmp_path / "run/checkpoints/.00000048.safetensors.ab12.partial", tmp_path / "run/.x.partial"]
    for path in left:
        path.mkdir()
        (path / ".tmpfT3kM1").write_bytes(b"half")
    left.append(tmp_path / "run/checkpoints/.00000048.safetensors.ab12.partial.safetensors")
    left[-1].write_bytes(b"half")
    ganache.resume(tmp_path / "run", images=64)
    assert not any(path.exists() for path in left)


def test_points_train_with_their_own_default_recipe(tmp_path: Path) -> None:
    settings = ("generator.widths=[8]", "discriminator.widths=[8]", "batch_size=32")
    outcome = ganache.train(data="ring", out=tmp_path / "run", images=64, settings=settings)
    assert json.loads((outcome.run / "recipe.json").read_text())["name"] == "mlp-2d"
    points = ganache.load(outcome.run).sample(100)
    assert points.dtype.name == "float32"
    assert points.shape == (100, 1, 1, 2)


def test_only_the_labels_asked_for_are_trained_on(tmp_path: Path) -> None:
    settings = (*SMALL, "conditional=true")
    plan = ganache.plan(Request(data="digits", recipe="dcgan", labels=("7", "2"), settings=settings))
    reals = StateDraws(plan.data, plan.build())
    classes = torch.cat([reals.batch().conditions for _ in range(4)])
    assert classes.shape[1] == 2
    assert set(classes.argmax(dim=1).tolist()) == {0, 1}
    run = train(tmp_path / "run", "conditional=true", images=64, labels=("7", "2")).run
    assert ganache.load(run).label_names == ("2", "7")


def _without_times(run: Path) -> list[dict[str, Any]]:
    changing = {"training_seconds", "images_per_second", "memory_bytes"}
    return [{k: v for k, v in line.items() if k not in changing} for line in Run.open(run).log_lines()]


def test_a_run_without_its_checkpoints_is_refused_and_keeps_what_it_has(tmp_path: Path) -> None:
    """Before, it began anew without a word, and a fresh generator took the place of the trained one."""
    run = train(tmp_path / "run").run
    shutil.rmtree(run / "checkpoints")
    (run / "checkpoints").mkdir()
    before = {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}
    with pytest.raises(ganache.UserError, match="no checkpoint any more"):
        ganache.resume(run, images=1_280)
    assert {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()} == before


@pytest.mark.parametrize("budget", [{"images": 320}, {"time": "0.001s"}])
def test_a_budget_below_what_was_trained_is_refused_and_the_runs_own_stays(
    budget: dict[str, Any], tmp_path: Path
) -> None:
    """Before, it took the place of the run's own, and the run was finished at once."""
    run = train(tmp_path / "run").run
    with pytest.raises(ganache.UserError, match="is the total"):
        ganache.resume(run, **budget)
    assert Run.open(run).record()["budget"]["images"] == 640
    assert ganache.resume(run, images=640).images_seen == 640
