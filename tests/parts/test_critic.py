"""The discriminator behind its augmentation: nothing bypasses it, and reals and fakes stay apart."""

import pytest
import torch
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.parts.augmentations import Augmenter, Unchanged
from ganache.parts.critic import Critic
from ganache.parts.diff_augment import DiffAugment
from ganache.parts.moment import Moment
from ganache.parts.slopes import SIDES, Side
from ganache.parts.verdict import Verdict
from ganache.support.precision import FULL, Autocast
from tests.tiny import Halved

SHAPE = ImageShape(1, 2, 2)
CONDITIONS = torch.tensor([[1.0], [0.0]])


class Noting(nn.Module):
    """Linear in its inputs, which are its features; keeps what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.sees_batch = False
        self.calls: list[tuple[Tensor, Tensor]] = []

    def forward(self, inputs: Tensor, conditions: Tensor) -> Verdict:
        self.calls.append((inputs.detach(), conditions))
        return Verdict(self.layer(inputs.flatten(1)).reshape(inputs.shape), inputs.flatten(1), {"class": conditions})


class Later(Augmenter):
    """Adds the moment to every pixel."""

    def forward(self, images: Tensor, now: Moment) -> Tensor:
        return images + float(now.images_seen)


class Sum(nn.Module):
    """A logit without anything around it."""

    def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
        return images.flatten(1).sum(1)


def test_the_critic_is_the_discriminator_behind_the_augmentation_of_its_moment() -> None:
    discriminator, images = Noting(), torch.zeros(2, 1, 2, 2)
    Critic(discriminator, Later(), Moment(3), FULL)(images, CONDITIONS)
    Critic(discriminator, Later(), Moment(5), FULL)(images, CONDITIONS)
    assert [float(call[0].mean()) for call in discriminator.calls] == [3.0, 5.0]
    assert all(call[1] is CONDITIONS for call in discriminator.calls)


@pytest.mark.parametrize("sees_batch", [True, False])
@pytest.mark.parametrize("jointly", [True, False])
def test_reals_and_fakes_are_told_apart_however_they_are_scored(jointly: bool, sees_batch: bool) -> None:
    torch.manual_seed(0)
    discriminator, augmenter = Noting(), Halved()
    discriminator.sees_batch = sees_batch
    reals, fakes = torch.randn(2, 1, 2, 2), torch.randn(2, 1, 2, 2)
    *verdicts, _ = Critic(discriminator, augmenter, Moment(), FULL).compare(reals, fakes, CONDITIONS, jointly)
    assert [len(inputs) for inputs, _ in discriminator.calls] == ([4] if jointly or not sees_batch else [2, 2])
    assert torch.equal(torch.cat([inputs for inputs, _ in discriminator.calls]), torch.cat([reals, fakes]) / 2)
    assert torch.equal(torch.cat([told for _, told in discriminator.calls]), torch.cat([CONDITIONS, CONDITIONS]))
    for verdict, images in zip(verdicts, (reals, fakes), strict=True):
        expected = discriminator.layer(images.flatten(1) / 2).reshape(2, 1, 2, 2)
        torch.testing.assert_close(verdict.logits, expected, rtol=1e-6, atol=1e-6)
        assert verdict.features is not None
        assert torch.equal(verdict.features, images.flatten(1) / 2)
        assert verdict.seen is not None
        assert torch.equal(verdict.seen, images / 2)
        assert torch.equal(verdict.heads["class"], CONDITIONS)


def test_a_critic_asks_nothing_of_its_discriminator_but_a_call() -> None:
    verdict = Critic(Sum(), Later(), Moment(1), FULL)(torch.zeros(2, 1, 2, 2), CONDITIONS)
    assert verdict.logits.tolist() == [4.0, 4.0]
    assert (verdict.features, dict(verdict.heads)) == (None, {})


def test_it_judges_in_the_precision_of_the_training_and_answers_in_float32() -> None:
    discriminator = Noting()
    inner: list[torch.dtype] = []
    discriminator.layer.register_forward_hook(lambda *call: inner.append(call[2].dtype))
    critic = Critic(discriminator, Halved(), Moment(), Autocast("cpu", torch.bfloat16))
    images = torch.randn(2, 1, 2, 2)
    assert critic(images, CONDITIONS).logits.dtype == torch.float32
    assert inner == [torch.bfloat16]
    assert not torch.is_autocast_enabled("cpu")


class Normed(nn.Module):
    """A logit of a normalised batch, which notes how many images came at once."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(1)
        self.sizes: list[int] = []

    def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
        self.sizes.append(len(images))
        features: Tensor = self.norm(images)
        return features.flatten(1).sum(1)


