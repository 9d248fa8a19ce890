"""What is measured of translators, against numbers worked out by hand, and that measuring changes nothing."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from ganache.data import select
from ganache.data.shape import ImageShape
from ganache.engine.state import TrainingState
from ganache.networks.perceptual import in_colour
from ganache.recipes import find
from ganache.recipes.settings import with_settings
from ganache.runs import sealed
from ganache.runs.folder import Run
from ganache.training.composition import Compose, compose
from ganache.training.observers.observer import Observer, Say
from ganache.training.observers.translation_vitals import NOISE, Journey, TranslationVitals, alike, gap
from ganache.training.plan import Plan
from tests.engine.together import Rows
from tests.tiny import tiny_state
from tests.training import company
from tests.training.company import measured

TWO = ImageShape(4, 16, 16, given=1)  # grey pictures and coloured ones
NARROW = ("translator.width=2", "translator.blocks=1", "discriminator.width=4", "batch_size=4", "identity=0")
LAYERS = ("layers=[0,2,4]", "vectors=4")  # of cut


def pictures(*values: float, side: int = 4) -> Tensor:
    """Return grey pictures, each of one value but for a brighter corner, so that it has some detail."""
    images = torch.tensor(values).reshape(-1, 1, 1, 1).repeat(1, 1, side, side)
    images[:, :, 0, 0] += 0.5
    return images


class Times(nn.Module):
    """Multiplies, and adds."""

    def __init__(self, factor: float, more: float = 0.0) -> None:
        super().__init__()
        self.factor, self.more = nn.Parameter(torch.tensor(factor), requires_grad=False), more

    def forward(self, images: Tensor) -> Tensor:
        return self.factor * images + self.more


def journey(given: Tensor, wanted: Tensor) -> Journey:
    return Journey(given, wanted, torch.Generator().manual_seed(0))


def test_change_is_relative_to_how_far_the_wanted_pictures_are() -> None:
    there = journey(pictures(0.0, 0.2), pictures(0.4, 0.2))  # on average 0.2 apart
    assert there.compare(Times(1.0, 0.05), None)["change"] == pytest.approx(0.05 / 0.2, rel=1e-5)
    assert there.compare(Times(1.0), None)["change"] == 0.0


def test_diversity_is_the_deviation_among_translations_over_that_among_the_wanted() -> None:
    there = journey(pictures(0.0, 0.2), pictures(0.4, 0.0))
    assert there.compare(Times(1.0), None)["diversity"] == pytest.approx(0.1 / 0.2, rel=1e-5)
    assert there.compare(Times(0.0, 0.3), None)["diversity"] == pytest.approx(0.0, abs=1e-6)


def test_correlation_is_of_single_pictures_whatever_their_contrast() -> None:
    one = torch.rand(5, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    assert alike(one, 0.3 * one + 0.1) == pytest.approx(1.0, rel=1e-5)
    assert alike(one, -one) == pytest.approx(-1.0, rel=1e-5)
    half = torch.cat([one[:3], -one[3:]])
    assert alike(one, half) == pytest.approx(1.0 / 5.0, rel=1e-4)
    assert alike(one, torch.zeros_like(one)) == 0.0


def test_the_gap_is_the_energy_coefficient() -> None:
    one, other = torch.tensor([0.0, 2.0]).reshape(2, 1, 1, 1), torch.tensor([3.0, 5.0]).reshape(2, 1, 1, 1)
    # Distances between: 3, 5, 1, 3, on average 3; within: 2 and 2.
    assert gap(one, other) == pytest.approx((2 * 3 - 2 - 2) / (2 * 3))
    halves = torch.randn(2, 200, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    assert abs(gap(*halves)) < 0.01
    large = torch.randn(4, 1, 64, 32, generator=torch.Generator().manual_seed(0))
    shrunk = large.reshape(4, 1, 16, 4, 16, 2).mean(dim=(3, 5))
    assert gap(large, large.flip(0) + 1.0) == pytest.approx(gap(shrunk, shrunk.flip(0) + 1.0), rel=1e-4)


def test_pictures_are_compared_as_they_are_in_colour() -> None:
    grey, alpha = torch.full((1, 1, 1, 1), -0.5), torch.full((1, 1, 1, 1), -0.5)  # a quarter of it is seen
    assert in_colour(grey).flatten().tolist() == [-0.5] * 3
    assert in_colour(torch.cat([grey, alpha], dim=1)).flatten().tolist() == [0.25 * -0.5 + 0.75] * 3
    assert in_colour(torch.cat([grey, -grey, grey, alpha], dim=1)).flatten().tolist() == [0.625, 0.875, 0.625]
    assert in_colour(torch.zeros(2, 3, 4, 5)).shape == (2, 3, 4, 5)


def test_a_way_back_that_amplifies_amplifies_what_disturbs() -> None:
    given = torch.rand(24, 1, 32, 32, generator=torch.Generator().manual_seed(1)) - 0.5
    there = journey(given, -given)
    healthy, hiding = there.compare(Times(-1.0), Times(-1.0)), there.compare(Times(0.05), Times(20.0))
    assert healthy["cycle"] == pytest.approx(0.0, abs=1e-6)
    assert healthy["disturbed"] == pytest.approx(NOISE * math.sqrt(2.0 / math.pi), rel=0.01)
    assert hiding["cycle"] == pytest.approx(0.0, abs=1e-6)
    assert hiding["disturbed"] == pytest.approx(20.0 * NOISE * math.sqrt(2.0 / math.pi), rel=0.01)
    assert "cycle" not in there.compare(Times(1.0), None)


def state_of(name: str) -> TrainingState:
    return tiny_state(with_settings(find(name), [*NARROW, *(LAYERS if name == "cut" else ())]), TWO)


@pytest.mark.parametrize(("name", "ways"), [("cut", ["a_to_b"]), ("cyclegan", ["a_to_b", "b_to_a"])])
def test_every_way_is_measured_of_both_its_translators(name: str, ways: list[str]) -> None:
    state = state_of(name)
    vitals = TranslationVitals(select(Rows(TWO)), state)
    assert vitals.every == 24 * 24
    before = {name: tensor.clone() for name, tensor in state.tensors().items()}
    found = measured(vitals, state)
    assert found == measured(vitals, state)
    assert all(torch.equal(tensor, before[name]) for name, tensor in state.tensors().items())
    of_pair = ["cycle", "disturbed"] if len(ways) > 1 else []
    expected = {
        f"{what}/{way}_{whose}"
        for way in ways
        for whose in ("average", "raw")
        for what in ("change", "alike", "diversity", "gap", *of_pair)
    }
    traits = {f"{what}/{way}_{whose}" for way in ways for what, whose in (("alike", "wanted"), ("gap", "given"))}
    assert expected | traits <= found.keys()
    assert {name for name in found if name.startswith(("change", "cycle", "disturbed"))} <= expected
    assert found["movement/generator"] > 0.0


def test_the_way_back_is_that_of_the_same_pair() -> None:
    state = state_of("cyclegan")
    state.cast.networks |= {"a_to_b": Times(0.5), "b_to_a": Times(2.0)}
    found = measured(TranslationVitals(select(Rows(TWO)), state), state)
    assert found["cycle/a_to_b_raw"] == pytest.approx(0.0, abs=1e-6)
    assert found["cycle/b_to_a_raw"] == pytest.approx(0.0, abs=1e-6)
    assert found["cycle/a_to_b_average"] > 0.1


def test_a_handful_of_pictures_is_not_translated() -> None:
    class Few(Rows):
        def stream(self, seed: int, labels: object = (), split: str = "train"):  # type: ignore[no-untyped-def]
            stream = super().stream(seed, labels, split)
            stream.count = 7
            return stream

    found = measured(TranslationVitals(select(Few(TWO)), state := state_of("cut")), state)
    assert {name.partition("/")[0] for name in found} == {"movement"}


def at_each_tick(plan: Plan, run: Run, state: TrainingState, say: Say) -> tuple[Observer, ...]:
    (vitals,) = (one for one in compose(plan, run, state, say) if isinstance(one, TranslationVitals))
    vitals.every = 24
    return (vitals,)


def train(out: Path, observers: Compose) -> Run:
    settings = (*NARROW, *LAYERS)
    done = company.train(out, "cut", "digits", images=48, settings=settings, observers=observers, task="edges")
    return Run.open(done.run)


def test_a_run_has_the_same_weights_with_and_without(tmp_path: Path) -> None:
    without, examined = train(tmp_path / "without", lambda *_: ()), train(tmp_path / "with", at_each_tick)
    assert [line["images_seen"] for line in examined.log_lines() if "change/a_to_b_raw" in line] == [24, 48]
    last = [sealed.newest(run.checkpoints)[0].read_bytes() for run in (without, examined)]
    assert last[0] == last[1]
