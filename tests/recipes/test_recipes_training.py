"""Every recipe at several shapes: rehearsed, built, trained for two iterations, sampled, resumed."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from ganache import recipes
from ganache.data import select
from ganache.data.shape import ImageShape
from ganache.engine.iteration import iterate
from ganache.engine.random_draws import StateDraws
from ganache.engine.state import TrainingState
from ganache.games import Game
from ganache.recipes.rehearsal import rehearse
from ganache.recipes.settings import with_settings
from ganache.support.errors import UserError
from ganache.support.trees import leaves
from tests.engine.together import Rows
from tests.tiny import draws_of, tiny_state

NAMES = recipes.names()
TRANSLATIONS = [name for name in NAMES if recipes.find(name).meeting]
SHAPES = [ImageShape(1, 28, 28), ImageShape(3, 20, 17)]
EXTREMES = [ImageShape(2, 1, 1), ImageShape(4, 3, 5), ImageShape(1, 8, 8), ImageShape(3, 64, 48)]
SMALL = {"width": 4, "max_width": 8, "channel_base": 32, "channel_max": 8, "style_width": 8, "side": 32}
REFUSED = {
    (name, str(shape)): rf"reads images of at least 16x16 pixels, not {shape}"
    for name in ("lsgan", "lsgan-conditional")
    for shape in EXTREMES[:3]
} | {
    ("fastgan", str(EXTREMES[0])): "DiffAugment is for pictures, and these data are points",
    ("r3gan-cifar10", str(EXTREMES[0])): "Adaptive is for pictures, and these data are points",
    ("projected", str(EXTREMES[0])): "DiffAugment is for pictures, and these data are points",
    ("stylegan2-auto", str(EXTREMES[0])): "Adaptive is for pictures, and these data are points",
    **{(name, str(shape)): "takes images of at least 8x8" for name in TRANSLATIONS for shape in EXTREMES[:2]},
}
# Weights that do not move, by design: those of a player without steps, and those of sizes that come later.
LEFT_ALONE = {
    "esrgan": ("discriminator/",),  # as long as its word does not count
    "noise-classifier": ("generator/",),
    "progan": tuple(
        [f"{role}/blocks." for role in ("generator", "discriminator")]
        + [f"{layers}.{number}." for layers in ("generator/pixels", "discriminator/readings") for number in (1, 2, 3)]
    ),
}
# A loss of differences of logits has no gradient along their common shift: the discriminator's last bias.
# So has the hinge loss within its margins (of `sngan` the two names are those of the two shapes).
WITHOUT_GRADIENT = {
    "projected": {f"discriminator/judging.{size}.logit.bias" for size in range(5)},
    "sngan": {"discriminator/layers.5.bias", "discriminator/layers.7.bias"},
    "wgan": {"discriminator/layers.4.bias"},
    "wgan-gp": {"discriminator/layers.4.bias"},
}
CASES = [(name, shape) for name in NAMES for shape in SHAPES]
each_case = pytest.mark.parametrize(("name", "shape"), CASES, ids=lambda value: str(value))


def small(name: str) -> Game:
    """Return the recipe with narrow networks, where they have a width to set, and a tiny batch."""
    recipe = recipes.find(name)
    fields = leaves(recipe.model_dump(mode="json"))
    narrow = [f"{path}={SMALL[path.rpartition('.')[2]]}" for path in fields if path.rpartition(".")[2] in SMALL]
    return with_settings(recipe, [*narrow, "batch_size=4"])


def fitting(name: str, shape: ImageShape) -> ImageShape:
    """Return the shape of a recipe's images: of those that translate, two pictures of that shape."""
    return replace(shape, channels=2 * shape.channels, given=shape.channels) if name in TRANSLATIONS else shape


def begin(name: str, shape: ImageShape) -> tuple[TrainingState, StateDraws]:
    shape = fitting(name, shape)
    state = tiny_state(small(name), shape, labels=3)
    return state, rows_for(state)


