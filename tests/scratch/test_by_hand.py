"""Games of this engine in the library's state: what is in it, what comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor

from ganache.data import Selection, open_dataset, select
from ganache.data.shape import ImageShape
from ganache.engine.iteration import iterate
from ganache.engine.random_draws import StateDraws
from ganache.engine.state import NonFiniteError, TrainingState
from ganache.games.game import Draws, TrainingBatch
from ganache.parts.latents import Latent
from ganache.parts.moment import Moment
from ganache.scratch.array_module import from_outside
from ganache.scratch.by_hand import ClassifierByHand, GanByHand, HandPlayed, Memory, is_kept, rows
from ganache.support.errors import UserError
from ganache.support.precision import FULL
from tests.labelled import labelled, shades

TINY = GanByHand(latent=6, width=12, batch_size=32)
TINY_DCGAN = GanByHand(network="dcgan", latent=6, width=4, learning_rate=0.02, batch_size=32, dropout=0.0)
TINY_CLASSIFIER = ClassifierByHand(width=16, keeps_a_tenth=True, dropout=0.2)
KINDS = pytest.mark.parametrize("game", [TINY, TINY_DCGAN, TINY_CLASSIFIER], ids=["mlp", "dcgan", "classifier"])


def sevens(game: HandPlayed) -> Selection:
    return select(open_dataset("digits"), () if game.conditional else ("7",), game.conditional)


def begun(game: HandPlayed, data: Selection, seed: int = 5) -> TrainingState:
    return TrainingState(game, data.shape, len(data.label_names), seed, torch.device("cpu"), FULL)


def played(game: HandPlayed, iterations: int, seed: int = 5) -> TrainingState:
    data = sevens(game)
    return go_on(begun(game, data, seed), data, iterations)


def go_on(state: TrainingState, data: Selection, iterations: int) -> TrainingState:
    draws = StateDraws(data, state)
    for _ in range(iterations):
        iterate(state, draws)
    return state


def same(one: TrainingState, other: TrainingState) -> bool:
    mine, others = one.tensors(), other.tensors()
    return mine.keys() == others.keys() and all(torch.equal(mine[name], others[name]) for name in mine)


@KINDS
def test_a_state_that_was_saved_goes_on_with_the_same_bits(game: HandPlayed) -> None:
    whole, half, data = played(game, 6), played(game, 3), sevens(game)
    saved = {name: tensor.clone() for name, tensor in half.tensors().items()}
    resumed = begun(game, data, seed=5)
    resumed.load(saved, half.counts())
    assert not same(whole, half)
    assert same(whole, go_on(resumed, data, 3))


@KINDS
def test_equal_seeds_give_equal_states_and_others_do_not(game: HandPlayed) -> None:
    assert same(played(game, 2), played(game, 2))
    assert not same(played(game, 2), played(game, 2, seed=6))


def test_all_that_the_engine_has_is_in_the_state_and_is_checked() -> None:
    state = played(TINY, 1)
    names = [f"by_hand/{role}/" for role in ("generator", "discriminator")]
    held = {name: tensor for name, tensor in state.tensors().items() if name.startswith("by_hand/")}
    # Three layers each, with weight and bias and both of Adam's averages of them, and its count.
    assert [sum(name.startswith(start) for name in held) for start in names] == [19, 19]
    assert {tensor.dtype for tensor in held.values()} == {torch.float64}
    assert held["by_hand/generator/descent/steps"] == 1.0
    state.check_finite()
    Memory.of(state.cast).learners["discriminator"].network.parameters()["0.weight"][0, 0] = np.inf
    with pytest.raises(NonFiniteError, match="by_hand/discriminator/network/0/weight"):
        state.check_finite()


@pytest.mark.parametrize("game", [TINY, TINY_DCGAN], ids=["mlp", "dcgan"])
def test_the_ordinary_generator_draws_what_the_engine_draws(game: GanByHand) -> None:
    state = played(game, 5)
    latents = torch.randn(64, game.latent, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        ordinary = state.average.eval()(latents, torch.zeros(64, 0))
    learners = Memory.of(state.cast).learners
    own = learners["generator"].network.forward(from_outside(latents))
    np.testing.assert_allclose(own, rows(ordinary), rtol=0, atol=1e-6)
    assert np.ptp(own) > 0.1


def test_points_of_a_density_are_learnt_and_drawn() -> None:
    data = select(open_dataset("ring"), (), False)
    state = go_on(begun(TINY, data), data, 2)
    drawn = state.average(torch.zeros(3, 6), torch.zeros(3, 0))
    assert drawn.shape == (3, 2, 1, 1)


def test_a_step_takes_both_latents_and_logs_both_losses() -> None:
    state = played(TINY, 3)
    assert set(state.tally.means()) == {"loss/generator", "loss/discriminator"}
    assert state.tally.means()["loss/discriminator"] == pytest.approx(2.0 * np.log(2.0), abs=0.1)  # at the start


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"dropout": 1.0}, "dropout"),
        ({"network": "dcgan", "dropout": 0.5}, "dcgan's discriminator has no dropout"),
        ({"width": 0}, "width"),
    ],
)
def test_what_no_game_can_have_is_refused(fields: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        GanByHand().changed(**fields)


def test_a_classifier_needs_two_classes() -> None:
    with pytest.raises(UserError, match="no two classes to tell apart"):
        TINY_CLASSIFIER.build(ImageShape(1, 4, 4), 1)


@dataclass
class OneBatch:
    """The same batch again and again."""

    batched: TrainingBatch

    def batch(self) -> TrainingBatch:
        return self.batched

    def nothing(self) -> TrainingBatch:
        raise AssertionError

    def latents(self, latent: Latent) -> Tensor:
        raise AssertionError


def test_a_classifier_never_learns_from_the_tenth_that_it_keeps() -> None:
    images = torch.rand(200, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    classes = torch.nn.functional.one_hot(torch.arange(200) % 2, 2).float()
    kept = is_kept(images)
    assert 10 <= int(kept.sum()) <= 32  # 20 expected, a standard deviation of 4.2
    assert torch.equal(is_kept(images[50:90]), kept[50:90])  # whatever is in the same batch
    all_others: Sequence[Tensor] = (images[~kept], classes[~kept])
    game = TINY_CLASSIFIER.changed(dropout=0.0)
    trained = [
        moved(game, OneBatch(TrainingBatch(images, classes))),
        moved(game.changed(keeps_a_tenth=False), OneBatch(TrainingBatch(*all_others))),
        moved(game.changed(keeps_a_tenth=False), OneBatch(TrainingBatch(images, classes))),
    ]
    assert torch.equal(trained[0], trained[1])
    assert not torch.equal(trained[0], trained[2])


def test_a_minibatch_that_is_wholly_kept_moves_nothing() -> None:
    images = torch.rand(200, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    kept = images[is_kept(images)]
    batch = TrainingBatch(kept, torch.eye(2)[[0] * len(kept)])
    torch.manual_seed(0)
    fresh = TINY_CLASSIFIER.build(ImageShape(1, 4, 4), 2).memories["by_hand"].get_buffer("classifier/network/0/weight")
    assert torch.equal(moved(TINY_CLASSIFIER, OneBatch(batch)), fresh)


def moved(game: ClassifierByHand, draws: Draws) -> Tensor:
    torch.manual_seed(0)
    cast = game.build(ImageShape(1, 4, 4), 2)
    game.play(cast, draws, Moment())
    return cast.memories["by_hand"].get_buffer("classifier/network/0/weight")


def test_a_tenth_is_kept_where_no_images_of_known_classes_are_held_out() -> None:
    labels = [0, 1] * 10 + [-1, -1, 2, 1]
    names = ("dark", "light", "new")
    unlabelled = labelled(shades(labels)[:23], labels[:23], names, train=20, test=3)
    assert ClassifierByHand().fitted(select(unlabelled, (), True)).keeps_a_tenth
    one_of_four = labelled(shades(labels), labels, names, train=20, test=4)
    assert not ClassifierByHand().fitted(select(one_of_four, (), True)).keeps_a_tenth
