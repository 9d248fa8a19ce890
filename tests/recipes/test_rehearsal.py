"""What a rehearsal finds before anything is built, and what it costs."""

import re

import pytest
import torch
from torch import Tensor, nn

from ganache import recipes
from ganache.data.shape import ImageShape
from ganache.networks import Discriminator, Generator
from ganache.parts.latents import Latent, Normal
from ganache.recipes.rehearsal import rehearse
from ganache.recipes.settings import with_settings
from ganache.support.errors import UserError

DIGITS = ImageShape(1, 8, 8)


class _Make(nn.Module):
    def __init__(self, side: int, count: int | None = None) -> None:
        super().__init__()
        self.side, self.count = side, count

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        return latent.new_zeros(self.count or len(latent), 1, self.side, self.side)


class WrongSize(Generator):
    latent: Latent = Normal(size=2)

    def build(self, shape: ImageShape, labels: int) -> nn.Module:
        return _Make(shape.height + 1)


class OneLogit(Discriminator):
    def build(self, shape: ImageShape, labels: int) -> nn.Module:
        return _Make(1, count=1)


def test_every_recipe_passes_and_no_random_number_is_used() -> None:
    torch.manual_seed(0)
    expected = torch.rand(2)
    torch.manual_seed(0)
    assert recipes.names()
    for name in recipes.names():
        recipe, _ = recipes.find(name).settled(DIGITS)
        times = 2 if recipe.meeting else 1  # where pictures are translated, an image is two
        rehearse(recipe, ImageShape(3 * times, 20, 16, 3 * (times - 1)), 3 if recipe.conditional else 0)
        rehearse(recipe, ImageShape(1 * times, 28, 28, times - 1), 10 if recipe.conditional else 0)
    assert torch.equal(torch.rand(2), expected)


def test_a_batch_that_batch_norm_cannot_take_is_refused() -> None:
    recipe = with_settings(recipes.find("lsgan"), ["batch_size=1"])
    with pytest.raises(
        UserError, match="batch_size: the networks cannot pass a batch of 1: Expected more than 1 value"
    ):
        rehearse(recipe, ImageShape(1, 28, 28), 0)


def test_images_of_another_size_than_the_datas_are_refused() -> None:
    recipe = recipes.find("dcgan").changed(generator=WrongSize())
    with pytest.raises(UserError, match=r"images of shape \(64, 1, 9, 9\), and the data's are \(64, 1, 8, 8\)"):
        rehearse(recipe, DIGITS, 0)


def test_a_discriminator_that_does_not_judge_each_image_is_refused() -> None:
    recipe = recipes.find("dcgan").changed(discriminator=OneLogit())
    with pytest.raises(UserError, match=r"logits of shape \(1, 1, 1, 1\) for 64 images"):
        rehearse(recipe, DIGITS, 0)


CONTRADICTIONS = [
    ("dcgan", ["penalties.r1=R1"], "penalties.r1: R1 needs logits that depend on one image each"),
    ("dcgan", ["penalties.gp=GradientPenalty"], "penalties.gp: GradientPenalty needs logits"),
    ("dcgan", ["discriminator.spectral_norm=true"], "discriminator: batch norm rescales what spectral"),
    (
        "wgan",
        ["discriminator.spectral_norm=true"],
        "constraint: WeightClipping has no effect on spectrally normalised weights",
    ),
]


@pytest.mark.parametrize(("name", "settings", "reason"), CONTRADICTIONS)
def test_parts_that_undo_each_other_are_refused_with_the_reason(name: str, settings: list[str], reason: str) -> None:
    with pytest.raises(UserError, match="^" + re.escape(reason)):
        rehearse(with_settings(recipes.find(name), settings), DIGITS, 0)


def test_the_advice_of_a_refusal_is_accepted() -> None:
    mended = ["discriminator.batch_norm=false"]
    for settings in (["penalties.r1=R1"], ["discriminator.spectral_norm=true"]):
        rehearse(with_settings(recipes.find("dcgan"), [*settings, *mended]), DIGITS, 0)


def test_a_recipe_of_absurd_depth_is_refused_while_it_is_built() -> None:
    """`ganache train r3gan --set generator.blocks=100000000` built blocks until the memory was used up."""
    recipe = with_settings(recipes.find("r3gan"), ["generator.blocks=100000000"])
    with pytest.raises(UserError, match=r"far more than 2,000 weight tensors"):
        rehearse(recipe, ImageShape(1, 8, 8), 0)
