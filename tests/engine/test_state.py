import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.engine.iteration import iterate
from ganache.engine.state import NonFiniteError, Tally, TrainingState
from ganache.games import TwoPlayers
from ganache.networks import DCGANGenerator, MLPDiscriminator
from ganache.parts.augmentations import Augmentation, Augmenter, InputNoise
from ganache.parts.latents import Normal
from ganache.parts.moment import Moment
from ganache.parts.objectives import LeastSquares
from ganache.parts.penalties import R1
from tests.tiny import draws_of, tiny_recipe, tiny_state

SHAPE = ImageShape(1, 8, 8)


class Counter(Augmenter):
    """Adds a thousandth for every image that it saw."""

    seen: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, images: Tensor, now: Moment) -> Tensor:
        self.seen += len(images)
        return images + self.seen / 1000


class Counting(Augmentation):
    def build(self, shape: ImageShape) -> Augmenter:
        return Counter()


def rich_recipe() -> TwoPlayers:
    """Everything that draws or has a memory: dropout, noise, batch norm, an average, a lazy penalty, labels, Adam."""
    return tiny_recipe(
        generator=DCGANGenerator(latent=Normal(size=3), width=2),
        discriminator=MLPDiscriminator(widths=(8,), slope=0.2, dropout=0.5),
        objective=LeastSquares(),
        penalties={"r1": R1(every=2)},
        augment=InputNoise(deviation=0.5),
        conditional=True,
        critic_steps=2,
        ema_half_life=20.0,
    )


def run_on(state: TrainingState, iterations: int) -> dict[str, Tensor]:
    draws = draws_of(state, 3)
    for _ in range(iterations):
        iterate(state, draws)
    return {name: tensor.detach().clone() for name, tensor in state.tensors().items()}


def assert_same(one: dict[str, Tensor], two: dict[str, Tensor]) -> None:
    assert set(one) == set(two)
    assert [name for name in one if one[name].dtype != two[name].dtype or not torch.equal(one[name], two[name])] == []


def begun(seed: int = 0) -> TrainingState:
    return tiny_state(rich_recipe(), SHAPE, labels=3, seed=seed)


def test_a_new_state_is_a_function_of_recipe_shape_labels_and_seed() -> None:
    first = {name: tensor.clone() for name, tensor in begun().tensors().items()}
    torch.rand(5)
    assert_same(first, {name: tensor.clone() for name, tensor in begun().tensors().items()})
    other = begun(seed=1).tensors()
    same = [name for name in first if name.endswith("weight") and torch.equal(first[name], other[name])]
    assert same == []


def test_the_average_begins_as_the_generator() -> None:
    tensors = begun().tensors()
    names = [name for name in tensors if name.startswith("generator/")]
    assert len(names) > 5
    assert all(torch.equal(tensors[f"average/{name}"], tensors[name]) for name in names)
    assert sum(name.startswith("average/") for name in tensors) == len(names)


@pytest.mark.parametrize("before", [0, 1, 3])
def test_a_loaded_state_goes_on_to_the_same_bits(before: int) -> None:
    state = begun()
    saved, counts = run_on(state, before), state.counts()
    expected, expected_counts = run_on(state, 3), state.counts()

    again = begun()
    run_on(again, 2)  # it has moments, sums and positions of its own
    torch.manual_seed(77)
    again.load(saved, counts)
    assert_same({name: tensor.clone() for name, tensor in again.tensors().items()}, saved)
    assert_same(run_on(again, 3), expected)
    assert again.counts() == expected_counts
    assert again.tally.means() == state.tally.means()


@pytest.mark.parametrize(
    "prefix",
    [
        "generator/",
        "discriminator/",
        "average/",
        "optimizer/generator/",
        "optimizer/discriminator/",
        "tally/",
    ],
)
def test_every_part_of_the_state_decides_what_comes(prefix: str) -> None:
    state = begun()
    saved, counts = run_on(state, 2), state.counts()
    expected = run_on(state, 2)
    other = run_on(begun(seed=5), 3)
    mixed = {name: other[name] if name.startswith(prefix) else tensor for name, tensor in saved.items()}
    assert any(name.startswith(prefix) for name in saved)
    again = begun()
    again.load(mixed, counts)
    ended = run_on(again, 2)
    assert [name for name in expected if not torch.equal(expected[name], ended[name])] != []


def test_an_augmentation_with_memory_is_part_of_the_state() -> None:
    state = tiny_state(rich_recipe().changed(augment=Counting()), SHAPE, labels=3)
    saved, counts = run_on(state, 2), state.counts()
    expected = run_on(state, 2)
    assert float(expected["augment/seen"]) > float(saved["augment/seen"]) > 0.0
    again = tiny_state(rich_recipe().changed(augment=Counting()), SHAPE, labels=3)
    again.load(saved, counts)
    assert_same(run_on(again, 2), expected)


def test_loading_copies_what_it_is_given() -> None:
    state = begun()
    saved, counts = run_on(state, 1), state.counts()
    before = {name: tensor.clone() for name, tensor in saved.items()}
    again = begun()
    again.load(saved, counts)
    run_on(again, 2)
    assert_same(saved, before)


