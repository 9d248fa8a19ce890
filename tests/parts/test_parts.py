import abc
import json
import os
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from ganache.games.recipe import Optimizers, Recipe
from ganache.networks import (
    DCGANDiscriminator,
    DCGANGenerator,
    Discriminator,
    Generator,
    Latent,
    LSGANDiscriminator,
    LSGANGenerator,
    MLPDiscriminator,
    MLPGenerator,
    MNISTDCGANDiscriminator,
    MNISTDCGANGenerator,
    Normal,
    R3GANDiscriminator,
    R3GANGenerator,
    Uniform,
)
from ganache.parts.augmentations import Augmentation, InputNoise, Unchanged
from ganache.parts.generator_terms import FeatureMatching, GeneratorTerm
from ganache.parts.objectives import (
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Objective,
    RelativisticAverage,
    RelativisticAverageLeastSquares,
    RelativisticPairing,
    Wasserstein,
)
from ganache.parts.optimizers import Adam, Optimizer
from ganache.parts.part import Part, find_kind, kinds, parse
from ganache.parts.penalties import (
    DRAGAN,
    R1,
    R2,
    Constraint,
    GradientPenalty,
    Penalty,
    Unconstrained,
    WeightClipping,
    Weighted,
)
from ganache.parts.schedules import Cosine, Curve, Geometric, Linear
from ganache.support.errors import UserError
from tests.tiny import tiny_recipe

ADAM = Adam(learning_rate=Linear(start=1e-3, end=0.0, until=500.0), betas=(0.0, 0.99), epsilon=1e-6)

# Every kind with every field away from its default, and the family in whose place it stands.
EXAMPLES: list[tuple[type[Part], Part]] = [
    (Latent, Normal(size=3)),
    (Latent, Uniform(size=4)),
    (Generator, MLPGenerator(latent=Uniform(size=5), widths=(7, 9), slope=0.125)),
    (Generator, DCGANGenerator(latent=Uniform(size=5), width=6, max_width=24, bias=False, conditional_norm=True)),
    (Generator, LSGANGenerator(latent=Normal(size=8))),
    (
        Discriminator,
        MLPDiscriminator(widths=(7,), slope=0.25, dropout=0.5, projection=True, spectral_norm=True, spectral_bound=2.0),
    ),
    (
        Discriminator,
        DCGANDiscriminator(
            width=6,
            max_width=24,
            batch_norm=False,
            bias=False,
            projection=True,
            spectral_norm=True,
            spectral_bound=0.5,
        ),
    ),
    (
        Generator,
        R3GANGenerator(latent=Uniform(size=5), width=6, max_width=24, blocks=2, expansion=3, group_size=2),
    ),
    (Discriminator, R3GANDiscriminator(width=6, max_width=24, blocks=2, expansion=3, group_size=2)),
    (Discriminator, LSGANDiscriminator()),
    (Generator, MNISTDCGANGenerator(latent=Uniform(size=5))),
    (Discriminator, MNISTDCGANDiscriminator()),
    (Objective, NonSaturating(real_target=0.9)),
    (Objective, Minimax(real_target=0.9)),
    (Objective, LeastSquares(real_target=0.9, fake_target=-1.0, generator_target=0.0)),
    (Objective, Wasserstein()),
    (Objective, Hinge()),
    (Objective, RelativisticAverage()),
    (Objective, RelativisticAverageLeastSquares()),
    (Objective, RelativisticPairing()),
    (Penalty, R1()),
    (Penalty, R2()),
    (Penalty, GradientPenalty()),
    (Penalty, DRAGAN()),
    (Weighted, Weighted(penalty=R1(), weight=Cosine(start=1.0, end=0.5, since=1.0, until=2.0), every=16)),
    (GeneratorTerm, FeatureMatching(weight=0.5)),
    (Constraint, Unconstrained()),
    (Constraint, WeightClipping(limit=0.5)),
    (Augmentation, Unchanged()),
    (Augmentation, InputNoise(deviation=Linear(start=0.5, end=0.0, until=1e5))),
    (Curve, Linear(start=1.0, end=0.0, since=5.0, until=1e6)),
    (Curve, Cosine(start=1.0, end=-1.0, since=5.0, until=1e6)),
    (Curve, Geometric(start=1.0, end=0.001, since=5.0, until=1e6)),
    (Optimizer, ADAM),
    (Optimizers, Optimizers(generator=ADAM, discriminator=Adam())),
    (
        Recipe,
        tiny_recipe(
            penalties={"r1": Weighted(penalty=R1(), weight=5.0, every=4)},
            augment=InputNoise(deviation=0.25),
            adversarial=0.5,
            generator_terms={"features": FeatureMatching(weight=2.0)},
            generator_steps=3,
            critic_steps=2,
            first="generator",
            label_flips=0.125,
            joint_batch=True,
            batch_size=8,
            ema_half_life=Geometric(start=10.0, end=1e4, until=1e5),
            conditional=True,
            held_out=5,
            images=777,
        ),
    ),
]


