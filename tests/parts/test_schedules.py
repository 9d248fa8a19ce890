import math
from typing import Any

import pytest

from ganache.games import Optimizers, TwoPlayers
from ganache.parts.gammas import R3GANGamma
from ganache.parts.optimizers import Adam
from ganache.parts.part import parse
from ganache.parts.penalties import R1
from ganache.parts.schedules import Cosine, Curve, Geometric, Linear, at, over_budget
from ganache.support.errors import UserError
from tests.tiny import tiny_recipe


@pytest.mark.parametrize(
    ("curve", "quarter", "half"),
    [
        (Linear(start=8.0, end=2.0, since=100, until=500), 6.5, 5.0),
        (Cosine(start=8.0, end=2.0, since=100, until=500), 2.0 + 6.0 * (1.0 + math.sqrt(0.5)) / 2.0, 5.0),
        (Geometric(start=8.0, end=2.0, since=100, until=500), 8.0 / math.sqrt(2.0), 4.0),
    ],
)
def test_each_curve_at_its_ends_a_quarter_and_the_middle(curve: Curve, quarter: float, half: float) -> None:
    assert [at(curve, seen) for seen in (0, 100)] == [8.0, 8.0]
    assert at(curve, 200) == pytest.approx(quarter, rel=1e-14)
    assert at(curve, 300) == pytest.approx(half, rel=1e-14)
    assert [at(curve, seen) for seen in (500, 501, 10**12)] == [2.0, 2.0, 2.0]


def test_half_a_cosine_is_that_of_r3gan() -> None:
    """Their rule gives b + (1 - d) (f - b) with d = (1 + cos(π n / N)) / 2 up to N images, and f after them."""
    curve = Cosine(start=2e-4, end=5e-5, until=2e7)
    for images in (0, 512, 5_000_000, 13_000_128, 20_000_000):
        decay = 0.5 * (1.0 + math.cos(math.pi * images / 2e7))
        assert at(curve, images) == pytest.approx(2e-4 + (1.0 - decay) * (5e-5 - 2e-4), rel=1e-13)
    assert at(curve, 250_000_000) == 5e-5


def test_a_curve_can_rise() -> None:
    assert at(Linear(start=0.0, end=1.0, until=4), 1) == 0.25
    assert at(Geometric(start=1.0, end=16.0, until=4), 3) == pytest.approx(8.0, rel=1e-14)


@pytest.mark.parametrize("number", [0, 3, 0.25, -1.5])
def test_a_number_is_the_same_at_all_times(number: float) -> None:
    values = [at(number, seen) for seen in (0, 1, 10**9)]
    assert values == [number] * 3
    assert all(type(value) is float for value in values)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"until": 0}, "until: input should be greater than 0, not 0"),
        ({"until": 5, "since": -1}, "since: input should be greater than or equal to 0, not -1"),
        ({"until": 5, "since": 5}, "a schedule ends after it begins: until=5, since=5"),
        ({"until": math.inf}, "until: input should be a finite number, not inf"),
        ({}, "until: field required"),
        ({"until": 5, "begin": 1}, "begin: there is no such field"),
        ({"until": 5, "of": "budget"}, "a share of the budget is at most 1, not until=5"),
    ],
)
def test_a_curve_that_cannot_be_is_refused(fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UserError) as refused:
        parse(Linear, {"start": 1.0, "end": 0.0, **fields})
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


def test_equal_factors_need_positive_ends() -> None:
    with pytest.raises(UserError, match="end: input should be greater than 0"):
        parse(Geometric, {"start": 1.0, "end": 0.0, "until": 5})


def test_a_schedule_in_the_place_of_a_number_keeps_its_kind() -> None:
    adam = parse(Adam, {"learning_rate": {"kind": "cosine", "start": 1e-3, "end": 0, "until": 1000}})
    assert adam.learning_rate == Cosine(start=1e-3, end=0.0, until=1000.0)
    assert parse(Adam, adam.model_dump(mode="json")) == adam


@pytest.mark.parametrize(
    ("schedule", "complaint"),
    [
        ({"kind": "Lienar", "start": 1, "end": 0, "until": 3}, "did you mean 'Linear'"),
        ({"kind": "Linear", "start": 1, "end": 0}, "until: field required"),
        ({"kind": "Linear", "start": 1, "end": 0, "until": 3, "since": 5}, "ends after it begins"),
    ],
)
def test_a_mistake_in_a_schedule_is_named_where_a_number_is_allowed_too(
    schedule: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(UserError) as refused:
        parse(Adam, {"learning_rate": schedule})
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    "field",
    [
        {"learning_rate": Linear(start=1e-3, end=-1e-3, until=10)},
        {"betas": (Linear(start=0.5, end=1.5, until=10), 0.9)},
    ],
)
def test_a_curve_may_not_leave_the_range_of_its_constant(field: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        parse(Adam, field)


def test_shares_of_the_budget_become_images_wherever_they_are_and_everything_else_stays_the_same() -> None:
    falling = Linear(start=1.0, end=0.0, since=0.5, until=1.0, of="budget")
    assert falling.over(400) == Linear(start=1.0, end=0.0, since=200, until=400)
    step = Linear(start=0.0, end=1.0, since=0.3, until=0.3001, of="budget")
    assert step.over(100) == Linear(start=0.0, end=1.0, since=30, until=31)
    fixed = Cosine(start=1.0, end=0.0, until=7)
    game = tiny_recipe(
        penalties={"r1": R1(weight=R3GANGamma(course=falling))},
        optimizers=Optimizers(generator=Adam(learning_rate=falling), discriminator=Adam(learning_rate=fixed)),
    )
    counted = over_budget(game, 1_000)
    assert isinstance(counted, TwoPlayers)
    assert counted.optimizers.generator == Adam(learning_rate=falling.over(1_000))
    assert counted.penalties["r1"].weight == R3GANGamma(course=falling.over(1_000))
    assert counted.optimizers.discriminator is game.optimizers.discriminator
    assert over_budget(counted, 5) is counted


def test_betas_may_end_with_the_budget_too() -> None:
    rising = Cosine(start=0.9, end=0.99, until=0.2, of="budget")
    counted = over_budget(Adam(betas=(0.0, rising)), 1_000)
    assert isinstance(counted.betas[1], Cosine)
    assert (counted.betas[0], counted.betas[1].until, counted.betas[1].of) == (0.0, 200.0, "images")
    assert over_budget(counted, 5) is counted


def test_a_share_is_json_that_says_so_and_what_counts_images_is_written_as_ever() -> None:
    share, images = Linear(start=1.0, end=0.0, until=1.0, of="budget"), Linear(start=1.0, end=0.0, until=9)
    assert parse(Curve, share.model_dump(mode="json")) == share
    assert images.model_dump(mode="json") == {"kind": "Linear", "start": 1.0, "end": 0.0, "until": 9.0, "since": 0.0}


def test_a_share_of_a_budget_that_nobody_named_has_no_value() -> None:
    with pytest.raises(UserError, match=r"^Linear: a plan makes images of its shares of the budget$"):
        at(Linear(start=1.0, end=0.0, until=1.0, of="budget"), 3)
