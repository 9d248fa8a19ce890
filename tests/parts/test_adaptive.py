"""The chance of an adaptive augmentation: steered by what is heard of the reals, or scheduled."""

import pytest
import torch
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.engine.iteration import iterate
from ganache.parts.adaptive import Adaptive
from ganache.parts.augmentations import Augmenter
from ganache.parts.moment import Moment
from ganache.parts.objectives import LeastSquares, NonSaturating, Objective, RelativisticPairing
from ganache.parts.schedules import Cosine
from ganache.support.errors import UserError
from tests.tiny import draws_of, tiny_recipe, tiny_state

SHAPE = ImageShape(3, 8, 8)


def chance(augmenter: Augmenter, images_seen: int = 0) -> float:
    return augmenter.marks(Moment(images_seen))["probability"]


def logits(share: float, count: int = 10) -> Tensor:
    """Return logits of which this share is above 0."""
    return torch.tensor([1.0 if number < round(share * count) else -3.0 for number in range(count)])


def test_p_takes_a_step_every_so_many_moves_by_the_sign_of_what_was_heard_since() -> None:
    augmenter = Adaptive(ramp=1000, every=4, target=0.6).build(SHAPE)
    seen = []
    # Shares of 0.9 make r = 0.8, of 0.7 r = 0.4: over four moves 0.7, 0.5, 0.6 + 0.1, 0.8.
    for share in (0.9, 0.9, 0.9, 0.7, 0.9, 0.7, 0.7, 0.7, 0.9, 0.8, 0.8, 0.9, 0.9, 0.9, 0.9, 0.9):
        augmenter.heard(logits(share))
        seen.append(round(chance(augmenter), 6))
    step = 4 * 10 / 1000
    assert seen == [0.0, 0.0, 0.0, step, step, step, step, 0.0, 0.0, 0.0, 0.0, *[step] * 4, 2 * step]


def test_p_stays_between_0_and_the_most() -> None:
    augmenter = Adaptive(ramp=100, every=1, most=0.25).build(SHAPE)
    for share, expected in ((0.0, 0.0), (1.0, 0.1), (1.0, 0.2), (1.0, 0.25), (1.0, 0.25), (0.0, 0.15)):
        augmenter.heard(logits(share))
        assert abs(chance(augmenter) - expected) < 1e-6


def test_at_the_target_p_stays() -> None:
    augmenter = Adaptive(ramp=100, every=1, target=0.5).build(SHAPE)
    augmenter.heard(logits(1.0))
    augmenter.heard(torch.tensor([1.0, 1.0, 1.0, -1.0]))
    assert chance(augmenter) == pytest.approx(0.1)


def test_maps_of_logits_are_heard_as_a_whole() -> None:
    augmenter = Adaptive(ramp=100, every=1, target=0.0).build(SHAPE)
    augmenter.heard(torch.ones(10, 1, 2, 2))
    assert chance(augmenter) == pytest.approx(0.1)


def test_all_that_is_remembered_is_in_the_state_and_stays_where_it_is() -> None:
    augmenter = Adaptive(ramp=1000).build(SHAPE)
    before = {name: buffer.data_ptr() for name, buffer in augmenter.named_buffers()}
    assert augmenter.state_dict().keys() == {"probability", "signs", "moves"}
    for _ in range(6):
        augmenter.heard(logits(1.0))
    assert {name: float(value) for name, value in augmenter.state_dict().items()} == {
        "probability": pytest.approx(0.04),
        "signs": 2.0,
        "moves": 2.0,
    }
    assert {name: buffer.data_ptr() for name, buffer in augmenter.named_buffers()} == before


def test_a_scheduled_p_is_the_moments_and_hears_nothing() -> None:
    augmenter = Adaptive(probability=Cosine(start=0.0, end=0.55, until=1000)).build(SHAPE)
    augmenter.heard(logits(1.0))
    assert augmenter.state_dict() == {}
    assert [round(chance(augmenter, seen), 4) for seen in (0, 500, 1000, 2000)] == [0.0, 0.275, 0.55, 0.55]


@pytest.mark.parametrize(
    ("objective", "moved"), [(NonSaturating(), 0.04), (LeastSquares(), 0.0), (RelativisticPairing(), 0.0)]
)
def test_a_training_steers_it_by_the_boundary_of_its_objective(objective: Objective, moved: float) -> None:
    """Reals' logits of ¼ are above 0, below ½, and midway between themselves and as high fakes."""
    recipe = tiny_recipe(objective=objective, augment=Adaptive(ramp=100, every=1))
    state = tiny_state(recipe)
    with torch.no_grad():
        for weight in state.cast.networks["discriminator"].parameters():
            weight.zero_()
        last = list(state.cast.networks["discriminator"].parameters())[-1]
        last.fill_(0.25)
    iterate(state, draws_of(state))
    assert float(state.cast.memories["augment"].get_buffer("probability")) == pytest.approx(moved)


def test_measuring_does_not_move_it() -> None:
    state = tiny_state(tiny_recipe(augment=Adaptive(ramp=100)))
    draws = draws_of(state)
    state.cast.memories["augment"].get_buffer("probability").fill_(0.5)
    iterate(state, draws)
    before = {name: tensor.clone() for name, tensor in state.cast.memories["augment"].state_dict().items()}
    assert (float(before["probability"]), float(before["moves"])) == (0.5, 1.0)
    critic = state.recipe.critic(state.cast, state.now)
    assert critic is not None
    critic(draws.batch().reals, torch.zeros(4, 0))
    for name, value in state.cast.memories["augment"].state_dict().items():
        assert torch.equal(value, before[name])
    assert state.cast.marks(state.now) == {"augment/probability": 0.5}


@pytest.mark.parametrize("group", ["blit", "geometry", "colour", "cutout"])
def test_each_group_is_used_by_its_strength(group: str) -> None:
    torch.manual_seed(0)
    images = torch.rand(200, 3, 8, 8)
    shares = []
    for strength in (0.0, 0.5, 1.0):
        strengths = {**dict.fromkeys(("blit", "geometry", "colour", "cutout"), 0.0), group: strength}
        augmented = Adaptive(probability=0.2, **strengths).build(SHAPE)(images, Moment())
        shares.append(float(((augmented - images).flatten(1).abs().amax(dim=1) > 1e-3).float().mean()))
    assert shares[0] == 0.0
    assert 0.0 < shares[1] < shares[2] < 0.8


@pytest.mark.parametrize("size", [(1, 2, 4), (2, 3, 2), (3, 3, 3), (4, 1, 3)])
def test_any_size_and_number_of_channels(size: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    images = torch.rand(2, *size, dtype=torch.float64, requires_grad=True)
    augmenter = Adaptive(probability=0.7, cutout=1.0).build(ImageShape(*size)).double()

    def function(images: Tensor) -> Tensor:
        torch.manual_seed(5)
        augmented: Tensor = augmenter(images, Moment())
        return augmented.square()

    assert function(images).shape == images.shape
    assert torch.autograd.gradcheck(function, (images,), atol=1e-5)
    assert torch.autograd.gradgradcheck(function, (images,), atol=1e-5)


def test_points_are_refused_and_a_chance_that_hides_all() -> None:
    with pytest.raises(UserError, match=r"^augment: Adaptive is for pictures, and these data are points$"):
        Adaptive().build(ImageShape(2, 1, 1))
    with pytest.raises(ValueError, match="less than 1"):
        Adaptive(probability=1.0)
