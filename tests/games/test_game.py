"""What every game is: its check on shapes alone, its records, and what follows from a recipe's fields."""

import json
import re
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ganache
from ganache.data.shape import ImageShape
from ganache.engine.iteration import iterate
from ganache.games import Cast, Draws, Game, Moment, Optimizers, Player, Product, Records, TwoPlayers
from ganache.games.game import joined, recorded
from ganache.networks import Generator, MLPGenerator
from ganache.parts.latents import Normal
from ganache.parts.objectives import LeastSquares
from ganache.parts.optimizers import Adam
from ganache.parts.part import parse
from ganache.parts.terms import GeneratorTerm, Move
from ganache.recipes.rehearsal import rehearse
from ganache.support.errors import UserError
from tests.tiny import SHAPE, Descent, draws_of, tiny_recipe, tiny_state


class Mirror(Game):
    """A generator and a linear judge of its own, which reads so many values; both move on what it says."""

    generator: Generator = MLPGenerator(latent=Normal(size=3), widths=(4,))
    reads: int = 4

    def build(self, shape: ImageShape, conditions: int) -> Cast:
        """Return both; the judge reads `reads` values, whatever the shape."""
        networks = {"generator": self.generator.build(shape, conditions), "judge": nn.Linear(self.reads, 1)}
        return Cast(networks, {}, {name: Player(Descent(), (name,)) for name in networks})

    def play(self, cast: Cast, draw: Draws, now: Moment) -> Records:
        """Move the judge towards the reals, then the generator towards what the judge likes."""
        batch = draw.batch()
        cast.train_only("judge")
        said = cast("judge", batch.reals.flatten(1))
        cast.update("judge", said[:, 0], now)
        cast.train_only("generator")
        none = draw.nothing().conditions if not self.conditional else batch.conditions
        fakes = cast("generator", draw.latents(self.generator.latent), none)
        cast.update("generator", cast("judge", fakes.flatten(1))[:, 0], now)
        return recorded({"said": said})

    def products(self) -> tuple[Product, ...]:
        """Return the generator."""
        return (Product("generator", self.generator),)


class Doubting(Mirror):
    """Refuses by itself, before anything is played."""

    def check(self, cast: Cast, shape: ImageShape, conditions: int) -> None:
        """Refuse."""
        raise UserError("generator: not this one")


class Brightness(GeneratorTerm):
    """Wants reals beside the fakes."""

    needs_reals = True

    def __call__(self, move: Move) -> Tensor:
        """Return the difference of the mean pixels (N,)."""
        return move.fakes.flatten(1).mean(1) - move.reals.mean()


def mirror(**fields: Any) -> Mirror:
    return Mirror(name="mirror", **fields)


@pytest.mark.parametrize("conditions", [0, 3])
def test_a_game_is_rehearsed_by_playing_an_iteration_of_shapes(conditions: int) -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    rehearse(mirror(conditional=conditions > 0), SHAPE, conditions)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_game_whose_play_fails_on_shapes_is_refused_in_one_line() -> None:
    with pytest.raises(UserError) as refused:
        rehearse(mirror(reads=5), SHAPE, 0)
    assert str(refused.value).startswith("batch_size: the networks cannot pass a batch of 64: ")
    assert re.search(r"4.*5", str(refused.value))  # the sizes that do not go together
    assert "\n" not in str(refused.value)


def test_a_training_of_such_a_game_does_not_begin(tmp_path: Any) -> None:
    with pytest.raises(UserError, match=r"^batch_size: the networks cannot pass a batch"):
        ganache.train(mirror(reads=5), data="digits", out=tmp_path / "run", images=64)
    assert not (tmp_path / "run").exists()


def test_a_game_may_check_itself() -> None:
    with pytest.raises(UserError, match=r"^generator: not this one$"):
        rehearse(Doubting(name="doubting"), SHAPE, 0)


