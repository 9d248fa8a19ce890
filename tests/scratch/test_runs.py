import itertools
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from signal import Signals
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import ganache
from ganache.data import open_dataset
from ganache.data.source import Source
from ganache.drawing import curves
from ganache.games import TwoPlayers
from ganache.networks import MLPDiscriminator, MLPGenerator
from ganache.parts.objectives import NonSaturating
from ganache.runs import sealed
from ganache.runs.folder import Run
from ganache.scratch import sessions
from ganache.scratch.array_module import from_host
from ganache.scratch.examples import images_of, pixels, train_and_test
from ganache.scratch.export import recipe_of, to_arrays
from ganache.scratch.settings import PRESETS, ClassifierSettings, GanSettings
from ganache.scratch.tasks import ClassifierTask, GanTask
from ganache.support.errors import RunError, UserError
from ganache.training import sessions as library
from tests.labelled import labelled, shades

SEVENS = Source("digits", labels=("7",))
TINY = GanSettings(latent=6, width=12, epochs=3, batch=32, dropout=0.3, seed=5)
TINY_DCGAN = GanSettings(network="dcgan", latent=6, width=4, learning_rate=0.02, epochs=2, batch=32, dropout=0.0)
TINY_CLASSIFIER = ClassifierSettings(width=16, epochs=1, batch=64)


def silent(message: str) -> None:
    """Say nothing."""


def trained(out: Path, settings: Any = TINY, source: Source = SEVENS) -> Path:
    assert sessions.begin(settings, source, out, silent) is None
    return out


@pytest.fixture(scope="module")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run; tests must not change it."""
    return trained(tmp_path_factory.mktemp("scratch") / "run")


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out curves and animation, which take longer than these runs."""
    monkeypatch.setattr(library, "plot", lambda path: [])
    monkeypatch.setattr(curves, "draw", lambda lines, out, title: None)
    monkeypatch.setattr("ganache.runs.logbook.importlib.util.find_spec", lambda name: None)


def same_weights(one: Path, other: Path) -> None:
    last = [sorted((path / "checkpoints").glob("*.safetensors"))[-1] for path in (one, other)]
    assert last[0].name == last[1].name
    assert last[0].read_bytes() == last[1].read_bytes()
    if (one / "generator.safetensors").exists():
        assert (one / "generator.safetensors").read_bytes() == (other / "generator.safetensors").read_bytes()


def same_diary(one: Path, other: Path) -> None:
    lines = [[timeless(line) for line in Run(path).log_lines()] for path in (one, other)]
    assert lines[0] == lines[1]
    pictures = [{path.name: path.read_bytes() for path in Run(run).sample_files()} for run in (one, other)]
    assert pictures[0] == pictures[1]


def timeless(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name.startswith(("images_seen", "loss", "accuracy"))}


