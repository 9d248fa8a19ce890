import colorsys
import sys
from pathlib import Path

import pytest
import torch

from ganache import recipes
from ganache.errors import UserError
from ganache.iteration import Reals, iterate
from ganache.networks import Discriminator, Generator
from ganache.parts import parse
from ganache.penalties import R1, Weighted
from ganache.recipe import Recipe
from ganache.shape import ImageShape
from tests.tiny import Numbered, tiny_state

NAMES = recipes.names()
OWN = """
from ganache.objectives import LeastSquares
from ganache.recipes import find

def recipe():
    return find("mlp-2d").changed(name="mine", objective=LeastSquares())
"""


def test_the_recipes_are_known_and_sorted() -> None:
    assert {"dcgan", "lsgan", "mlp-2d", "vanilla"} <= set(NAMES)
    assert sorted(NAMES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_bears_its_name_says_what_it_is_and_is_its_json(name: str) -> None:
    recipe = recipes.find(name)
    assert recipe.name == name
    assert recipe == recipes.find(name.upper().replace("-", "_"))
    assert parse(Recipe, recipe.model_dump(mode="json")) == recipe
    text = recipes.describe(name)
    assert "generator:" in text
    assert "discriminator:" in text or "critic:" in text
    assert "\nganache train" in text


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_moves_every_weight_of_both_players(name: str) -> None:
    recipe = recipes.find(name).changed(batch_size=4)
    shape = ImageShape(2, 1, 1) if name.endswith("2d") else ImageShape(1, 16, 16)
    data = Numbered(shape, classes=3)
    state = tiny_state(recipe, shape, labels=3)
    before = {
        (role, key): value.clone()
        for role, network in state.players.networks.items()
        for key, value in network.named_parameters()
    }
    iterate(state, Reals(data, state, ()))
    assert before != {}
    still = [
        (role, key)
        for role, network in state.players.networks.items()
        for key, value in network.named_parameters()
        if torch.equal(value, before[role, key])
    ]
    assert still == []
    state.check_finite()


# What the sources say: (learning rate, first beta, batch, latent size, reals and fakes together, average).
PUBLISHED = {
    "dcgan": (2e-4, 0.5, 64, 100, False, 5_000.0),
    "lsgan": (1e-3, 0.5, 128, 96, False, 0.0),
    "mlp-2d": (1e-3, 0.5, 256, 2, False, 20_000.0),
    "vanilla": (1e-4, 0.9, 32, 100, True, 0.0),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_values(name: str) -> None:
    recipe = recipes.find(name).model_dump(mode="json")
    rate, beta, batch, latent, joint, half_life = PUBLISHED[name]
    for role in ("generator", "discriminator"):
        assert recipe["optimizers"][role]["learning_rate"] == rate
        assert recipe["optimizers"][role]["betas"] == [beta, 0.999]
    assert (recipe["batch_size"], recipe["generator"]["latent"]["size"]) == (batch, latent)
    assert (recipe["joint_batch"], recipe["ema_half_life"]) == (joint, half_life)
    assert (recipe["critic_steps"], recipe["penalties"]) == (1, {})


def test_an_unknown_name_gets_the_closest_and_all() -> None:
    with pytest.raises(UserError) as refused:
        recipes.find("dcgam")
    listed = ", ".join(NAMES)
    assert str(refused.value) == f"recipe: there is no 'dcgam' (did you mean 'dcgan'?); there are: {listed}"


def test_the_default_follows_the_shape() -> None:
    assert recipes.default_for(ImageShape(2, 1, 1)).name == "mlp-2d"
    assert recipes.default_for(ImageShape(2, 1, 2)).name == "dcgan"
    assert recipes.default_for(ImageShape(3, 64, 48)).name == "dcgan"


def test_a_python_file_is_a_recipe(tmp_path: Path) -> None:
    file = tmp_path / "my_own_gan_for_a_test.py"
    file.write_text(OWN)
    recipe = recipes.find(str(file))
    assert recipe == recipes.find("mlp-2d").changed(name="mine", objective={"kind": "LeastSquares"})


def test_a_file_that_is_absent_or_no_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"code: there is no Python file .*absent\.py"):
        recipes.find(str(tmp_path / "absent.py"))
    for number, text in enumerate(["", "recipe = 3", "def recipe():\n    return 3\n"]):
        file = tmp_path / f"no_recipe_{number}.py"
        file.write_text(text)
        with pytest.raises(UserError, match=r"has no function recipe\(\) that returns a ganache.Recipe"):
            recipes.find(str(file))


def test_a_users_file_takes_no_modules_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "colorsys", colorsys)
    (tmp_path / "colorsys.py").write_text(OWN)
    assert recipes.find(str(tmp_path / "colorsys.py")).name == "mine"
    assert sys.modules["colorsys"] is colorsys


def test_a_users_file_is_described_by_its_own_docstring(tmp_path: Path) -> None:
    file = tmp_path / "my_described_gan.py"
    file.write_text('"""Mine."""\n' + OWN)
    assert recipes.describe(str(file)) == "Mine."


def test_recipes_share_nothing_that_can_be_changed() -> None:
    with pytest.raises(TypeError):
        recipes.find("dcgan").penalties["r1"] = Weighted(penalty=R1())
    assert isinstance(recipes.find("dcgan").generator, Generator)
    assert isinstance(recipes.find("dcgan").discriminator, Discriminator)
