"""PatchGAN: how many places, what each of them sees, and what is refused."""

import pytest
import torch

from ganache.data.shape import ImageShape
from ganache.networks import PatchDiscriminator
from ganache.support.errors import UserError


@pytest.mark.parametrize(("side", "places"), [(256, 30), (64, 6), (32, 2), (16, 2), (8, 2)])
def test_there_are_as_many_logits_as_places(side: int, places: int) -> None:
    network = PatchDiscriminator(width=2, norm="instance").build(ImageShape(6, side, side, given=3), 0)
    assert network(torch.randn(2, 6, side, side), torch.zeros(2, 0)).shape == (2, 1, places, places)


def test_a_place_sees_70_by_70_pixels() -> None:
    torch.manual_seed(0)
    network = PatchDiscriminator(width=2, norm="none").build(ImageShape(1, 128, 128), 0)
    images = torch.randn(1, 1, 128, 128, requires_grad=True)
    logits = network(images, torch.zeros(1, 0))
    (slope,) = torch.autograd.grad(logits[0, 0, 7, 7], images)
    rows = slope[0, 0].abs().sum(dim=1).nonzero().flatten()
    assert int(rows[-1] - rows[0]) + 1 == 70


def test_a_class_has_logits_of_its_own_that_norms_leave_alone() -> None:
    torch.manual_seed(0)
    network = PatchDiscriminator(width=4, norm="instance").build(ImageShape(1, 16, 16), 3)
    images, classes = torch.randn(1, 1, 16, 16), torch.eye(3)
    first, second, third = network(images.expand(3, -1, -1, -1), classes)
    nobody, of_two = network(images.expand(2, -1, -1, -1), torch.tensor([[0.0] * 3, [1.0, 1.0, 0.0]]))
    assert not torch.allclose(first, second, atol=1e-2)
    torch.testing.assert_close(of_two - nobody, (first - nobody) + (second - nobody))
    assert third.shape == (1, 2, 2)


def test_too_small_images_are_one_line() -> None:
    with pytest.raises(UserError, match=r"^discriminator: PatchDiscriminator takes images of at least 8x8, not 7x9x1$"):
        PatchDiscriminator().build(ImageShape(1, 7, 9), 0)
