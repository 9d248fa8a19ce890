"""One iteration: who moves on what, when, and how averages and sums follow."""

from typing import Any

import pytest
import torch
from torch import Tensor

from ganache.engine.iteration import iterate
from ganache.engine.random_draws import StateDraws
from ganache.engine.state import TrainingState
from ganache.games import Moment, Optimizers
from ganache.games.game import TrainingBatch
from ganache.parts.objectives import Objective
from ganache.parts.optimizers import Adam
from ganache.parts.schedules import Linear
from ganache.support.streams import generator
from tests.tiny import CPU, Noting, draws_of, noting, tiny_recipe, tiny_state


class Relative(Objective):
    """Compares with reals in both halves."""

    generator_needs_reals = True

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return (fake_logits - real_logits)[:, 0]

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        assert real_logits is not None
        return (real_logits - fake_logits)[:, 0]


def rows(batch: TrainingBatch) -> list[int]:
    """Return which rows a batch holds, from their pixels."""
    return [round(value) for value in ((batch.reals[:, 0, 0, 0] + 1) * 127.5).tolist()]


def begun(game: Noting, classes: int = 0) -> tuple[TrainingState, StateDraws]:
    state = tiny_state(game, labels=classes)
    return state, draws_of(state, classes)


def test_each_critic_step_takes_the_next_batch_and_the_generator_none() -> None:
    game = noting(critic_steps=3)
    state, draws = begun(game)
    for _ in range(2):
        iterate(state, draws)
    assert [move.role for move in game.moves] == (["discriminator"] * 3 + ["generator"]) * 2
    taken = [rows(move.batch) for move in game.moves if move.role == "discriminator"]
    assert taken == [list(range(first, first + 4)) for first in range(0, 24, 4)]
    for move in game.moves:
        if move.role == "generator":
            assert move.batch.reals.shape == (0, 1, 2, 2)
            assert move.batch.conditions.shape == (4, 0)
    assert state.counts() == {"images_seen": 24, "images_drawn": 24, "iterations": 2, "rollbacks": 0}


@pytest.mark.parametrize("fields", [{"objective": Relative()}, {"conditional": True}])
def test_a_generator_that_needs_reals_takes_a_batch_of_its_own(fields: dict[str, Any]) -> None:
    game = noting(critic_steps=2, **fields)
    state, draws = begun(game, classes=3)
    for _ in range(2):
        iterate(state, draws)
    assert [rows(move.batch)[0] for move in game.moves] == [0, 4, 8, 12, 16, 20]
    assert state.counts() == {"images_seen": 16, "images_drawn": 24, "iterations": 2, "rollbacks": 0}


def test_latents_are_new_for_every_move() -> None:
    game = noting(critic_steps=2)
    state, draws = begun(game)
    iterate(state, draws)
    iterate(state, draws)
    places = [(iteration, number) for iteration in range(2) for number in range(3)]
    for move, place in zip(game.moves, places, strict=True):
        expected = torch.randn(4, 3, generator=generator(CPU, 0, "latents", *place))
        assert torch.equal(move.latents, expected)
    assert len({float(move.latents[0, 0]) for move in game.moves}) == 6


def test_the_generator_may_move_first() -> None:
    game = noting(critic_steps=2, first="generator")
    state, draws = begun(game)
    iterate(state, draws)
    iterate(state, draws)
    assert [move.role for move in game.moves] == ["generator", "discriminator", "discriminator"] * 2
    assert [move.now.images_seen for move in game.moves] == [0, 0, 4, 8, 8, 12]


def test_a_generator_may_move_more_often_or_not_at_all() -> None:
    game = noting(generator_steps=2)
    iterate(*begun(game))
    assert [move.role for move in game.moves] == ["discriminator", "generator", "generator"]
    still = noting(generator_steps=0)
    state, draws = begun(still)
    before = [weight.clone() for weight in state.cast.networks["generator"].parameters()]
    iterate(state, draws)
    assert [move.role for move in still.moves] == ["discriminator"]
    weights = state.cast.networks["generator"].parameters()
    assert all(torch.equal(weight, first) for weight, first in zip(weights, before, strict=True))


def test_every_move_is_at_its_moment_with_the_rate_of_that_moment() -> None:
    adam = Adam(learning_rate=Linear(start=1.0, end=0.0, until=64.0))
    game = noting(critic_steps=2, optimizers=Optimizers(generator=adam, discriminator=adam))
    state, draws = begun(game)
    iterate(state, draws)
    iterate(state, draws)
    seen = (0, 4, 8, 8, 12, 16)
    assert [(move.now.images_seen, move.now.iteration) for move in game.moves] == [
        *((0, 0), (4, 0), (8, 0)),
        *((8, 1), (12, 1), (16, 1)),
    ]
    assert game.moves[0].now == Moment()
    assert [move.rate for move in game.moves] == [1 - images / 64 for images in seen]
    assert state.rates() == {"learning_rate/generator": 1 - 16 / 64, "learning_rate/discriminator": 1 - 12 / 64}


def test_conditions_are_the_reals_own_in_both_moves() -> None:
    recipe = tiny_recipe(conditional=True, batch_size=5)
    state = tiny_state(recipe, labels=3)
    given: dict[str, list[Tensor]] = {"generator": [], "discriminator": []}
    for role, network in state.cast.networks.items():
        network.register_forward_pre_hook(lambda _, inputs, role=role: given[role].append(inputs[1]))
    iterate(state, draws_of(state, 3))
    first = torch.eye(3)[[0, 1, 2, 0, 1]]
    second = torch.eye(3)[[2, 0, 1, 2, 0]]
    # fakes for the critic, then its reals and fakes in one pass; then the generator's own
    assert [told.tolist() for told in given["generator"]] == [first.tolist(), second.tolist()]
    assert [told.tolist() for told in given["discriminator"]] == [2 * first.tolist(), second.tolist()]


def test_the_average_follows_with_the_half_life_after_the_iteration() -> None:
    half_life = Linear(start=0.0, end=16.0, until=16.0)  # as many images as were seen
    state = tiny_state(tiny_recipe(critic_steps=2, ema_half_life=half_life))
    before = [weight.clone() for weight in state.average.parameters()]
    iterate(state, draws_of(state))
    # 8 images seen, in steps of 8: exactly one half-life.
    for average, start, now in zip(
        state.average.parameters(), before, state.cast.networks["generator"].parameters(), strict=True
    ):
        torch.testing.assert_close(average, (start + now.detach()) / 2, rtol=1e-6, atol=1e-7)


def test_the_records_of_all_moves_are_summed() -> None:
    state = tiny_state(tiny_recipe(critic_steps=3))
    iterate(state, draws_of(state))
    counts = {name: float(entry[1]) for name, entry in state.tally.entries.items()}
    of_the_critic = ("loss/discriminator", "logits/real", "logits/fake", "accuracy/real", "accuracy/fake")
    assert counts == dict.fromkeys(of_the_critic, 12.0) | {"loss/generator": 4.0, "gradient/fakes": 4.0}