def test_there_is_an_example_of_every_kind() -> None:
    known = {kind for kind in kinds(Part) if kind.__module__.startswith("ganache.") and kind is not Part}
    assert known == {type(part) for _, part in EXAMPLES}


@pytest.mark.parametrize(("family", "part"), EXAMPLES, ids=[type(part).__name__ for _, part in EXAMPLES])
def test_json_gives_back_the_same_part(family: type[Part], part: Part) -> None:
    tree = json.loads(part.to_json())
    assert tree["kind"] == type(part).__name__
    assert set(tree) == {"kind", *type(part).model_fields}
    again = parse(family, tree)
    assert type(again) is type(part)
    assert again == part
    assert again.to_json() == part.to_json()


@pytest.mark.parametrize(("family", "part"), EXAMPLES, ids=[type(part).__name__ for _, part in EXAMPLES])
def test_no_field_can_be_set_or_added(family: type[Part], part: Part) -> None:
    before = part.to_json()
    for name in (*type(part).model_fields, "other"):
        with pytest.raises((ValidationError, ValueError)):
            setattr(part, name, 1)
    assert part.to_json() == before


def test_the_penalties_of_a_recipe_cannot_be_changed_in_place() -> None:
    recipe = tiny_recipe(penalties={"r1": Weighted(penalty=R1())})
    penalties: Any = recipe.penalties
    with pytest.raises((TypeError, AttributeError)):
        penalties["r2"] = Weighted(penalty=R1())


@pytest.mark.parametrize("name", ["LeastSquares", "least-squares", "LEAST_SQUARES"])
def test_a_bare_name_is_a_part_whatever_its_case(name: str) -> None:
    assert parse(Objective, name) == LeastSquares()
    assert parse(Objective, {"kind": name}) == LeastSquares()


def test_a_part_in_the_place_of_json_is_taken_as_it_is() -> None:
    latent = Uniform(size=2)
    generator = parse(Generator, {"kind": "MLPGenerator", "latent": latent, "widths": [4]})
    assert isinstance(generator, MLPGenerator)
    assert generator.latent is latent
    assert generator.widths == (4,)


@pytest.mark.parametrize(
    ("family", "value", "message"),
    [
        (
            Objective,
            "LeastSquare",
            "recipe: no Objective is called 'LeastSquare' (did you mean 'LeastSquares'?); there are: ",
        ),
        (Latent, {"kind": "Cauchy", "size": 3}, "recipe: no Latent is called 'Cauchy'; there are: "),
        (Latent, {"kind": "Normal", "sise": 3}, "size: field required, not {'sise': 3}"),
        (Latent, {"kind": "Normal", "size": 3, "mean": 0}, "mean: there is no such field"),
        (Latent, {"kind": "Normal", "size": 0}, "size: input should be greater than or equal to 1, not 0"),
        (
            Generator,
            {"kind": "MLPGenerator", "latent": {"kind": "Normal", "size": "many"}},
            "latent.size: input should be a valid integer, unable to parse string as an integer, not 'many'",
        ),
        (Generator, {"kind": "MLPGenerator", "widths": [4, 0]}, "widths.1: input should be greater than or equal to 1"),
        (Optimizer, {"kind": "Adam", "betas": [0.5, 1]}, "betas.1: values must be at least 0 and less than 1, not 1"),
        (
            Optimizer,
            {"kind": "Adam", "learning_rate": float("nan")},
            "learning_rate: values must be at least 0 and finite",
        ),
    ],
)
def test_a_mistake_is_one_line_naming_the_field(family: type[Part], value: Any, message: str) -> None:
    with pytest.raises(UserError) as refused:
        parse(family, value)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_the_kinds_of_another_family_are_not_known() -> None:
    with pytest.raises(UserError, match=r"no Generator is called 'DCGANDiscriminator' .did you mean 'DCGANGenerator'"):
        parse(Generator, {"kind": "DCGANDiscriminator"})


