"""Terms that are applied every k of a player's moves, k-fold, whatever the moves in an iteration."""

from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from ganache.engine.iteration import iterate
from ganache.games import Moment
from ganache.games.judging import total
from ganache.games.two_players import _due
from ganache.parts.penalties import R1
from ganache.parts.schedules import Linear
from ganache.parts.terms import GeneratorTerm, Move
from tests.tiny import draws_of, noting, tiny_recipe, tiny_state


class Brightness(GeneratorTerm):
    """The sum of an image's pixels."""

    def __call__(self, move: Move) -> Tensor:
        """Return the sums (N,)."""
        return move.fakes.flatten(1).sum(dim=1)


def test_a_lazy_term_is_due_every_k_moves_with_k_times_its_weight() -> None:
    terms = tiny_recipe(
        penalties={
            "always": R1(weight=0.5),
            "lazy": R1(weight=2.0, every=4),
            "fading": R1(weight=Linear(start=8.0, end=0.0, until=80.0), every=2),
        }
    ).penalties
    weights = []
    for moves in range(9):
        due, now = _due(terms, moves), Moment(10 * moves)
        nothing, one = torch.zeros(2), torch.ones(2)
        weights.append({name: float(total(nothing, {name: one}, terms, now)[0]) for name in due})
    assert weights == [
        {"always": 0.5, "lazy": 8.0, "fading": 16.0},
        {"always": 0.5},
        {"always": 0.5, "fading": 12.0},
        {"always": 0.5},
        {"always": 0.5, "lazy": 8.0, "fading": 8.0},
        {"always": 0.5},
        {"always": 0.5, "fading": 4.0},
        {"always": 0.5},
        {"always": 0.5, "lazy": 8.0, "fading": 0.0},
    ]


def test_the_loss_is_the_sum_of_the_objective_and_each_term_times_its_weight() -> None:
    terms = {"one": R1(weight=0.5, every=2), "other": R1(weight=Linear(start=4.0, end=0.0, until=8.0))}
    values = {"one": torch.tensor([1.0, 2.0]), "other": torch.tensor([10.0, 20.0])}
    assert total(torch.tensor([0.25, 0.5]), values, terms, Moment(2)).tolist() == [31.25, 62.5]
    loss = torch.tensor([0.25, 0.5])
    assert total(loss, {}, terms, Moment(2)) is loss


MOVES: list[tuple[dict[str, Any], str, list[bool]]] = [
    # Three moves an iteration, every second of them: first, third; fifth; …
    ({"critic_steps": 3, "penalties": {"t": R1(every=2)}}, "discriminator", [True, False, True, False, True, False]),
    ({"penalties": {"t": R1(every=3)}}, "discriminator", [True, False, False, True, False]),
    ({"generator_terms": {"t": Brightness(every=2)}}, "generator", [True, False, True, False]),
    ({"critic_steps": 5, "generator_terms": {"t": Brightness(every=2)}}, "generator", [True, False, True, False]),
    (
        {"generator_steps": 2, "generator_terms": {"t": Brightness(every=3)}},
        "generator",
        [True, False, False, True, False, False, True, False],
    ),
]


@pytest.mark.parametrize(("fields", "role", "expected"), MOVES)
def test_each_players_own_moves_are_counted_over_all_iterations(
    fields: dict[str, Any], role: str, expected: list[bool]
) -> None:
    game = noting(**fields)
    state = tiny_state(game)
    draws = draws_of(state)
    while sum(move.role == role for move in game.moves) < len(expected):
        iterate(state, draws)
    assert ["t" in move.due for move in game.moves if move.role == role] == expected
    assert not any(move.due for move in game.moves if move.role != role)
    name = {"generator": "term/t", "discriminator": "penalty/t"}[role]
    assert float(state.tally.entries[name][1]) == 4 * sum(expected)  # of batches of four


def test_laziness_goes_on_where_the_state_stands() -> None:
    """What is due follows from the number of the iteration, not from what was played before in this process."""
    game = noting(penalties={"t": R1(every=3)})
    state = tiny_state(game)
    state.counters.iterations = 5
    for _ in range(3):
        iterate(state, draws_of(state))
    assert ["t" in move.due for move in game.moves if move.role == "discriminator"] == [False, True, False]


@pytest.mark.parametrize("name", ["codes/x", "", "a.b", "x" * 65])
def test_a_term_has_a_plain_name(name: str) -> None:
    """Before, a run with a slash in one could not be resumed: another term's tensors had the same prefix."""
    with pytest.raises(ValidationError, match="penalties"):
        tiny_recipe(penalties={name: R1()})
