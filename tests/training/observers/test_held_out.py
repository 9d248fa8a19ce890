"""The discriminator's examination after each pass over the data, and the recipe that consists of it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import ganache
from ganache.data import select
from ganache.engine.state import TrainingState
from ganache.runs import sealed
from ganache.runs.folder import Run
from ganache.training.observers.held_out import HeldOut
from tests.data.data_files import write_idx
from tests.tiny import Numbered, NumberedStream, tiny_recipe, tiny_state, two_players
from tests.training.company import measured


class Split(Numbered):
    """Two thousand rows to learn from and ten, of the pixel values 0 … 9, to be examined on."""

    def summary(self) -> dict[str, Any]:
        return {"splits": {"train": [0, 2000], "test": [2000, 2010]}}

    def rows_by_label(self, split: str = "train") -> Any:
        return np.array([{"train": 2000, "test": 10}[split]])

    def stream(self, seed: int, labels: Any = (), split: str = "train") -> NumberedStream:
        stream = super().stream(seed, labels, split)
        stream.count = {"train": 2000, "test": 10}[split]
        return stream


class Brightness(nn.Module):
    """The logit is the first pixel less a bound; in training it is random."""

    def __init__(self, bound: float) -> None:
        super().__init__()
        self.bound = nn.Parameter(torch.tensor(bound))

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        logits = images[:, 0, 0, :1] - self.bound
        return torch.randn_like(logits) if self.training else logits


def judging(bound: float, held_out: int = 1000) -> TrainingState:
    """Return a state whose discriminator calls real what is brighter than a bound, and whose fakes are dark."""
    state = tiny_state(tiny_recipe(held_out=held_out))
    state.cast.networks["discriminator"] = Brightness(bound)
    weight, bias = list(state.average.parameters())[-2:]
    nn.init.zeros_(weight)
    nn.init.constant_(bias, -4.0)  # every fake is darker than any real
    return state


def test_the_marks_are_the_shares_judged_right_in_inference_mode() -> None:
    bound = 6.5 / 127.5 - 1.0  # pixel values 7, 8, 9 are above it
    state, said = judging(bound), list[str]()
    state.counters.images_seen = 4000
    held = HeldOut(select(Split()), state, said.append)
    assert (held.count, held.every) == (10, 2000)
    marks = measured(held, state)
    assert marks["held_out/accuracy_real"] == 0.3
    assert marks["held_out/accuracy_fake"] == 1.0
    assert marks["held_out/logits_real"] == pytest.approx((4.5 - 6.5) / 127.5)
    assert marks["held_out/logits_fake"] == pytest.approx(np.tanh(-4.0) - bound, rel=1e-4)
    assert said == [
        "after pass 2 the discriminator is right about 30.00% of 10 held-out images and 100.00% of as many fakes"
    ]


def test_an_examination_leaves_the_training_alone() -> None:
    state = judging(0.0)
    held = HeldOut(select(Split()), state)
    before = torch.get_rng_state()
    assert measured(held, state) == measured(held, state)
    assert torch.equal(torch.get_rng_state(), before)
    assert state.cast.networks["discriminator"].training


def test_there_is_none_without_a_split_or_when_none_is_wanted() -> None:
    none, some = (HeldOut(select(Split()), judging(0.0, held_out)) for held_out in (0, 4))
    assert (none.count, none.every) == (0, 0)
    assert (some.count, some.every) == (4, 2000)
    assert HeldOut(select(Numbered()), tiny_state(tiny_recipe())).every == 0


def mnist_like(folder: Path) -> Path:
    """Write 96 + 32 images of 6×6 pixels, bright strokes on black, as IDX files."""
    random = np.random.default_rng(0)
    for split, count in (("train", 96), ("t10k", 32)):
        images = np.zeros((count, 6, 6), np.uint8)
        images[:, 1:5, 2:4] = random.integers(200, 256, (count, 4, 2))
        write_idx(folder, split, images, random.integers(0, 10, count).tolist())
    return folder


def train(out: Path, data: Path, images: int) -> Run:
    settings = ["held_out=32", "optimizers.discriminator.learning_rate=0.01"]
    return Run.open(ganache.train("noise-classifier", data=data, out=out, images=images, settings=settings).run)


def test_the_noise_classifier_learns_alone_and_is_examined_after_each_pass(tmp_path: Path) -> None:
    run = train(tmp_path / "run", mnist_like(tmp_path / "data"), 8 * 96)
    marked = [line for line in run.log_lines() if "held_out/accuracy_real" in line]
    assert [line["images_seen"] for line in marked] == [96 * (number + 1) for number in range(8)]
    assert marked[-1]["held_out/accuracy_real"] == 1.0
    assert marked[-1]["held_out/accuracy_fake"] == 1.0
    assert all("loss/generator" not in line for line in run.log_lines())
    paths = sorted(run.checkpoints.iterdir())
    first, last = (sealed.load(path)[0] for path in (paths[0], paths[-1]))
    assert all(torch.equal(last[name], value) for name, value in first.items() if name.startswith("generator/"))
    assert not all(torch.equal(last[name], value) for name, value in first.items() if name.startswith("discriminator/"))


def test_a_resumed_run_has_the_same_marks(tmp_path: Path) -> None:
    data = mnist_like(tmp_path / "data")
    whole, stopped = train(tmp_path / "whole", data, 4 * 96), train(tmp_path / "stopped", data, 128)
    ganache.resume(stopped.path, images=4 * 96)
    marks = [
        {key: value for key, value in line.items() if key.startswith("held_out/")}
        for line in (*whole.log_lines(), *stopped.log_lines())
        if "held_out/accuracy_real" in line and line["images_seen"] == 4 * 96
    ]
    assert marks[0] == marks[1]
    assert len(marks[0]) == 4


def test_the_published_noise_classifier() -> None:
    recipe = two_players("noise-classifier")
    assert recipe.generator.model_dump()["widths"] == (256,)
    assert recipe.generator.latent.size == 1
    discriminator = json.loads(recipe.to_json())["discriminator"]
    assert (discriminator["widths"], discriminator["dropout"], discriminator["slope"]) == ([256], 0.5, 0.0)
    assert (recipe.generator_steps, recipe.joint_batch, recipe.batch_size) == (0, True, 32)
    assert recipe.images == 3 * 60_000