def test_batch_norm_sees_reals_and_fakes_apart_unless_they_are_one_batch_or_it_does_not_learn() -> None:
    discriminator, images = Normed(), torch.randn(2, 1, 2, 2)
    critic = Critic(discriminator, Halved(), Moment(), FULL)
    critic.compare(images, images, CONDITIONS)
    critic.compare(images, images, CONDITIONS, jointly=True)
    discriminator.eval()
    critic.compare(images, images, CONDITIONS)
    assert discriminator.sizes == [2, 2, 4, 4]


class Square(nn.Module):
    """Σ x⁴ / 4, a logit whose slope is x³; it notes how many images came at once."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
        self.sizes.append(len(images))
        return (images.flatten(1) ** 4).sum(1) / 4.0


@pytest.mark.parametrize(
    ("asked", "sizes"), [((), [4]), (("reals",), [2, 2]), (("fakes",), [2, 2]), (("reals", "fakes"), [4])]
)
def test_slopes_come_with_the_pass_of_the_images_for_which_they_are_asked(
    asked: tuple[Side, ...], sizes: list[int]
) -> None:
    discriminator = Square()
    images: dict[Side, Tensor] = {"reals": torch.randn(2, 1, 2, 2), "fakes": torch.randn(2, 1, 2, 2)}
    compared = Critic(discriminator, Unchanged().build(SHAPE), Moment(), FULL).compare(
        images["reals"], images["fakes"], CONDITIONS, slopes=asked
    )
    assert discriminator.sizes == sizes
    for side in SIDES:
        assert (side in compared.slopes) is (side in asked)
    for side in asked:
        expected = (images[side] ** 3).flatten(1).square().sum(1)
        torch.testing.assert_close(compared.slopes.squared(side).detach(), expected, rtol=1e-5, atol=1e-6)
    assert not any(tensor.requires_grad for tensor in images.values())


class Linear(nn.Module):
    """A logit whose slope is the same everywhere."""

    def __init__(self, slope: Tensor) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
        return (images * self.slope).flatten(1).sum(1)


def test_slopes_are_those_of_the_images_before_they_are_augmented() -> None:
    """D(T(x)) = Σ s T(x) of a T that is linear but for a constant has the slope Tᵀs: here s, moved back and cut."""
    slope, images = torch.randn(4, 1, 8, 8), torch.randn(4, 1, 8, 8)
    shift = DiffAugment(colour=False, cutout=0.0).build(ImageShape(1, 8, 8))
    torch.manual_seed(5)
    critic = Critic(Linear(slope.repeat(2, 1, 1, 1)), shift, Moment(), FULL)
    compared = critic.compare(images, images, torch.zeros(4, 0), slopes=SIDES)
    torch.manual_seed(5)
    moved = [(int(draw[3] * 3) - 1, int(draw[4] * 3) - 1) for draw in torch.rand(8, 7)]
    assert any(place != (0, 0) for place in moved[:4])
    for number, (down, across) in enumerate(moved[:4]):
        kept = slope[number, 0, max(0, down) : 8 + min(0, down), max(0, across) : 8 + min(0, across)]
        found = compared.slopes.squared("reals")[number]
        torch.testing.assert_close(found, kept.square().sum(), rtol=1e-5, atol=1e-6)


class Product(Augmenter):
    """Multiplies images as matrices, which autocast would do in bfloat16; notes in which precision they came out."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds: list[torch.dtype] = []

    def forward(self, images: Tensor, now: Moment) -> Tensor:
        product = images @ images
        self.kinds.append(product.dtype)
        return product


def test_augmentation_has_full_precision_whatever_the_trainings() -> None:
    augmenter = Product()
    Critic(Noting(), augmenter, Moment(), Autocast("cpu", torch.bfloat16))(torch.randn(2, 1, 2, 2), CONDITIONS)
    assert augmenter.kinds == [torch.float32]