def test_a_run_has_the_files_and_keys_of_an_ordinary_one(tiny_run: Path) -> None:
    run = Run.open(tiny_run)
    recipe, record = run.recipe(), run.record()
    assert isinstance(recipe, TwoPlayers)
    assert isinstance(recipe.generator, MLPGenerator)
    assert isinstance(recipe.discriminator, MLPDiscriminator)
    assert (recipe.generator.widths, recipe.generator.latent.size, recipe.discriminator.dropout) == ((12, 12), 6, 0.3)
    assert isinstance(recipe.objective, NonSaturating)
    assert recipe.objective.real_target == 0.9
    images = 3 * (179 // 32) * 32
    assert (recipe.batch_size, recipe.images) == (32, images)
    assert (record["outcome"], record["images_seen"], record["seed"]) == ("finished", images, 5)
    assert record["scratch"]["settings"]["real_target"] == 0.9
    lines = run.log_lines()
    assert [line["images_seen"] for line in lines] == list(range(32, images + 1, 32))
    for name in ("training_seconds", "images_per_second", "loss/generator", "loss/discriminator", "memory_bytes"):
        assert all(line[name] > 0 for line in lines), name
    assert run.curves_file.is_file()
    assert [int(path.stem) for path in run.sample_files()][::15] == [0, images]
    with Image.open(next(tiny_run.glob("progress.*"))) as animation:
        assert getattr(animation, "n_frames") == len(run.sample_files())  # noqa: B009, not every image has frames


@pytest.mark.parametrize("settings", [TINY, TINY_DCGAN], ids=["mlp", "dcgan"])
@pytest.mark.usefixtures("undrawn")
def test_the_ordinary_generator_draws_what_the_engine_draws(settings: GanSettings, tmp_path: Path) -> None:
    out = trained(tmp_path / "run", settings)
    loaded = ganache.load(out)
    latents, labels = loaded.inputs(seed=3, group=0)
    ordinary = (loaded.draw(latents, labels).double().numpy() + 1.0) / 2.0
    task = GanTask(settings, SEVENS.open(), SEVENS.labels)
    task.load(*arrays_and_facts(out))
    own = task.gan.draw(from_host(latents.numpy()))
    np.testing.assert_allclose(own.reshape(ordinary.shape), ordinary, rtol=0, atol=1e-6)
    assert np.ptp(own) > 0.1
    sampled, rounded = loaded.sample(64, seed=3).astype(int), images_of(own, loaded.shape).astype(int)
    assert np.abs(sampled - rounded).max() <= 1  # a value beside one half may round either way
    assert (sampled != rounded).mean() < 0.01


def arrays_and_facts(out: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    tensors, description = sealed.load(sorted((out / "checkpoints").glob("*.safetensors"))[-1])
    arrays = to_arrays(tensors)
    return arrays, description["facts"]


def at_step(number: int, act: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have something happen right after a step."""
    steps = itertools.count(1)
    for task in (GanTask, ClassifierTask):

        def learn(self: Any, *span: int, original: Any = task.learn) -> Any:
            measured = original(self, *span)
            if next(steps) == number:
                act()
            return measured

        monkeypatch.setattr(task, "learn", learn)


def crash() -> None:
    raise MemoryError


KINDS = pytest.mark.parametrize(
    ("settings", "source"),
    [(TINY, SEVENS), (TINY_DCGAN, SEVENS), (TINY_CLASSIFIER, Source("digits"))],
    ids=["mlp", "dcgan", "classifier"],
)


@KINDS
@pytest.mark.usefixtures("undrawn")
def test_a_run_that_crashed_ends_with_the_same_bits(
    settings: Any, source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(tmp_path / "whole", settings, source)
    at_step(6, crash, monkeypatch)
    with pytest.raises(RunError, match="the memory does not suffice"):
        trained(tmp_path / "broken", settings, source)
    monkeypatch.undo()
    assert Run(tmp_path / "broken").record()["outcome"].startswith("failed: the memory")
    assert 0 < Run(tmp_path / "broken").record()["images_seen"] < 6 * settings.batch
    future = tmp_path / "broken" / "samples" / "00099999.png"
    future.parent.mkdir(exist_ok=True)  # a classifier has no pictures
    future.touch()
    assert sessions.resume(tmp_path / "broken", say=silent) is None
    same_weights(whole, tmp_path / "broken")
    same_diary(whole, tmp_path / "broken")


@KINDS
@pytest.mark.usefixtures("undrawn")
def test_a_run_that_was_told_to_stop_saves_and_ends_with_the_same_bits(
    settings: Any, source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = trained(tmp_path / "whole", settings, source), tmp_path / "broken"
    at_step(6, lambda: os.kill(os.getpid(), Signals.SIGTERM), monkeypatch)
    assert sessions.begin(settings, source, broken, silent) is Signals.SIGTERM
    monkeypatch.undo()
    assert Run(broken).record()["outcome"] == "interrupted by SIGTERM"
    assert Run(broken).record()["images_seen"] == 6 * settings.batch
    assert sessions.resume(broken, say=silent) is None
    same_weights(whole, broken)


@pytest.mark.usefixtures("undrawn")
def test_a_run_can_be_made_longer_and_is_then_the_long_run(tmp_path: Path) -> None:
    whole, extended = trained(tmp_path / "whole"), trained(tmp_path / "extended", replace(TINY, epochs=1))
    assert sessions.resume(extended, epochs=3, say=silent) is None
    same_weights(whole, extended)
    assert sessions.resume(extended, epochs=2, say=silent) is None  # nothing is left to do, and nothing is undone
    same_weights(whole, extended)


@pytest.mark.usefixtures("undrawn")
def test_equal_seeds_give_equal_runs_and_others_do_not(tiny_run: Path, tmp_path: Path) -> None:
    same_weights(tiny_run, trained(tmp_path / "same"))
    same_diary(tiny_run, tmp_path / "same")
    other = trained(tmp_path / "other", replace(TINY, seed=6))
    assert (other / "generator.safetensors").read_bytes() != (tiny_run / "generator.safetensors").read_bytes()


@pytest.mark.usefixtures("undrawn")
def test_when_all_checkpoints_are_damaged_nothing_else_is_touched(tmp_path: Path) -> None:
    out = trained(tmp_path / "run")
    for path in (out / "checkpoints").glob("*.safetensors"):
        path.write_bytes(b"no checkpoint")
    kept = {path.name for path in (out / "samples").iterdir()}
    with pytest.raises(RunError, match=r"no checkpoint of .* can be read"):
        sessions.resume(out, say=print)
    assert {path.name for path in (out / "samples").iterdir()} == kept


def test_a_damaged_checkpoint_is_set_aside(tmp_path: Path) -> None:
    whole, damaged = trained(tmp_path / "whole"), trained(tmp_path / "damaged")
    newest = sorted((damaged / "checkpoints").glob("*.safetensors"))[-1]
    newest.write_bytes(newest.read_bytes()[:-3] + b"xyz")
    said: list[str] = []
    assert sessions.resume(damaged, say=said.append) is None
    assert "set aside" in said[0]
    same_weights(whole, damaged)
    same_diary(whole, damaged)


@pytest.mark.usefixtures("undrawn")
def test_a_resume_under_changed_settings_is_refused_with_the_change(tmp_path: Path) -> None:
    out = trained(tmp_path / "run")
    record = json.loads((out / "run.json").read_text())
    record["scratch"]["settings"]["learning_rate"] = 0.5
    (out / "run.json").write_text(json.dumps(record))
    with pytest.raises(UserError, match=r"settings\.learning_rate: 0\.001 → 0\.5"):
        sessions.resume(out, epochs=9, say=silent)
    assert json.loads((out / "run.json").read_text()) == record  # a refusal leaves no trace


@pytest.mark.parametrize("where", ["loss", "weight"])
@pytest.mark.usefixtures("undrawn")
def test_nothing_that_is_not_finite_is_saved(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def learn(self: Any, position: int, count: int) -> dict[str, float]:
        if where == "weight" and position > 4 * count:
            self.players["generator"].network.parameters()["0.weight"][0, 0] = np.inf
        return {"loss/generator": np.nan if where == "loss" and position > 4 * count else 1.0}

    monkeypatch.setattr(GanTask, "learn", learn)
    with np.errstate(all="ignore"), pytest.raises(RunError, match="lower --learning-rate"):
        trained(tmp_path / "wild")
    assert Run(tmp_path / "wild").record()["outcome"].startswith("failed: ")
    for path in (tmp_path / "wild" / "checkpoints").glob("*.safetensors"):
        assert all(np.isfinite(array).all() for array in to_arrays(sealed.load(path)[0]).values())


@pytest.mark.usefixtures("undrawn")
def test_a_density_is_learned_and_drawn_as_points(tmp_path: Path) -> None:
    settings = replace(TINY, epochs=1, batch=2_000)
    out = trained(tmp_path / "run", settings, Source("ring"))
    points = ganache.load(out).sample(5)
    assert points.shape == (5, 1, 1, 2)
    assert points.dtype == np.float32
    with Image.open(Run(out).sample_files()[0]) as picture:
        assert picture.mode == "RGB"


def test_the_documents_recipe_is_gradient_descent_on_the_ordinary_engine_too() -> None:
    recipe = recipe_of(PRESETS["document"], images=100)
    weights = [torch.nn.Parameter(torch.zeros(3, dtype=torch.float64))]
    weights[0].grad = torch.tensor([1e-3, -1.0, 20.0], dtype=torch.float64)
    optimizer = recipe.optimizers.generator.build(weights)
    optimizer.step()
    expected = -0.003 * weights[0].grad
    np.testing.assert_allclose(weights[0].detach().numpy(), expected.numpy(), rtol=1e-6)


def test_a_classifier_learns_the_digits(tmp_path: Path) -> None:
    out = trained(tmp_path / "run", replace(TINY_CLASSIFIER, width=64, epochs=10), Source("digits"))
    lines = Run(out).log_lines()
    assert lines[-1]["accuracy/test"] > 0.9  # 0.95 with this seed; chance is 0.1
    assert lines[-1]["loss/train"] < 0.5 * lines[0]["loss/train"]
    assert (out / "curves.png").is_file()


def test_what_a_classifier_is_tested_on_is_never_trained_on() -> None:
    examples, held = train_and_test(open_dataset("digits"), seed=0)
    assert (examples.count, len(held.images)) == (1797 - 179, 179)
    epoch = examples.batch(0, examples.count)
    seen = {image.tobytes() for image in epoch.images}
    assert not seen & {image.tobytes() for image in held.images}
    again = examples.batch(examples.count, examples.count)
    assert sorted(image.tobytes() for image in again.images) == sorted(image.tobytes() for image in epoch.images)
    assert not np.array_equal(again.images, epoch.images)
    parts = np.concatenate([examples.batch(start, 7).images for start in range(0, 28, 7)])
    np.testing.assert_array_equal(parts, epoch.images[:28])


def test_pixels_and_images_are_each_others_inverse() -> None:
    images = np.arange(256, dtype=np.uint8).reshape(4, 1, 8, 8)
    rows = pixels(images)
    assert (rows.min(), rows.max(), rows.shape) == (0.0, 1.0, (4, 64))
    np.testing.assert_array_equal(images_of(rows, ganache.ImageShape(1, 8, 8))[..., 0], images[:, 0])


def test_a_test_split_without_labels_is_no_test() -> None:
    """It was tested on no images at all, and divided by their number."""
    labels = [0, 1] * 10 + [-1, -1, 2, 1]
    names = ("dark", "light", "new")
    examples, held = train_and_test(labelled(shades(labels)[:23], labels[:23], names, train=20, test=3), seed=0)
    assert (examples.count, len(held.images)) == (18, 2)
    examples, held = train_and_test(labelled(shades(labels), labels, names, train=20, test=4), seed=0)
    assert (examples.count, held.labels.tolist()) == (20, [1])
    with pytest.raises(UserError, match="no two classes to tell apart"):
        train_and_test(labelled(shades(labels[20:]), labels[20:], names, train=3, test=1), seed=0)