def test_the_tensors_are_the_state_itself() -> None:
    state = begun()
    tensors = state.tensors()
    run_on(state, 1)
    assert torch.equal(
        tensors["generator/project.weight"], state.cast.networks["generator"].state_dict()["project.weight"]
    )
    weight = dict(state.cast.networks["generator"].named_parameters())["project.weight"]
    assert tensors["generator/project.weight"].data_ptr() == weight.data_ptr()


def poison(name: str) -> Callable[[TrainingState], None]:
    def act(state: TrainingState) -> None:
        tensor = state.tensors()[name]
        with torch.no_grad():
            tensor.view(-1)[-1] = math.inf if "discriminator" in name else math.nan

    return act


@pytest.mark.parametrize(
    "name",
    [
        "generator/project.weight",
        "discriminator/layers.0.weight",
        "average/generator/layers.0.running_var",
        "optimizer/generator/project.weight/exp_avg",
        "optimizer/discriminator/layers.0.bias/exp_avg_sq",
        "tally/loss/generator",
    ],
)
def test_a_number_that_is_none_is_named(name: str) -> None:
    state = begun()
    run_on(state, 1)
    state.check_finite()
    poison(name)(state)
    with pytest.raises(NonFiniteError) as found:
        state.check_finite()
    assert str(found.value) == name


def test_a_tally_is_the_mean_over_samples_whatever_the_batches() -> None:
    tally = Tally()
    tally.add({"b": torch.tensor([1.0, 2.0, 3.0]), "a": torch.tensor([0.5])})
    tally.add({"b": torch.tensor([10.0])})
    assert tally.means() == {"a": 0.5, "b": 4.0}
    assert list(tally.means()) == ["a", "b"]
    tally.check_finite()


def test_a_tally_keeps_digits_that_float32_would_lose() -> None:
    tally = Tally()
    for _ in range(1000):
        tally.add({"a": torch.tensor([1e8, 1.0])})
    assert tally.means()["a"] == (1e8 + 1.0) / 2


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_record_that_is_no_number_is_named_even_after_good_ones(value: float) -> None:
    tally = Tally()
    tally.add({"good": torch.tensor([1.0]), "bad": torch.tensor([1.0])})
    tally.add({"bad": torch.tensor([2.0, value])})
    tally.add({"bad": torch.tensor([3.0])})
    with pytest.raises(NonFiniteError, match=r"^bad$"):
        tally.check_finite()


def test_labels_are_conditions_only_in_a_conditional_recipe() -> None:
    assert begun().conditions == 3
    assert tiny_state(tiny_recipe(), labels=3).conditions == 0


def test_the_rates_are_those_the_optimisers_have() -> None:
    settings: dict[str, Any] = {"kind": "Linear", "start": 1.0, "end": 0.0, "until": 16.0}
    adam = {"kind": "Adam", "learning_rate": settings}
    state = tiny_state(tiny_recipe(optimizers={"generator": adam, "discriminator": "Adam"}))
    run_on(state, 1)
    # The generator moved after four images: a quarter of the way.
    assert state.rates() == {"learning_rate/generator": 0.75, "learning_rate/discriminator": 1e-3}


def test_every_tensor_is_named_by_what_it_belongs_to() -> None:
    state = tiny_state(tiny_recipe(augment=Counting()))
    run_on(state, 1)
    weights = [f"layers.{layer}.{kind}" for layer in (0, 2) for kind in ("weight", "bias")]
    memories = [f"{weight}/{key}" for weight in weights for key in ("step", "exp_avg", "exp_avg_sq")]
    names = [
        *(f"{owner}/{weight}" for owner in ("generator", "discriminator", "average/generator") for weight in weights),
        *(f"optimizer/{owner}/{memory}" for owner in ("generator", "discriminator") for memory in memories),
        "augment/seen",
    ]
    assert sorted(name for name in state.tensors() if not name.startswith("tally/")) == sorted(names)


def test_nothing_of_a_random_generator_is_kept() -> None:
    """What is drawn is a function of the seed and the counters, which test_draws holds."""
    state = begun()
    saved, counts = run_on(state, 2), state.counts()
    assert counts == {"images_seen": 16, "images_drawn": 24, "iterations": 2, "rollbacks": 0}
    assert not any(tensor.dtype == torch.uint8 for tensor in saved.values())


@pytest.mark.parametrize("counter", ["images_seen", "images_drawn", "iterations", "rollbacks"])
def test_every_counter_decides_what_comes(counter: str) -> None:
    recipe = rich_recipe().changed(ema_half_life={"kind": "Linear", "start": 1.0, "end": 99.0, "until": 99.0})
    state = tiny_state(recipe, SHAPE, labels=3)
    saved, counts = run_on(state, 2), state.counts()
    expected = run_on(state, 2)
    again = tiny_state(recipe, SHAPE, labels=3)
    again.load(saved, counts | {counter: counts[counter] + 1})
    ended = run_on(again, 2)
    assert [name for name in expected if not torch.equal(expected[name], ended[name])] != []


def test_every_product_has_an_average() -> None:
    state = begun()
    assert list(state.averages) == ["generator"]
    assert state.average is state.averages["generator"].network
    assert not state.average.training