def test_a_game_of_ones_own_trains_and_has_what_every_training_has() -> None:
    state = tiny_state(mirror(batch_size=4))
    before = {name: tensor.clone() for name, tensor in state.tensors().items()}
    iterate(state, draws_of(state))
    after = state.tensors()
    moved = {name.partition("/")[0] for name, tensor in before.items() if not torch.equal(tensor, after[name])}
    assert moved == {"generator", "judge", "average"}
    assert float(state.tally.entries["said"][1]) == 4
    assert state.recipe.critic(state.cast, Moment()) is None
    assert state.recipe.sampler == MLPGenerator(latent=Normal(size=3), widths=(4,))
    real, fake = torch.tensor([3.0, 5.0]), torch.tensor([-1.0, 1.0])
    assert float(state.recipe.boundary(real, fake)) == 2.0  # midway between the means, 4 and 0


def test_a_moment_moves_on_by_images_within_its_iteration() -> None:
    assert Moment() == Moment(0, 0)
    assert Moment(8, 2).after(4) == Moment(12, 2)


def test_records_are_detached_means_over_all_but_the_samples() -> None:
    weight = torch.ones((), requires_grad=True)
    values = torch.arange(8.0).reshape(2, 1, 2, 2) * weight
    records = recorded({"map": values, "one": values[:, 0, 0, 0]})
    assert records["map"].tolist() == [1.5, 5.5]
    assert records["one"].tolist() == [0.0, 4.0]
    assert not any(value.requires_grad for value in records.values())


def test_records_of_several_moves_stand_one_after_the_other() -> None:
    one, two = torch.tensor([1.0]), torch.tensor([2.0, 3.0])
    found = joined([{"a": one, "b": two}, {"a": two}, {"c": one}])
    assert {name: values.tolist() for name, values in found.items()} == {
        "a": [1.0, 2.0, 3.0],
        "b": [2.0, 3.0],
        "c": [1.0],
    }


@pytest.mark.parametrize(
    ("fields", "images", "takes_reals", "compares"),
    [
        ({}, 4, False, False),
        ({"critic_steps": 5, "batch_size": 6}, 30, False, False),
        ({"conditional": True}, 4, True, False),
        ({"generator_terms": {"bright": Brightness()}}, 4, True, True),
        ({"objective": {"kind": "RelativisticPairing"}}, 4, True, True),
    ],
)
def test_what_follows_from_a_recipe(fields: dict[str, Any], images: int, takes_reals: bool, compares: bool) -> None:
    recipe = tiny_recipe(**fields)
    assert recipe.images_per_iteration == images
    assert recipe.generator_takes_reals is takes_reals
    assert recipe.compares is compares


def test_the_players_may_have_different_optimisers() -> None:
    recipe = tiny_recipe(optimizers=Optimizers(generator=Adam(learning_rate=1e-4), discriminator=Adam()))
    tree = recipe.model_dump(mode="json")["optimizers"]
    assert (tree["generator"]["learning_rate"], tree["discriminator"]["learning_rate"]) == (1e-4, 1e-3)


def test_recipe_is_the_game_of_two_players_under_its_former_name() -> None:
    assert ganache.Recipe is TwoPlayers
    recipe = tiny_recipe(objective=LeastSquares())
    fields = json.loads(recipe.to_json())
    assert fields.pop("kind") == "TwoPlayers"
    assert parse(TwoPlayers, {**fields, "kind": "Recipe"}) == recipe
    assert parse(TwoPlayers, fields) == recipe


class Extended(TwoPlayers):
    """As a user may extend it."""


def test_a_game_that_extends_it_does_not_take_its_former_name() -> None:
    """With a user's own kind of TwoPlayers imported, two were called Recipe, and no older run could be read."""
    fields = json.loads(tiny_recipe().to_json())
    assert type(parse(Game, {**fields, "kind": "Recipe"})) is TwoPlayers
    assert type(parse(Game, {**fields, "kind": "Extended"})) is Extended


def test_a_game_of_another_kind_is_read_as_itself() -> None:
    game = mirror(reads=7, batch_size=3)
    assert parse(Game, json.loads(game.to_json())) == game
    with pytest.raises(UserError, match="no TwoPlayers is called 'Mirror'"):
        parse(TwoPlayers, json.loads(game.to_json()))
