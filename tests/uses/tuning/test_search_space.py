"""What is turned by itself, what a user names, and what becomes of a value."""

import json

import pytest

from ganache import recipes
from ganache.data.shape import ImageShape
from ganache.games import Game, Optimizers
from ganache.parts.optimizers import Adam
from ganache.parts.penalties import R1
from ganache.parts.schedules import Linear
from ganache.support.errors import UserError
from ganache.uses.tuning.dials import AnyDial, Multiple, OneOf, Span, Value, first_values, turned
from ganache.uses.tuning.search_space import named, space_of
from tests.tiny import set_in, tiny_recipe

RATE = "optimizers.generator.learning_rate"


def by_field(dials: tuple[AnyDial, ...]) -> dict[str, AnyDial]:
    return {dial.field: dial for dial in dials}


def settled(name: str) -> Game:
    return recipes.find(name).settled(ImageShape(1, 32, 32))[0]


def test_the_fields_of_a_recipe_become_dials_by_the_kind_of_part_they_are_in() -> None:
    dials = by_field(space_of(tiny_recipe(ema_half_life=100.0, penalties={"r1": R1(weight=0.5)})))
    assert list(dials) == [
        "batch_size", "ema_half_life", "generator.widths", "discriminator.widths", RATE, "optimizers.generator.betas",
        "optimizers.discriminator.learning_rate", "optimizers.discriminator.betas", "penalties.r1.weight",
    ]  # fmt: skip
    assert dials["batch_size"] == OneOf(field="batch_size", texts=("2", "4", "8", "16"), start="4")
    assert dials["ema_half_life"] == Span(field="ema_half_life", low=12.5, high=800.0, log=True, start=100.0)
    assert dials["generator.widths"] == OneOf(field="generator.widths", texts=("[4]", "[8]", "[16]"), start="[8]")
    assert dials[RATE] == Span(field=RATE, low=1e-3, high=0.1, log=True, start=1e-2)
    assert dials["penalties.r1.weight"].says() == "0.05 to 5, by logarithms"
    betas = dials["optimizers.generator.betas"]
    assert isinstance(betas, OneOf)
    assert (betas.texts[0], betas.start) == ("[0.5, 0.9]", "[0.5, 0.9]")
    assert "[0.0, 0.99]" in betas.texts


def test_what_is_off_or_already_a_schedule_is_left_or_multiplied() -> None:
    rate = Linear(start=2e-3, end=1e-3, until=100)
    adam = Adam(learning_rate=rate, betas=(0.0, Linear(start=0.9, end=0.99, until=100)))
    recipe = tiny_recipe(optimizers=Optimizers(generator=adam, discriminator=Adam(learning_rate=0.0)))
    dials = by_field(space_of(recipe))
    assert "ema_half_life" not in dials
    assert "optimizers.generator.betas" not in dials
    assert "optimizers.discriminator.learning_rate" not in dials
    dial = dials[RATE]
    assert isinstance(dial, Multiple)
    changed = set_in(recipe, dial.setting(0.5))
    assert changed.optimizers.generator.learning_rate == Linear(start=1e-3, end=5e-4, until=100)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", recipes.of_images())
def test_every_recipe_has_dials_at_which_it_is_itself(name: str) -> None:
    recipe = settled(name)
    dials = space_of(recipe)
    values = first_values(dials)
    assert values.keys() == by_field(dials).keys()
    same = turned(recipe, dials, values).model_dump(mode="json")
    for path in ("batch_size", "ema_half_life", "generator", "objective"):
        assert same.get(path) == recipe.model_dump(mode="json").get(path)


def test_every_value_at_the_end_of_a_dial_is_one_that_the_recipe_takes() -> None:
    recipe = settled("r3gan")
    for dial in space_of(recipe):
        ends = dial.texts if isinstance(dial, OneOf) else (dial.low, dial.high)
        for end in ends:
            assert turned(recipe, (dial,), {dial.field: end}) is not None


def test_a_user_names_ranges_and_choices() -> None:
    dials = named(
        tiny_recipe(),
        [f"{RATE}=1e-4:1e-1:log", "batch_size=2:8", "objective=LeastSquares,NonSaturating", "adversarial=0.5:2",
         "optimizers.generator.betas=[0,0.9],[0.5,0.99]"],
    )  # fmt: skip
    assert dials[0] == Span(field=RATE, low=1e-4, high=0.1, log=True, start=1e-2)
    assert dials[1] == Span(field="batch_size", low=2, high=8, whole=True, start=4)
    assert dials[2] == OneOf(field="objective", texts=("LeastSquares", "NonSaturating"), start="NonSaturating")
    assert dials[3] == Span(field="adversarial", low=0.5, high=2, start=1.0)
    assert isinstance(dials[4], OneOf)
    assert [json.loads(text) for text in dials[4].texts] == [[0, 0.9], [0.5, 0.99]]
    values: list[Value] = [0.01234567, 3, "LeastSquares", 1.0, "[0, 0.9]"]
    changed = set_in(tiny_recipe(), *(dial.setting(value) for dial, value in zip(dials, values, strict=True)))
    assert (changed.batch_size, type(changed.objective).__name__) == (3, "LeastSquares")
    assert changed.optimizers.generator.learning_rate == 0.0123457  # type: ignore[attr-defined]


def test_a_default_that_lies_beside_the_dials_has_no_values_there() -> None:
    dials = named(tiny_recipe(), [f"{RATE}=1e-4:1e-3", "batch_size=2,4"])
    assert dials[0].at_first is None
    assert first_values(dials) == {}


def test_six_digits_never_leave_the_range() -> None:
    dial = Span(field="x", low=0.12345649, high=0.99999999)
    assert dial.setting(0.12345649) == "x=0.12345649"
    assert dial.setting(0.99999999) == "x=0.99999999"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("batch_size", "'batch_size' is neither field=low:high, field=low:high:log nor field=a,b,c"),
        ("batch_size=8:2", "a range goes from the smaller to the larger number, not 8 to 2"),
        ("ema_half_life=0:5:log", "a logarithm needs numbers above 0, not 0"),
        ("ema_half_life=1:5:exp", "after a range there can be :log, not 'exp'"),
        ("ema_half_life=a:b", "'a' and 'b' are to be numbers"),
        ("ema_half_life=1:nan", "--tune: ema_half_life=1:nan has no end"),
        ("batch_size=8:inf", "--tune: batch_size=8:inf has no end"),
        ("batch_size=8:1e400", "--tune: batch_size=8:1e400 has no end"),
        ("batch_size=4", "batch_size=4 is one value, and no choice; --set sets it"),
        ("batch_size=4,0", "batch_size"),
        ("batch=4,8", "--tune: the recipe has no field 'batch' (did you mean"),
        ("objective=LeastSquares,Nonsense", "no Objective is called 'Nonsense'"),
    ],
)
def test_what_cannot_be_turned_is_refused_in_a_line(text: str, said: str) -> None:
    with pytest.raises(UserError) as refused:
        named(tiny_recipe(), [text])
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_field_is_named_once() -> None:
    with pytest.raises(UserError, match="'batch_size' is named twice"):
        named(tiny_recipe(), ["batch_size=2,4", "batch_size=4,8"])
