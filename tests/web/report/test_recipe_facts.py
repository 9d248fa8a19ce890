"""A recipe as its parts, with what was changed marked."""

import json
from pathlib import Path
from typing import Any

from ganache import recipes
from ganache.data.shape import ImageShape
from ganache.recipes.settings import with_settings
from ganache.web.report.found import find_run
from ganache.web.report.recipe_facts import recipe_facts
from tests.tiny import tiny_recipe
from tests.web.report.by_hand import run_by_hand


def fields(part: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    return {one["name"]: (one["value"], one["default"]) for one in part["fields"]}


def part_of(facts: dict[str, Any], role: str) -> dict[str, Any]:
    return next(part for part in facts["root"]["parts"] if part["role"] == role)


def told(tmp_path: Path, *settings: str) -> dict[str, Any]:
    recipe = with_settings(recipes.find("dcgan"), list(settings))
    return recipe_facts(find_run(run_by_hand(tmp_path / "run", recipe=recipe).path))


def test_a_recipe_without_settings_has_nothing_marked(tmp_path: Path) -> None:
    facts = told(tmp_path)
    assert (facts["name"], facts["known"], facts["changed"]) == ("dcgan", True, 0)
    assert facts["about"].startswith("Deep convolutional GAN")
    assert fields(part_of(facts, "generator"))["width"][1] is None
    assert part_of(facts, "generator")["family"] == "Generator"
    assert [part["kind"] for part in part_of(facts, "optimizers")["parts"]] == ["Adam", "Adam"]


def test_what_was_set_stands_beside_what_it_is_without(tmp_path: Path) -> None:
    facts = told(
        tmp_path,
        "batch_size=16",
        "generator.width=8",
        "objective=LeastSquares",
        'penalties.r1={"kind": "R1", "weight": 3.5}',
    )
    default = json.loads(recipes.find("dcgan").to_json())
    assert fields(facts["root"])["batch_size"] == ("16", str(default["batch_size"]))
    assert fields(part_of(facts, "generator"))["width"] == ("8", str(default["generator"]["width"]))
    objective = part_of(facts, "objective")
    assert (objective["kind"], objective["new"], objective["instead_of"]) == (
        "LeastSquares",
        True,
        default["objective"]["kind"],
    )
    assert fields(objective)["real_target"] == ("1.0", None)  # what a new part has is not marked once more
    penalty = part_of(facts, "penalties.r1")
    assert (penalty["group"], penalty["new"], penalty["family"]) == ("penalties", True, "Term")
    assert facts["changed"] == 4


def test_a_weight_that_a_plan_chooses_is_not_marked(tmp_path: Path) -> None:
    recipe, _ = recipes.find("r3gan").settled(ImageShape(1, 8, 8))
    facts = recipe_facts(find_run(run_by_hand(tmp_path / "run", recipe=recipe).path))
    assert facts["changed"] == 0


def test_a_recipe_of_ones_own_is_shown_without_marks(tmp_path: Path) -> None:
    facts = recipe_facts(find_run(run_by_hand(tmp_path / "run", recipe=tiny_recipe(name="mine")).path))
    assert (facts["known"], facts["changed"], facts["about"]) == (False, 0, "")
    assert part_of(facts, "generator")["kind"] == "MLPGenerator"


def test_a_recipe_that_is_called_like_a_file_runs_no_file(tmp_path: Path) -> None:
    """A run.json or recipe.json of somebody else must not bring code: `recipes.find` runs a name that ends in .py."""
    ran = tmp_path / "ran"
    file = tmp_path / "evil.py"
    file.write_text(f"open({str(ran)!r}, 'w')\ndef recipe(): ...\n")
    run = run_by_hand(tmp_path / "run", recipe=tiny_recipe(name=str(file)))
    facts = recipe_facts(find_run(run.path))
    assert not facts["known"]
    assert not ran.exists()


def test_a_tree_without_end_is_cut(tmp_path: Path) -> None:
    run = run_by_hand(tmp_path / "run")
    deep: Any = {"kind": "X"}
    for _ in range(200):
        deep = {"kind": "X", "a": deep}
    wide = {f"p{n}": {"kind": "Y" * 9_000} for n in range(10_000)}
    run.recipe_file.write_text(json.dumps({"kind": "Z", "deep": deep, "many": wide, "text": "x" * 10**6}))
    facts = recipe_facts(find_run(run.path))
    assert len(json.dumps(facts)) < 200_000
