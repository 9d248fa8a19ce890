import pytest
import torch

from ganache.data.shape import ImageShape
from ganache.parts.augmentations import InputNoise, Unchanged
from ganache.parts.moment import Moment
from ganache.parts.schedules import Linear

SHAPE = ImageShape(1, 4, 4)


def test_unchanged_gives_the_images_themselves() -> None:
    images = torch.randn(2, 1, 4, 4)
    assert Unchanged().build(SHAPE)(images, Moment()) is images


@pytest.mark.parametrize(("images_seen", "deviation"), [(0, 0.5), (50, 0.25), (75, 0.125), (100, 0.0), (500, 0.0)])
def test_noise_has_the_deviation_of_the_moment(images_seen: int, deviation: float) -> None:
    augmenter = InputNoise(deviation=Linear(start=0.5, end=0.0, until=100.0)).build(SHAPE)
    images = torch.randn(8, 1, 4, 4)
    torch.manual_seed(4)
    noisy = augmenter(images, Moment(images_seen))
    torch.manual_seed(4)
    assert torch.equal(noisy, images + deviation * torch.randn(8, 1, 4, 4))


def test_noise_is_new_every_time_and_for_every_pixel() -> None:
    augmenter = InputNoise(deviation=1.0).build(SHAPE)
    torch.manual_seed(0)
    first, second = augmenter(torch.zeros(2, 1, 4, 4), Moment()), augmenter(torch.zeros(2, 1, 4, 4), Moment())
    assert len({*torch.cat([first, second]).flatten().tolist()}) == 64


def test_the_gradient_passes_through_unchanged() -> None:
    images = torch.zeros(2, 1, 4, 4, requires_grad=True)
    weights = torch.randn(2, 1, 4, 4)
    (InputNoise(deviation=3.0).build(SHAPE)(images, Moment()) * weights).sum().backward()
    assert images.grad is not None
    assert torch.equal(images.grad, weights)


def test_augmenters_without_memory_have_no_state() -> None:
    for augmentation in (Unchanged(), InputNoise()):
        assert augmentation.build(SHAPE).state_dict() == {}
