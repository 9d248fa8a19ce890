"""What an iteration draws is a function of seed, name and position, and stays what it was: the numbers are pinned."""

import hashlib

import pytest
import torch
from torch import Tensor, nn

from ganache.data import open_dataset, select
from ganache.data.shape import ImageShape
from ganache.data.sources.densities import ring
from ganache.engine.iteration import iterate
from ganache.engine.random_draws import StateDraws
from ganache.engine.state import TrainingState
from ganache.games import Cast, Draws, Game, Moment, Player, Product, Records
from ganache.networks import Generator
from ganache.parts.augmentations import InputNoise
from ganache.parts.latents import Coded, Latent, Normal, Uniform
from ganache.support.streams import derive, generator
from tests.tiny import CPU, SHAPE, Descent, Numbered, draws_of, tiny_recipe, tiny_state


def digest(*tensors: Tensor) -> str:
    """Return the beginning of the SHA-256 of tensors' bytes, one after the other."""
    found = hashlib.sha256()
    for tensor in tensors:
        found.update(tensor.detach().contiguous().numpy().tobytes())
    return found.hexdigest()[:16]


def drawn(draws: StateDraws) -> list[Tensor]:
    """Return latents and numbers of an iteration that begins."""
    draws.begin()
    return [draws.latents(Normal(size=3)), draws.latents(Uniform(size=2)), torch.rand(4), torch.randn(2, 3)]


def at(iteration: int, seed: int = 0, rollbacks: int = 0) -> StateDraws:
    state = tiny_state(tiny_recipe(), seed=seed)
    state.counters.iterations, state.counters.rollbacks = iteration, rollbacks
    return draws_of(state)


def test_draws_depend_on_seed_and_position_and_on_nothing_before() -> None:
    expected = drawn(at(7))
    draws = at(3)
    for _ in range(5):
        drawn(draws)
    torch.manual_seed(99)
    draws._state.counters.iterations = 7
    for one, other in zip(drawn(draws), expected, strict=True):
        assert torch.equal(one, other)
    for other_place in (at(8), at(7, seed=1), at(7, rollbacks=1)):
        assert not any(torch.equal(one, other) for one, other in zip(drawn(other_place), expected, strict=True))


def test_latents_are_counted_within_an_iteration() -> None:
    draws, latent = at(2), Normal(size=3)
    for _ in range(2):
        draws.begin()
        for number in range(3):
            expected = torch.randn(4, 3, generator=generator(CPU, 0, "latents", 2, number))
            assert torch.equal(draws.latents(latent), expected)


def test_numbers_of_a_step_do_not_depend_on_latents_or_batches_or_who_drew_in_between() -> None:
    draws = at(4)
    draws.begin()
    expected = torch.rand(5)
    draws.begin()
    draws.latents(Normal(size=3))
    draws.batch()
    assert torch.equal(torch.rand(5), expected)
    torch.manual_seed(derive(0, "step", 4))
    assert torch.equal(torch.rand(5), expected)


def test_after_a_rollback_data_latents_and_steps_have_another_seed() -> None:
    state, data = tiny_state(tiny_recipe(), seed=3), Numbered()
    seeds = []
    for rollbacks in (0, 1, 2):
        state.counters.rollbacks = rollbacks
        draws = StateDraws(select(data), state)
        seed = state.streams_seed
        seeds.append(seed)
        assert data.streams[-1].seed == seed
        draws.begin()
        assert torch.equal(torch.rand(2), torch.rand(2, generator=generator(CPU, seed, "step", 0)))
        latents = draws.latents(Normal(size=3))
        assert torch.equal(latents, torch.randn(4, 3, generator=generator(CPU, seed, "latents", 0, 0)))
    assert seeds == [3, derive(3, "rollback", 1), derive(3, "rollback", 2)]


def test_the_data_goes_on_where_the_state_stands() -> None:
    state = tiny_state(tiny_recipe())
    state.counters.images_drawn = 40
    draws = draws_of(state)
    rows = [((draws.batch().reals[:, 0, 0, 0] + 1) * 127.5).round().tolist() for _ in range(2)]
    assert rows == [[40, 41, 42, 43], [44, 45, 46, 47]]
    assert state.counters.images_drawn == 48


def test_a_batch_is_asked_of_the_data_once() -> None:
    data, state = Numbered(), tiny_state(tiny_recipe())
    draws = StateDraws(select(data), state)
    draws.batch()
    draws.nothing()
    draws.batch()
    assert data.streams[-1].asked == [(0, 4), (4, 4)]


def test_nothing_is_a_batch_without_reals_and_conditions() -> None:
    state = tiny_state(tiny_recipe(conditional=True), labels=3)
    batch = draws_of(state, 3).nothing()
    assert (batch.reals.shape, batch.conditions.shape) == ((0, 1, 2, 2), (4, 0))
    assert state.counters.images_drawn == 0


def test_an_unconditional_game_is_told_nothing() -> None:
    state = tiny_state(tiny_recipe(), labels=3)
    assert state.conditions == 0
    assert draws_of(state, 3).batch().conditions.shape == (4, 0)


def test_conditions_are_one_hot() -> None:
    state = tiny_state(tiny_recipe(conditional=True), labels=3)
    assert torch.equal(draws_of(state, 3).batch().conditions, torch.eye(3)[[0, 1, 2, 0]])


def test_pixels_span_minus_one_to_one() -> None:
    batch = draws_of(tiny_state(tiny_recipe(batch_size=251))).batch()
    assert batch.reals.dtype == torch.float32
    expected = torch.arange(251, dtype=torch.float64) / 127.5 - 1
    torch.testing.assert_close(batch.reals[:, 0, 1, 1].double(), expected, rtol=0.0, atol=1e-7)
    assert float(batch.reals[0, 0, 0, 0]) == -1.0


