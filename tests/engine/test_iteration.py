from typing import Any

import pytest
import torch
from torch import Tensor

from ganache.data import select
from ganache.data.shape import ImageShape
from ganache.data.sources.densities import ring
from ganache.engine import iteration
from ganache.engine.iteration import Reals, iterate
from ganache.engine.state import TrainingState
from ganache.games.players import Players
from ganache.games.recipe import Optimizers, Recipe
from ganache.games.step import Moment, Records, TrainingBatch
from ganache.parts.objectives import Objective
from ganache.parts.optimizers import Adam
from ganache.parts.penalties import R1, Weighted
from ganache.parts.schedules import Linear
from tests.tiny import Numbered, tiny_recipe, tiny_state

Call = dict[str, Any]


class Relative(Objective):
    """Compares with reals in both halves."""

    generator_needs_reals = True

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return (fake_logits - real_logits)[:, 0]

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        assert real_logits is not None
        return (real_logits - fake_logits)[:, 0]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """What the steps are given, in order; they still move the players."""
    made: list[Call] = []

    def noted(role: str) -> Any:
        step = getattr(iteration, f"{role}_step")

        def call(players: Players, batch: TrainingBatch, latents: Tensor, recipe: Recipe, now: Moment) -> Records:
            rate = players.optimizers["generator"].param_groups[0]["lr"]
            made.append({"role": role, "batch": batch, "latents": latents, "now": now, "rate": rate})
            records: Records = step(players, batch, latents, recipe, now)
            return records

        return call

    monkeypatch.setattr(iteration, "generator_step", noted("generator"))
    monkeypatch.setattr(iteration, "discriminator_step", noted("discriminator"))
    return made


def rows(batch: TrainingBatch) -> list[int]:
    """Return which rows a batch holds, from their pixels."""
    return [round(value) for value in ((batch.reals[:, 0, 0, 0] + 1) * 127.5).tolist()]


def begun(recipe: Recipe, classes: int = 0) -> tuple[TrainingState, Reals, Numbered]:
    data = Numbered(classes=classes)
    state = tiny_state(recipe, labels=classes)
    return state, Reals(select(data), state), data


def test_each_critic_step_takes_the_next_batch_and_the_generator_none(calls: list[Call]) -> None:
    state, reals, data = begun(tiny_recipe(critic_steps=3))
    for _ in range(2):
        iterate(state, reals)
    assert [call["role"] for call in calls] == (["discriminator"] * 3 + ["generator"]) * 2
    taken = [rows(call["batch"]) for call in calls if call["role"] == "discriminator"]
    assert taken == [list(range(first, first + 4)) for first in range(0, 24, 4)]
    assert data.streams[0].asked == [(first, 4) for first in range(0, 24, 4)]
    for call in calls:
        if call["role"] == "generator":
            assert call["batch"].reals.shape == (0, 1, 2, 2)
            assert call["batch"].labels.shape == (4, 0)
    assert state.counts() == {"images_seen": 24, "images_drawn": 24, "critic_updates": 6, "rollbacks": 0}


@pytest.mark.parametrize("fields", [{"objective": Relative()}, {"conditional": True}])
def test_a_generator_that_needs_reals_takes_a_batch_of_its_own(calls: list[Call], fields: dict[str, Any]) -> None:
    state, reals, _ = begun(tiny_recipe(critic_steps=2, **fields), classes=3)
    for _ in range(2):
        iterate(state, reals)
    assert [rows(call["batch"])[0] for call in calls] == [0, 4, 8, 12, 16, 20]
    assert state.counts() == {"images_seen": 16, "images_drawn": 24, "critic_updates": 4, "rollbacks": 0}


def test_latents_are_new_for_every_step(calls: list[Call]) -> None:
    state, reals, _ = begun(tiny_recipe(critic_steps=2))
    expected = tiny_state(state.recipe).streams.latents
    iterate(state, reals)
    iterate(state, reals)
    drawn = [torch.randn(4, 3, generator=expected) for _ in range(6)]
    assert all(torch.equal(call["latents"], latents) for call, latents in zip(calls, drawn, strict=True))
    assert len({float(call["latents"][0, 0]) for call in calls}) == 6


def test_the_generator_may_move_first(calls: list[Call]) -> None:
    state, reals, _ = begun(tiny_recipe(critic_steps=2, first="generator"))
    iterate(state, reals)
    iterate(state, reals)
    assert [call["role"] for call in calls] == ["generator", "discriminator", "discriminator"] * 2
    assert [call["now"].images_seen for call in calls] == [0, 0, 4, 8, 8, 12]