class Fruit(Part, abc.ABC):
    """A family of these tests alone."""

    weight: float = 1.0

    @abc.abstractmethod
    def taste(self) -> str:
        """Say something."""


class Apple(Fruit):
    def taste(self) -> str:
        return "sour"


class _Pear(Fruit):
    def taste(self) -> str:
        return "sweet"


def test_a_users_kind_may_bear_the_name_of_the_kind_it_extends() -> None:
    extended: type[Apple] = type("Apple", (Apple,), {"__module__": __name__, "taste": lambda self: "sweeter"})
    first, second = Apple(weight=2.0), extended(weight=3.0)
    assert (first.weight, first.taste()) == (2.0, "sour")
    assert (second.weight, second.taste()) == (3.0, "sweeter")


def test_a_private_part_is_a_kind_like_others() -> None:
    assert _Pear(weight=2.0).weight == 2.0
    assert parse(Fruit, {"kind": "_Pear", "weight": 2.0}) == _Pear(weight=2.0)


def test_all_kinds_are_listed_when_a_name_is_unknown() -> None:
    listed = ", ".join(sorted({kind.__name__ for kind in kinds(Objective)}))
    assert "LeastSquares" in listed
    with pytest.raises(UserError, match=f"^recipe: no Objective is called 'zzz'; there are: {listed}$"):
        parse(Objective, "zzz")


def test_a_family_is_no_kind() -> None:
    assert Objective not in set(kinds(Objective))
    with pytest.raises(ValueError, match="no Curve is called 'Curve'"):
        find_kind(Curve, "Curve")


HOSTILE: list[Any] = [
    "os.system",
    {"kind": "os.system", "command": "true"},
    {"kind": "__import__('os').system('true')"},
    {"kind": "ganache.parts.objectives.LeastSquares"},
    {"kind": ["LeastSquares"]},
    {"kind": {"kind": "LeastSquares"}},
    {"kind": None},
    {"kind": 7},
    {"kind": "Part"},
    {"kind": "type"},
    {"kind": "LeastSquares", "__class__": "os.system"},
    {"kind": "LeastSquares", "__init__": "x", "__reduce__": ["os.system", "true"]},
    {"__class__": "LeastSquares"},
    {"py/object": "os.system"},
    ["os.system", "true"],
    None,
    3,
]


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_hostile_json_is_refused_and_does_nothing(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[object] = []
    monkeypatch.setattr(os, "system", called.append)
    modules = set(sys.modules)
    with pytest.raises(UserError) as refused:
        parse(Objective, json.loads(json.dumps(value)))
    assert "\n" not in str(refused.value)
    assert called == []
    assert set(sys.modules) == modules


def test_a_change_is_validated_and_leaves_the_original() -> None:
    generator = MLPGenerator(widths=(4,))
    wider = generator.changed(widths=(8, 8))
    assert wider == MLPGenerator(widths=(8, 8))
    assert generator.widths == (4,)
    with pytest.raises(UserError, match=r"^widths\.0: input should be greater than or equal to 1, not 0$"):
        generator.changed(widths=(0,))
    with pytest.raises(UserError, match=r"^width: there is no such field$"):
        generator.changed(width=3)
