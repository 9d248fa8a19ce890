"""What is measured of a run's health, against numbers worked out by hand, and that measuring changes nothing."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganache.data import select
from ganache.data.shape import ImageShape
from ganache.data.sources.densities import ring
from ganache.engine.state import TrainingState
from ganache.networks import DCGANGenerator
from ganache.parts.latents import Normal
from ganache.runs import sealed
from ganache.runs.folder import Run
from ganache.training.composition import Compose
from ganache.training.observers.observer import Observer, Say
from ganache.training.observers.vitals import (
    Vitals,
    Yardstick,
    checkerboard,
    gradient_norm,
    movement,
    nearest,
    reached,
    saturated,
)
from ganache.training.plan import Plan
from tests.conftest import SMALL
from tests.tiny import Numbered, tiny_recipe, tiny_state
from tests.training import company
from tests.training.company import measured


def waves(short: float, long: float, side: int = 8) -> Tensor:
    """Return an image of waves across of two and of four pixels with these amplitudes, and a mean of 5."""
    across = torch.arange(side)
    row = 5.0 + short * (-1.0) ** across + long * torch.cos(math.pi / 2 * across)
    return row.expand(1, 1, side, side)


def test_the_share_of_energy_in_waves_of_two_pixels() -> None:
    # A cosine has half its squared amplitude as its energy, except the alternating one, which has the whole.
    assert checkerboard(waves(1.0, 0.0)) == pytest.approx(1.0)
    assert checkerboard(waves(0.0, 1.0)) == pytest.approx(0.0, abs=1e-6)
    assert checkerboard(waves(1.0, 2.0)) == pytest.approx(1.0 / (1.0 + 2.0), rel=1e-5)
    assert checkerboard(waves(1.0, 2.0).transpose(2, 3)) == pytest.approx(1.0 / 3.0, rel=1e-5)
    both = (-1.0) ** (torch.arange(6)[:, None] + torch.arange(6))
    assert checkerboard(both.expand(3, 2, 6, 6)) == pytest.approx(1.0)


def test_the_last_pixel_of_an_odd_side_does_not_count() -> None:
    odd = nn.functional.pad(waves(0.0, 1.0), (0, 1, 0, 1), value=100.0)
    assert checkerboard(odd) == pytest.approx(0.0, abs=1e-6)


def test_white_noise_alternates_by_chance() -> None:
    noise = torch.randn(2000, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    assert checkerboard(noise) == pytest.approx((8 + 8 - 1) / 63, rel=0.02)


def test_saturated_pixels_are_those_near_either_end() -> None:
    assert saturated(torch.tensor([-1.0, -0.995, 0.985, 0.0, 0.995]).reshape(1, 1, 1, 5)) == pytest.approx(3 / 5)


def test_the_distance_to_the_nearest_other() -> None:
    assert nearest(torch.tensor([[0.0], [1.0], [3.0], [7.0]])).tolist() == [1.0, 1.0, 2.0, 4.0]


def test_diversity_is_relative_to_the_reals() -> None:
    reals = Yardstick(torch.tensor([-0.8, 0.8, -0.8, 0.8]).reshape(4, 1, 1, 1).expand(4, 1, 4, 4))
    assert reals.compare(reals_like(0.5))["diversity"] == pytest.approx(0.5 / 0.8)
    assert reals.compare(reals_like(0.0))["diversity"] == 0.0


def reals_like(size: float) -> Tensor:
    return torch.tensor([size, -size, size, -size]).reshape(4, 1, 1, 1).expand(4, 1, 4, 4)


def test_pixels_are_dead_where_only_the_reals_vary() -> None:
    images = torch.zeros(4, 1, 4, 4)
    images[:, 0, 0] = torch.tensor([-1.0, 1.0, -1.0, 1.0])[:, None]  # the first of four rows varies
    fakes = torch.zeros(4, 1, 4, 4)
    fakes[:, 0, 0, 0] = torch.tensor([-0.1, 0.1, -0.1, 0.1])  # a tenth is alive
    fakes[:, 0, 0, 1] = torch.tensor([-0.01, 0.01, -0.01, 0.01])  # a hundredth is not
    assert Yardstick(images).compare(fakes)["dead"] == 3 / 4


def test_duplicates_are_nearer_than_a_quarter_of_what_reals_are() -> None:
    reals = Yardstick(torch.tensor([0.0, 4.0, 8.0, 12.0]).reshape(4, 1, 1, 1))
    found = reals.compare(torch.tensor([0.0, 0.5, 2.0, 7.0]).reshape(4, 1, 1, 1))
    # The distances to the nearest are 0.5, 0.5, 1.5, 5; of an even number torch takes the lower median. Reals have 4.
    assert found["duplicates"] == 0.5
    assert found["nearest"] == 0.5 / 4.0
    assert "saturated" not in found
    assert "dead" not in found


def test_the_centre_is_told_along_the_reals_principal_components() -> None:
    # Deviations along the axes: √(2 · 3² / 4) and √(2 · 1² / 4).
    reals = torch.tensor([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]]) + torch.tensor([5.0, 7.0])
    fakes = torch.tensor([[5.0 + 1.5, 7.0 - 2.0]]).expand(4, 2)
    first, second = Yardstick(reals.reshape(4, 2, 1, 1)).places(fakes.reshape(4, 2, 1, 1))
    assert abs(first) == pytest.approx(1.5 / math.sqrt(4.5), rel=1e-5)
    assert abs(second) == pytest.approx(2.0 / math.sqrt(0.5), rel=1e-5)
    alike = Yardstick(torch.ones(4, 2, 1, 1))
    assert alike.places(fakes.reshape(4, 2, 1, 1)) == []


def test_a_mode_is_reached_by_a_quarter_of_its_due() -> None:
    centres = torch.tensor([[0.0, 0.0], [10.0, 0.0]], dtype=torch.float64)
    # Of sixteen points each of two modes is due eight, so two suffice, and one does not; however far off they are.
    for far, expected in ((1, 0.5), (2, 1.0)):
        points = torch.cat([torch.zeros(16 - far, 2), torch.full((far, 2), 6.0)])
        assert reached(points, centres) == expected


def test_what_the_discriminator_says_of_the_reals_that_it_knows() -> None:
    state = tiny_state(tiny_recipe(), ImageShape(1, 8, 8))
    for weight in state.cast.networks["discriminator"].parameters():
        nn.init.constant_(weight, 0.0)
    next(reversed(list(state.cast.networks["discriminator"].parameters()))).data.fill_(0.75)
    assert measured(Vitals(select(Spotted(ImageShape(1, 8, 8))), state), state)["logits/trained"] == 0.75
    assert state.cast.networks["discriminator"].training


def test_gradients_and_movements() -> None:
    network = nn.Linear(2, 2)
    assert math.isnan(gradient_norm(list(network.parameters())))
    network.weight.grad, network.bias.grad = torch.tensor([[3.0, 0.0], [0.0, 0.0]]), torch.tensor([0.0, 4.0])
    assert gradient_norm(list(network.parameters())) == 5.0
    nn.init.constant_(network.weight, 0.5)
    nn.init.zeros_(network.bias)
    # √P = √6 for six weights, whose norm is √(4 · ¼) = 1.
    assert movement(list(network.parameters()), 0.1) == pytest.approx(0.1 * math.sqrt(6))


class Spotted(Numbered):
    """Pixels differ from row to row in the data and between it and what any network draws."""

    def __init__(self, shape: ImageShape, count: int | None = None) -> None:
        super().__init__(shape)
        self.rows = count

    def stream(self, seed: int, labels: Any = (), split: str = "train") -> Any:
        stream = super().stream(seed, labels, split)
        stream.count = self.rows
        return stream


def test_what_is_measured_of_pictures_is_the_same_whenever_it_is_asked() -> None:
    recipe = tiny_recipe(generator=DCGANGenerator(latent=Normal(size=3), width=4))
    state = tiny_state(recipe, ImageShape(1, 8, 8))
    vitals = Vitals(select(Spotted(ImageShape(1, 8, 8))), state)
    before = {name: tensor.clone() for name, tensor in state.tensors().items()}
    first = measured(vitals, state)
    assert first == measured(vitals, state)
    # A dead batch norm statistic, or a stream that moved on, would be seen here.
    assert all(torch.equal(tensor, before[name]) for name, tensor in state.tensors().items())
    assert state.cast.networks["generator"].training
    assert not state.average.training
    groups = {name.partition("/")[0] for name in first}
    assert groups >= {"movement", "diversity", "nearest", "duplicates", "dead", "saturated", "checkerboard", "centre"}
    assert "gradient/generator" not in first  # it never moved
    assert "modes/raw" not in first


def test_the_average_and_the_raw_generator_are_told_apart() -> None:
    state = tiny_state(tiny_recipe(), ImageShape(1, 8, 8))
    for weight in state.cast.networks["generator"].parameters():
        nn.init.zeros_(weight)
    found = measured(Vitals(select(Spotted(ImageShape(1, 8, 8))), state), state)
    assert found["diversity/raw"] == 0.0
    assert found["duplicates/raw"] == 1.0
    assert found["dead/raw"] == 1.0
    assert found["diversity/average"] > 0.0


def test_modes_are_counted_on_densities() -> None:
    density = ring()
    state = tiny_state(tiny_recipe(), ImageShape(2, 1, 1))
    weight, bias = list(state.average.parameters())[-2:]
    nn.init.zeros_(weight)
    bias.data.copy_(torch.atanh(torch.tensor(density.modes[1], dtype=torch.float32)))
    found = measured(Vitals(select(density), state), state)
    assert (found["modes/average"], found["high_quality/average"]) == (1.0, 1.0)
    assert found["diversity/average"] == pytest.approx(0.0, abs=1e-5)
    other = measured(Vitals(select(density, ("mode 0", "mode 2")), state), state)
    assert (other["modes/average"], other["high_quality/average"]) == (0.0, 0.0)
    assert {"saturated/raw", "checkerboard/raw", "dead/raw"}.isdisjoint(found)


def test_a_handful_of_images_is_not_compared() -> None:
    state = tiny_state(tiny_recipe(), ImageShape(1, 8, 8))
    few, enough = (Vitals(select(Spotted(ImageShape(1, 8, 8), count=count)), state) for count in (7, 8))
    assert {name.partition("/")[0] for name in measured(few, state)} == {"movement", "logits"}
    assert "diversity/raw" in measured(enough, state)


def test_what_is_not_finite_is_left_out() -> None:
    state = tiny_state(tiny_recipe(), ImageShape(1, 8, 8))
    next(state.cast.networks["generator"].parameters()).data.fill_(float("nan"))
    found = measured(Vitals(select(Spotted(ImageShape(1, 8, 8))), state), state)
    assert "diversity/raw" not in found
    assert "diversity/average" in found
    json.dumps(found, allow_nan=False)


def test_measuring_is_rare() -> None:
    state = tiny_state(tiny_recipe(), ImageShape(1, 8, 8))
    assert Vitals(select(Spotted(ImageShape(1, 8, 8))), state).every == 24 * 64


def at_each_tick(plan: Plan, run: Run, state: TrainingState, say: Say) -> tuple[Observer, ...]:
    return (Vitals(plan.data, state, rarity=1),)


def train(out: Path, observers: Compose, images: int = 320) -> Run:
    settings = (*SMALL, "augment=InputNoise")
    done = company.train(out, "dcgan", "digits", images=images, seed=3, settings=settings, observers=observers)
    return Run.open(done.run)


def test_a_run_has_the_same_weights_with_and_without(tmp_path: Path) -> None:
    without = train(tmp_path / "without", lambda *_: ())
    examined = train(tmp_path / "with", at_each_tick)
    assert not any("diversity/raw" in line for line in without.log_lines())
    assert [line["images_seen"] for line in examined.log_lines() if "diversity/raw" in line] == list(range(64, 321, 64))
    last = [sealed.newest(run.checkpoints)[0].read_bytes() for run in (without, examined)]
    assert last[0] == last[1]


def test_a_resumed_run_has_the_same_vitals(tmp_path: Path) -> None:
    whole, stopped = train(tmp_path / "whole", at_each_tick), train(tmp_path / "stopped", at_each_tick, images=160)
    stopped.update_record(cadence=whole.record()["cadence"])
    company.resume(stopped.path, images=320, observers=at_each_tick)
    names = [name for name in whole.log_lines()[-1] if name.partition("/")[0] in ("gradient", "movement", "diversity")]
    assert len(names) == 7
    measured = [
        [[line[name] for name in names] for line in run.log_lines() if line["images_seen"] in (192, 320)]
        for run in (whole, stopped)
    ]
    assert measured[0] == measured[1]
    assert np.shape(measured[0]) == (2, 7)