def test_every_step_gets_the_scheduled_values_of_its_moment(calls: list[Call]) -> None:
    rate = Linear(start=1.0, end=0.0, until=64.0)
    optimizers = Optimizers(generator=Adam(learning_rate=rate), discriminator=Adam())
    penalties = {"r1": Weighted(penalty=R1(), weight=Linear(start=0.0, end=16.0, until=16.0), every=3)}
    state, reals, _ = begun(tiny_recipe(critic_steps=2, optimizers=optimizers, penalties=penalties))
    iterate(state, reals)
    iterate(state, reals)
    assert [call["now"].images_seen for call in calls] == [0, 4, 8, 8, 12, 16]
    assert [call["rate"] for call in calls] == [1 - seen / 64 for seen in (0, 4, 8, 8, 12, 16)]
    discriminators = [call["now"].penalties for call in calls if call["role"] == "discriminator"]
    assert discriminators == [{"r1": 0.0}, {}, {}, {"r1": 36.0}]  # the fourth update, at 12 images, three-fold


def test_labels_are_the_reals_own_in_both_halves() -> None:
    state, reals, _ = begun(tiny_recipe(conditional=True, batch_size=5), classes=3)
    given: dict[str, list[Tensor]] = {"generator": [], "discriminator": []}
    for role, network in state.players.networks.items():
        network.register_forward_pre_hook(lambda _, inputs, role=role: given[role].append(inputs[1]))
    iterate(state, reals)
    first = torch.eye(3)[[0, 1, 2, 0, 1]]
    second = torch.eye(3)[[2, 0, 1, 2, 0]]
    # fakes for the critic, then its reals and fakes; then the generator's own
    assert [labels.tolist() for labels in given["generator"]] == [first.tolist(), second.tolist()]
    assert [labels.tolist() for labels in given["discriminator"]] == [first.tolist(), first.tolist(), second.tolist()]


def test_an_unconditional_recipe_sees_no_labels() -> None:
    state, reals, _ = begun(tiny_recipe(), classes=3)
    assert state.labels == 0
    assert reals.next().labels.shape == (4, 0)


def test_pixels_span_minus_one_to_one() -> None:
    _, reals, _ = begun(tiny_recipe(batch_size=251))
    batch = reals.next()
    assert batch.reals.dtype == torch.float32
    expected = torch.arange(251, dtype=torch.float64) / 127.5 - 1
    torch.testing.assert_close(batch.reals[:, 0, 1, 1].double(), expected, rtol=0.0, atol=1e-7)
    assert float(batch.reals[0, 0, 0, 0]) == -1.0


def test_points_of_a_density_stay_as_they_are() -> None:
    state = tiny_state(tiny_recipe(), ImageShape(2, 1, 1))
    batch = Reals(select(ring()), state).next()
    expected = ring().stream(state.streams_seed).batch(0, 4).images
    assert batch.reals.numpy().tolist() == expected.tolist()


def test_the_data_goes_on_where_the_state_stands_and_is_seeded_by_it() -> None:
    state, _, data = begun(tiny_recipe())
    state.counters.images_drawn = 40
    reals = Reals(select(data), state)
    assert rows(reals.next()) == [40, 41, 42, 43]
    assert [stream.seed for stream in data.streams] == [0, 0]
    state.reseed_after_rollback(1)
    Reals(select(data), state)
    assert data.streams[-1].seed == state.streams_seed != 0


def test_the_average_follows_with_the_half_life_after_the_iteration() -> None:
    half_life = Linear(start=0.0, end=16.0, until=16.0)  # as many images as were seen
    state, reals, _ = begun(tiny_recipe(critic_steps=2, ema_half_life=half_life))
    before = [weight.clone() for weight in state.average.network.parameters()]
    iterate(state, reals)
    # 8 images seen, in steps of 8: exactly one half-life.
    for average, start, now in zip(
        state.average.network.parameters(), before, state.players.networks["generator"].parameters(), strict=True
    ):
        torch.testing.assert_close(average, (start + now.detach()) / 2, rtol=1e-6, atol=1e-7)


def test_the_records_of_all_steps_are_summed() -> None:
    state, reals, _ = begun(tiny_recipe(critic_steps=3))
    iterate(state, reals)
    counts = {name: float(entry[1]) for name, entry in state.tally.entries.items()}
    of_the_critic = ("loss/discriminator", "logits/real", "logits/fake", "accuracy/real", "accuracy/fake")
    assert counts == dict.fromkeys(of_the_critic, 12.0) | {"loss/generator": 4.0, "gradient/fakes": 4.0}
