"""Settings: fields of a recipe by name, in order, validated at the end, or refused in one line."""

from typing import Any

import pytest

from ganache.games import TwoPlayers
from ganache.networks import MLPGenerator
from ganache.parts.augmentations import InputNoise
from ganache.parts.latents import Uniform
from ganache.parts.objectives import LeastSquares
from ganache.parts.optimizers import Adam
from ganache.parts.penalties import R1
from ganache.parts.schedules import Linear
from ganache.recipes.settings import with_settings
from ganache.support.errors import UserError
from ganache.support.trees import differences
from tests.tiny import tiny_recipe

RECIPE = tiny_recipe()


def field(recipe: TwoPlayers, path: str) -> Any:
    value: Any = recipe
    for name in path.split("."):
        value = value[name] if isinstance(value, dict) else getattr(value, name)
    return value


@pytest.mark.parametrize(
    ("setting", "path", "value"),
    [
        ("batch_size=32", "batch_size", 32),
        (" batch_size = 32 ", "batch_size", 32),
        ("joint_batch=true", "joint_batch", True),
        ("joint_batch=True", "joint_batch", True),
        ("first=generator", "first", "generator"),
        ("name=a=b", "name", "a=b"),
        ("objective=LeastSquares", "objective", LeastSquares()),
        ("objective=least-squares", "objective", LeastSquares()),
        ("optimizers.generator.learning_rate=1e-4", "optimizers.generator.learning_rate", 1e-4),
        ("optimizers.discriminator.betas=[0, 0.9]", "optimizers.discriminator.betas", (0.0, 0.9)),
        ("optimizers.generator=Adam", "optimizers.generator", Adam()),
        ("generator.widths=[5, 6]", "generator.widths", (5, 6)),
        ("generator.widths=[]", "generator.widths", ()),
        ("generator.latent.size=9", "generator.latent.size", 9),
        ('generator.latent={"kind": "Uniform", "size": 4}', "generator.latent", Uniform(size=4)),
        ("augment=InputNoise", "augment", InputNoise()),
        (
            'ema_half_life={"kind": "Linear", "start": 1, "end": 9, "until": 5}',
            "ema_half_life",
            Linear(start=1.0, end=9.0, until=5.0),
        ),
    ],
)
def test_a_setting_changes_its_field_and_no_other(setting: str, path: str, value: Any) -> None:
    changed = with_settings(RECIPE, [setting])
    assert field(changed, path) == value
    lines = differences(RECIPE.model_dump(mode="json"), changed.model_dump(mode="json"))
    assert lines != []
    assert all(line.startswith(path) for line in lines)


def test_no_settings_change_nothing() -> None:
    assert with_settings(RECIPE, []) == RECIPE


def test_settings_are_applied_in_order_and_validated_at_the_end() -> None:
    changed = with_settings(
        RECIPE,
        [
            'generator={"kind": "MLPGenerator", "widths": [3]}',
            "generator.widths=[2]",
            "batch_size=0",
            "batch_size=2",
        ],
    )
    assert changed.generator == MLPGenerator(widths=(2,))
    assert changed.batch_size == 2


def test_a_part_that_was_named_has_fields_for_the_settings_after_it() -> None:
    found = with_settings(RECIPE, ["penalties.r1=R1", "penalties.r1.weight=3", "penalties.r1.every=4"])
    assert found.penalties == {"r1": R1(weight=3.0, every=4)}
    found = with_settings(RECIPE, ["objective=LeastSquares", "objective.real_target=0.9"])
    assert found.objective == LeastSquares(real_target=0.9)
    with pytest.raises(UserError, match=r"no field 'penalties.r1.wait' \(did you mean 'penalties.r1.weight'\?\)"):
        with_settings(RECIPE, ["penalties.r1=R1", "penalties.r1.wait=3"])


def test_penalties_are_added_changed_and_removed_by_name() -> None:
    added = with_settings(RECIPE, ['penalties.r1={"penalty": "R1", "weight": 10}'])
    assert added.penalties == {"r1": R1(weight=10.0, every=1)}
    lazy = with_settings(added, ["penalties.r1.every=16", "penalties.r1.weight=2"])
    assert lazy.penalties == {"r1": R1(weight=2.0, every=16)}
    assert with_settings(lazy, ["penalties.r1=null"]) == RECIPE
    assert with_settings(lazy, ["penalties.r1=None", "penalties.r2=null"]) == RECIPE


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("batch_size", "--set: 'batch_size' is not field=value, such as batch_size=32"),
        ("=3", "--set: '=3' is not field=value, such as batch_size=32"),
        (" =3", "--set: ' =3' is not field=value, such as batch_size=32"),
        ("batchsize=3", "--set: the recipe has no field 'batchsize' (did you mean 'batch_size'?)"),
        (
            "learning_rate=1",
            "--set: the recipe has no field 'learning_rate' (did you mean "
            "optimizers.generator.learning_rate or optimizers.discriminator.learning_rate?)",
        ),
        (
            "widths=[1]",
            "--set: the recipe has no field 'widths' (did you mean generator.widths or",
        ),
        ("latent.size=3", "--set: the recipe has no field 'latent.size' (did you mean generator.latent.size?)"),
        ("batch_size.x=3", "--set: the recipe has no field 'batch_size.x' (did you mean 'batch_size'?)"),
        ("penalties.r1.weight=3", "--set: the recipe has no field 'penalties.r1.weight'"),
        ("zzz=3", "--set: the recipe has no field 'zzz'; its fields are name, batch_size, ema_half_life, conditional,"),
        ("kind=Recipe", "--set: the recipe has no field 'kind'"),
        ("objective.kind=LeastSquares", "--set: the recipe has no field 'objective.kind' (did you mean 'objective'?)"),
        ("__class__=x", "--set: the recipe has no field '__class__'"),
        ("batch_size=0", "batch_size: input should be greater than or equal to 1, not 0"),
        ("batch_size=65537", "batch_size: input should be less than or equal to 65536, not 65537"),
        ("batch_size=many", "batch_size: input should be a valid integer, unable to parse string as an integer"),
        ("batch_size=null", "batch_size: input should be a valid integer, not None"),
        ("critic_steps=1.5", "critic_steps: input should be a valid integer, got a number with a fractional part"),
        ("first=nobody", "first: input should be 'generator' or 'discriminator', not 'nobody'"),
        ("name=", "name: string should have at least 1 character, not ''"),
        ("ema_half_life=NaN", "ema_half_life: values must be at least 0 and finite, not nan"),
        ("ema_half_life=-1", "ema_half_life: values must be at least 0 and finite, not -1"),
        ("objective=Zzz", "objective: no Objective is called 'Zzz'; there are: "),
        ("optimizers.generator.learning_rate=-1", "optimizers.generator.learning_rate: values must be at least 0"),
        ("optimizers.generator.betas=[0.5]", "optimizers.generator.betas.1: field required, not [0.5]"),
        (
            'penalties.r1={"penalty": "R1", "every": 0}',
            "penalties.r1.every: input should be greater than",
        ),
        ('penalties.r1={"penalty": "R1", "wieght": 3}', "penalties.r1.wieght: there is no such field"),
        ("penalties=3", "penalties: input should be a valid dictionary, not 3"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_in_one_line(setting: str, message: str) -> None:
    with pytest.raises(UserError) as refused:
        with_settings(RECIPE, [setting])
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("setting", ["batch_size=true", "optimizers.generator.epsilon=true"])
def test_true_is_not_the_number_one(setting: str) -> None:
    with pytest.raises(UserError):
        with_settings(RECIPE, [setting])