def test_points_of_a_density_stay_as_they_are() -> None:
    state = tiny_state(tiny_recipe(), ImageShape(2, 1, 1))
    batch = StateDraws(select(ring()), state).batch()
    expected = ring().stream(state.streams_seed).batch(0, 4).images
    assert batch.reals.numpy().tolist() == expected.tolist()


# ---- pinned: another number would give every recorded run other pictures ------------------------------------------
# Recorded on a CPU in float32. Fewer than 16 normal numbers are drawn at once: torch makes those one by one in float64,
# and more of them with instructions that not every processor has.

WEIGHTS = {
    "generator/layers.0.weight": [0.50869298, 0.32543352, 0.31456962],
    "discriminator/layers.0.weight": [-0.41513979, 0.06801134, 0.14078903],
}
LATENTS = [
    (Normal(size=3), "1d79a86811b139af"),
    (Uniform(size=5), "55c5523d5501522d"),
    (Coded(size=8, categories=(3,), continuous=2), "60cf5ce83fdb2c0d"),
]


@pytest.mark.parametrize(("latent", "pinned"), LATENTS, ids=lambda value: type(value).__name__)
def test_latents_never_change(latent: Latent, pinned: str) -> None:
    draws = at(11, seed=5)
    draws.begin()
    assert digest(draws.latents(latent), draws.latents(latent)) == pinned


def test_the_order_of_the_data_never_changes() -> None:
    data = open_dataset("digits")
    state = tiny_state(tiny_recipe(batch_size=500), data.shape, seed=5)
    draws = StateDraws(select(data), state)
    batches = [((draws.batch().reals + 1) * 127.5).round().to(torch.uint8) for _ in range(6)]
    assert digest(*batches) == "b4293cc35d3ef243"


def test_numbers_drawn_inside_a_step_never_change() -> None:
    draws = at(11, seed=5)
    draws.begin()
    images = torch.zeros(2, 1, 2, 2)
    noise = InputNoise(deviation=1.0).build(SHAPE)(images, Moment())
    assert digest(noise, torch.rand(5), torch.randint(10, (7,))) == "4db816ba7b3075df"


def test_weights_begin_with_the_same_numbers() -> None:
    tensors = tiny_state(tiny_recipe(), seed=5).tensors()
    # Not their bits: a processor may round the product and the sum of a uniform number at once.
    for name, numbers in WEIGHTS.items():
        assert tensors[name].flatten()[:3].tolist() == pytest.approx(numbers, rel=1e-6)


class Sums(nn.Module):
    """Weights that are added to, and nothing else."""

    def __init__(self, shape: ImageShape) -> None:
        super().__init__()
        self.total = nn.Parameter(torch.zeros(4, 3))
        self.pixels = nn.Parameter(torch.zeros(shape.channels, shape.height, shape.width))

    def forward(self, latents: Tensor, conditions: Tensor) -> Tensor:
        return self.pixels.expand(len(latents), *self.pixels.shape)


class Summing(Generator):
    """Builds what is added to."""

    latent: Latent = Normal(size=3)

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the sums."""
        return Sums(shape)


class Adding(Game):
    """Adds all that an iteration draws to weights, by single additions: the same on every processor."""

    def build(self, shape: ImageShape, conditions: int) -> Cast:
        """Return one network and one player who never moves by a gradient."""
        return Cast({"sums": Summing().build(shape, conditions)}, {}, {"sums": Player(Descent(), ("sums",))})

    @torch.no_grad()
    def play(self, cast: Cast, draw: Draws, now: Moment) -> Records:
        """Add latents, noise and the pixels of a batch, one after the other."""
        sums = cast.networks["sums"]
        assert isinstance(sums, Sums)
        batch = draw.batch()
        for latents in (draw.latents(Normal(size=3)), draw.latents(Uniform(size=3)), torch.rand(4, 3)):
            sums.total.add_(latents)
        for image in batch.reals:
            sums.pixels.add_(image)
        return {"pixels": batch.reals[:, 0, 0, 0]}

    def products(self) -> tuple[Product, ...]:
        """Return the sums."""
        return (Product("sums", Summing()),)


def played(iterations: int, seed: int = 5) -> TrainingState:
    data = open_dataset("digits")
    state = tiny_state(Adding(name="adding", batch_size=4), data.shape, seed=seed)
    draws = StateDraws(select(data), state)
    for _ in range(iterations):
        iterate(state, draws)
    return state


def test_a_whole_training_never_changes() -> None:
    """Data, latents and what is drawn inside, through a game and its iterations, into the weights and their average."""
    state = played(20)
    tensors = state.tensors()
    assert list(tensors)[:4] == ["sums/total", "sums/pixels", "average/sums/total", "average/sums/pixels"]
    assert digest(tensors["sums/total"], tensors["sums/pixels"]) == "ccb74c5f6297dbcb"
    assert torch.equal(tensors["average/sums/total"], tensors["sums/total"])
    assert state.counts() == {"images_seen": 80, "images_drawn": 80, "iterations": 20, "rollbacks": 0}


def test_a_training_in_two_parts_is_the_same() -> None:
    expected, half = played(20), played(9)
    again = played(0)
    again.load({name: tensor.clone() for name, tensor in half.tensors().items()}, half.counts())
    draws = StateDraws(select(open_dataset("digits")), again)
    for _ in range(11):
        torch.rand(3)  # somebody else's
        iterate(again, draws)
    assert again.tensors().keys() == expected.tensors().keys()
    for name, tensor in expected.tensors().items():
        assert torch.equal(again.tensors()[name], tensor), name
