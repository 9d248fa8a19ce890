"""How parts are read, named, changed and refused."""

import abc
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from ganache.networks import (
    Generator,
    MLPGenerator,
)
from ganache.parts.latents import Latent, Uniform
from ganache.parts.objectives import (
    LeastSquares,
    Objective,
)
from ganache.parts.optimizers import Optimizer
from ganache.parts.part import FrozenDict, Part, find_kind, kinds, parse, read_model
from ganache.parts.penalties import R1
from ganache.parts.schedules import Curve
from ganache.support.errors import UserError
from tests.tiny import tiny_recipe


def test_the_penalties_of_a_recipe_cannot_be_changed_in_place() -> None:
    recipe = tiny_recipe(penalties={"r1": R1()})
    penalties: Any = recipe.penalties
    with pytest.raises((TypeError, AttributeError)):
        penalties["r2"] = R1()


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


@pytest.mark.parametrize(
    "change",
    [
        lambda parts: parts.__setitem__("a", R1()),
        lambda parts: parts.__delitem__("a"),
        lambda parts: parts.pop("a"),
        lambda parts: parts.popitem(),
        lambda parts: parts.update(a=R1()),
        lambda parts: parts.clear(),
        lambda parts: parts.setdefault("b", R1()),
        lambda parts: parts.__ior__({"b": R1()}),
    ],
)
def test_named_parts_refuse_every_change(change: Callable[[FrozenDict[Any]], object]) -> None:
    """`.pop`, `.update` and `|=` went through."""
    parts = FrozenDict(a=R1())
    with pytest.raises(TypeError, match="a recipe does not change"):
        change(parts)
    assert parts == {"a": R1()}
    assert type(parts | {"b": R1()}) is type(parts.copy()) is dict


class Pages(BaseModel):
    count: int


def test_a_file_that_is_no_such_model_is_refused_by_its_name_and_field(tmp_path: Path) -> None:
    path = tmp_path / "pages.json"
    path.write_text('{"count": 3}')
    assert read_model(Pages, path, "book") == Pages(count=3)
    path.write_text('{"count": "many"}')
    with pytest.raises(UserError) as refused:
        read_model(Pages, path, "book")
    assert str(refused.value).startswith(f"book: {path}: count: ")
    assert str(refused.value).endswith("not 'many'")
    path.write_text("{")
    with pytest.raises(UserError, match=r"^book: .* cannot be read: "):
        read_model(Pages, path, "book")