def rows_for(state: TrainingState) -> StateDraws:
    """Return a state's draws; of translations rows of random pixels, as instance norm leaves nothing of one colour."""
    return StateDraws(select(Rows(state.shape, classes=3)), state) if state.recipe.meeting else draws_of(state, 3)


def copied(state: TrainingState) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in state.tensors().items()}


@pytest.mark.parametrize("shape", [*SHAPES, *EXTREMES], ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_is_rehearsed_at_full_width_or_says_why_not(name: str, shape: ImageShape) -> None:
    said, shape = str(shape), fitting(name, shape)
    recipe, _ = recipes.find(name).settled(shape)
    labels = 3 if recipe.conditional else 0
    if why := REFUSED.get((name, said)):
        with pytest.raises(UserError, match=why):
            rehearse(recipe, shape, labels)
    else:
        rehearse(recipe, shape, labels)


@each_case
def test_two_iterations_give_every_weight_a_finite_gradient_and_move_it(name: str, shape: ImageShape) -> None:
    state, draws = begin(name, shape)
    before, still = copied(state), LEFT_ALONE.get(name, ())
    for _ in range(2):
        iterate(state, draws)
    state.check_finite()
    state.tally.check_finite()
    owners = {owner for player in state.cast.players.values() for owner in player.modules}
    left: set[str] = set()
    for owner in owners:
        for key, weight in state.cast.modules[owner].named_parameters():
            path = f"{owner}/{key}"
            moved = not torch.equal(weight, before[path])
            if path.startswith(still):
                assert not moved, path
                left |= {prefix for prefix in still if path.startswith(prefix)}
                continue
            assert weight.grad is not None, path
            assert bool(torch.isfinite(weight.grad).all()), path
            assert moved or path in WITHOUT_GRADIENT.get(name, set()), path
    assert left == set(still)
    assert state.counters.iterations == 2
    assert state.counters.images_seen == 2 * state.recipe.images_per_iteration


@pytest.mark.parametrize(("name", "shape"), [case for case in CASES if case[0] not in TRANSLATIONS], ids=str)
def test_it_samples_images_of_the_shape_that_depend_on_the_latent(name: str, shape: ImageShape) -> None:
    state, draws = begin(name, shape)
    iterate(state, draws)
    latents = draws.latents(state.recipe.sampler.latent)
    labels = torch.eye(state.conditions)[torch.zeros(4, dtype=torch.long)] if state.conditions else torch.zeros(4, 0)
    images = state.average(latents, labels)
    assert images.shape == (4, shape.channels, shape.height, shape.width)
    assert float(images.abs().max()) <= 1.0
    assert len({float(image.sum()) for image in images}) == 4
    alone = state.average(latents[:1], labels[:1])
    torch.testing.assert_close(alone, images[:1], rtol=1e-4, atol=1e-5)


@each_case
def test_it_resumes_to_the_same_bits(name: str, shape: ImageShape) -> None:
    state, draws = begin(name, shape)
    iterate(state, draws)
    kept, counters = copied(state), state.counts()
    iterate(state, draws)
    expected = copied(state)
    resumed = tiny_state(state.recipe, state.shape, labels=3, seed=0)
    iterate(resumed, rows_for(resumed))  # whatever it did before must leave no trace
    resumed.load(kept, counters)
    iterate(resumed, rows_for(resumed))
    made = copied(resumed)
    assert made.keys() == expected.keys()
    assert [key for key in made if not torch.equal(made[key], expected[key])] == []
    assert resumed.counts() == state.counts()


def test_conditional_recipes_use_their_labels() -> None:
    told = [name for name in NAMES if recipes.find(name).conditional]
    assert told == ["acgan", "biggan", "lsgan-conditional", "mnist-speedrun", "r3gan-cifar10", "ralsgan-conditional"]
    for name in told:
        state, draws = begin(name, SHAPES[0])
        iterate(state, draws)
        latents = draws.latents(state.recipe.sampler.latent)[:1]
        images = [state.average(latents, torch.eye(3)[index : index + 1]) for index in range(3)]
        assert not torch.equal(images[0], images[1])
        assert not torch.equal(images[0], images[2])
