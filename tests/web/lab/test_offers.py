"""What the lab offers: all parts by their own descriptions, and presets that are games which can be begun."""

import json
from pathlib import Path
from typing import Any

import pytest

from ganache import recipes
from ganache.games import TwoPlayers
from ganache.parts.constraints import WeightClipping
from ganache.parts.objectives import LeastSquares, Objective
from ganache.parts.part import kinds, parse
from ganache.parts.penalties import R1
from ganache.web.lab.offers import FAMILIES, catalogue, describe, offered
from ganache.web.lab.presets import Showcase, presets
from ganache.web.lab.wishes import Drawn, GameWish
from ganache.web.lab.workbench import Workbench, planned


def by_name(fields: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {field["name"]: field for field in fields}


def test_a_part_is_described_by_itself() -> None:
    described = describe(LeastSquares)
    assert described["name"] == "LeastSquares"
    assert described["says"].startswith("½(D(x) - b)² + ½(D(G(z)) - a)² against")
    assert by_name(described["fields"])["real_target"] == {"name": "real_target", "form": "number", "default": 1.0}
    assert by_name(describe(WeightClipping)["fields"])["limit"] == {
        "name": "limit", "form": "number", "above": 0, "default": 0.01,
    }  # fmt: skip
    r1 = describe(R1)
    assert r1["players"] == ["discriminator"]
    assert by_name(r1["fields"])["every"] == {"name": "every", "form": "integer", "least": 1, "default": 1}


def test_every_field_of_the_game_has_a_form() -> None:
    forms = {field["name"]: field["form"] for field in catalogue()["game"]}
    expected = {
        "name": "text", "batch_size": "integer", "ema_half_life": "number", "conditional": "boolean",
        "held_out": "integer", "images": "integer", "generator": "part", "discriminator": "part", "objective": "part",
        "optimizers": "part", "penalties": "parts", "constraint": "part", "augment": "part", "adversarial": "number",
        "generator_terms": "parts", "generator_steps": "integer", "critic_steps": "integer", "first": "choice",
        "label_flips": "number", "frozen_stages": "integer", "joint_batch": "boolean",
    }  # fmt: skip
    assert forms == expected


def test_all_kinds_are_there_and_the_whole_is_json() -> None:
    found = json.loads(json.dumps(catalogue(), allow_nan=False))["families"]
    assert set(found) == {family.__name__ for family in FAMILIES}
    own = {kind.__name__ for kind in kinds(Objective) if kind.__module__.startswith("ganache.")}
    assert {kind["name"] for kind in found["Objective"]} == own
    assert len(own) >= 8
    assert all(kind["says"] for kinds_of in found.values() for kind in kinds_of)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_every_kind_comes_with_an_example_of_itself(family: Any) -> None:
    found = {kind["name"]: kind["example"] for kind in catalogue()["families"][family.__name__]}
    assert list(found) == [kind.__name__ for kind in offered(family)]
    assert [type(parse(family, one)).__name__ for one in found.values()] == list(found)


def test_a_class_of_the_users_is_not_offered() -> None:
    class Mine(LeastSquares):
        """Somebody's own."""

    assert Mine not in list(offered(Objective))
    assert LeastSquares in list(offered(Objective))


def density_in(folder: Path, data: Any) -> str:
    """Return the data of a preset as `ganache train` takes them."""
    if isinstance(data, str):
        return data
    wished = GameWish(recipe={}, data=data).data
    assert isinstance(wished, Drawn)
    file = folder / "drawn.json"
    file.write_text(json.dumps({"modes": [cell[:2] for cell in wished.cells], "std": wished.std}))
    return str(file)


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.name)
def test_a_preset_can_be_begun(preset: Showcase, tmp_path: Path) -> None:
    found = preset.to_json()
    assert json.loads(json.dumps(found)) == found
    assert 1 <= len(found["games"]) <= 2
    assert set(preset.layers) <= found["layers"].keys()
    for game in found["games"]:
        assert game["base"] in recipes.names()
        assert parse(TwoPlayers, game["recipe"]).model_dump(mode="json") == game["recipe"]
        plan = planned(parse(TwoPlayers, game["recipe"]), density_in(tmp_path, found["data"]), preset.seed)
        Workbench(plan).advance()


def test_presets_have_names_of_their_own() -> None:
    names = [preset.name for preset in presets()]
    assert len(set(names)) == len(names)
