"""γ by size and batch: the sources' own numbers, and a recipe that leaves it to a plan."""

import json
from pathlib import Path
from typing import Any

import pytest

import ganache
from ganache.data.shape import ImageShape
from ganache.games import Game, TwoPlayers
from ganache.parts.gammas import Gamma, R3GANGamma, StyleGAN2Gamma
from ganache.parts.part import parse
from ganache.parts.penalties import R1, R2
from ganache.parts.schedules import Cosine, times
from ganache.recipes.settings import with_settings
from ganache.runs.folder import Run
from ganache.support.errors import UserError
from ganache.training.plan import Request
from tests.commands import draw_pictures, run_command
from tests.tiny import tiny_recipe, tiny_state

SMALL = ImageShape(1, 8, 8)


def square(side: int) -> ImageShape:
    return ImageShape(3, side, side)


# Side, batch, what the authors chose: CIFAR-10, ImageNet-32 and 64, FFHQ-64 and 256; and what works here.
CHOSEN = [
    (32, 512, 0.05),
    (32, 4096, 0.5),
    (64, 4096, 1.0),
    (64, 256, 2.0),
    (256, 256, 150.0),
    (28, 32, 0.5),
    (32, 32, 0.5),
]


@pytest.mark.parametrize(("side", "batch", "chosen"), CHOSEN)
def test_the_rule_of_r3gan_is_within_a_factor_of_four_of_what_was_chosen_by_hand(
    side: int, batch: int, chosen: float
) -> None:
    assert 0.25 <= R3GANGamma().suited(square(side), batch) / chosen <= 4.0


def test_the_rule_of_r3gan_by_hand() -> None:
    found = {(side, batch): R3GANGamma().suited(square(side), batch) for side, batch, _ in CHOSEN}
    assert found == {
        **{(32, 512): 0.2, (32, 4096): 0.2, (64, 4096): 1.0, (64, 256): 2.0, (256, 256): 100.0},
        **{(28, 32): 0.5, (32, 32): 0.5},
    }
    # 0.3 · 2^5.4 · 2^0.75 = 21.3, and of another form with as many pixels the same.
    assert R3GANGamma().suited(square(128), 64) == R3GANGamma().suited(ImageShape(1, 64, 256), 64) == 20.0
    assert R3GANGamma().suited(ImageShape(2, 1, 1), 256) == 0.001


def test_the_rule_of_stylegan2_by_hand() -> None:
    assert StyleGAN2Gamma().suited(square(256), 32) == pytest.approx(0.0002 * 256**2 / 32)
    assert StyleGAN2Gamma().suited(ImageShape(1, 10, 20), 4) == pytest.approx(0.01)


def test_its_course_is_a_multiple() -> None:
    assert times(3.0, 0.1) == 0.3  # and not 0.30000000000000004
    assert R3GANGamma(course=0.5).chosen(square(64), 256) == 1.0
    falling = R3GANGamma(course=Cosine(start=1.0, end=0.1, until=1e5))
    assert falling.chosen(square(28), 32) == Cosine(start=0.5, end=0.05, until=1e5)


def left_open(**fields: Any) -> TwoPlayers:
    rule = R3GANGamma()
    return tiny_recipe(
        penalties={"r1": R1(weight=rule, every=2), "r2": R2(weight=rule), "mine": R1(weight=0.3)}, **fields
    )


def test_a_settled_game_has_numbers_and_says_why() -> None:
    game = left_open()
    settled, reasons = game.settled(SMALL)
    # 0.3 / 4^2.7 · 128^¼ = 0.0239, in batches of 4
    assert settled == game.changed(
        penalties={"r1": R1(weight=0.02, every=2), "r2": R2(weight=0.02), "mine": R1(weight=0.3)}
    )
    assert reasons == (
        "r1 and r2 0.02 for 8×8 in batches of 4: a line through what R3GAN's authors chose by hand for five sets, and "
        "what works here",
    )
    assert settled.settled(SMALL) == (settled, ())
    assert settled.settled(square(64))[0] is settled


def test_a_rule_is_its_json_and_can_be_named_in_a_setting() -> None:
    game = left_open()
    assert parse(Game, json.loads(game.to_json())) == game
    penalised = tiny_recipe(penalties={"r1": R1(weight=0.5)})
    named = with_settings(penalised, ["penalties.r1.weight=StyleGAN2Gamma"])
    assert named.penalties["r1"].weight == StyleGAN2Gamma()
    with pytest.raises(UserError, match=r"^penalties\.r1\.weight: "):
        with_settings(penalised, ["penalties.r1.weight=StyleGAN3Gamma"])
    with pytest.raises(UserError, match=r"^penalties\.r1\.weight: values must be at least 0"):
        with_settings(penalised, ["penalties.r1.weight=-1"])


@pytest.mark.parametrize("rule", [R3GANGamma(), StyleGAN2Gamma()])
def test_a_rule_is_no_number(rule: Gamma) -> None:
    with pytest.raises(UserError, match=r"^weight: .*Gamma is a rule; a plan makes a number of it, by size and batch$"):
        rule.value(0)


def test_what_is_built_for_a_shape_is_settled() -> None:
    assert isinstance(tiny_state(left_open(), SMALL).recipe, TwoPlayers)
    assert tiny_state(left_open(), SMALL).recipe == left_open().settled(SMALL)[0]


def test_a_dry_run_shows_the_number_with_its_reason_and_the_run_has_it(tmp_path: Path) -> None:
    words = ("train", "r3gan", "--data", draw_pictures(tmp_path / "pictures"), "--images", 16, "--batch", 8)
    shown = run_command(*words, "--dry-run").output
    assert "settled        r1 and r2 0.02 for 8×8 in batches of 8: a line through what R3GAN's authors" in shown
    assert run_command(*words, "--out", tmp_path / "run").status == 0
    kept = Run.open(tmp_path / "run").recipe()
    assert isinstance(kept, TwoPlayers)
    assert kept.penalties["r2"] == R2(weight=Cosine(start=0.02, end=0.002, until=100_000), every=4)
    assert ganache.resume(tmp_path / "run", images=32).images_seen == 32


def test_a_number_of_ones_own_is_left_alone(tmp_path: Path) -> None:
    asked = ("penalties.r1.weight=3", "penalties.r2.weight=StyleGAN2Gamma")
    plan = ganache.plan(Request(data=str(draw_pictures(tmp_path)), recipe="r3gan", batch=8, settings=asked))
    assert isinstance(plan.recipe, TwoPlayers)
    assert plan.recipe.penalties["r1"].weight == 3.0
    assert plan.recipe.penalties["r2"].weight == pytest.approx(0.0002 * 64 / 8)
    assert plan.settled == ("r2 0.0016 for 8×8 in batches of 8: 0.0002 · H · W / batch, StyleGAN2's rule",)
