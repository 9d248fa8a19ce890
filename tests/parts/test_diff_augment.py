"""DiffAugment against the same worked out pixel by pixel, with the numbers that it draws."""

import itertools

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.parts.diff_augment import DiffAugment
from ganache.parts.moment import Moment
from ganache.support.errors import UserError

COLOUR_ALONE = DiffAugment(translation=0.0, cutout=0.0)
TRANSLATION_ALONE = DiffAugment(colour=False, cutout=0.0)
CUTOUT_ALONE = DiffAugment(colour=False, translation=0.0)
SIZES = [(1, 8, 8), (2, 6, 9), (3, 16, 16), (3, 17, 5), (4, 1, 1), (4, 7, 32)]


def augmented(config: DiffAugment, images: Tensor, seed: int = 3) -> Tensor:
    shape = ImageShape(*images.shape[1:])
    torch.manual_seed(seed)
    result: Tensor = config.build(shape)(images, Moment())
    return result


def numbers(images: Tensor, seed: int = 3) -> NDArray[np.float64]:
    """Return what is drawn: brightness, saturation, contrast, down, across, the hole's row and column."""
    torch.manual_seed(seed)
    return torch.rand(len(images), 7, dtype=images.dtype).numpy()


def random_images(channels: int, height: int, width: int, count: int = 6) -> Tensor:
    torch.manual_seed(9)
    return torch.rand(count, channels, height, width, dtype=torch.float64) * 2.0 - 1.0


def by_pixels(images: NDArray[np.float64], draws: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the images as the paper's three steps make them, one pixel at a time."""
    count, channels, height, width = images.shape
    colours = {1: 1, 2: 1, 3: 3, 4: 3}[channels]
    result = np.zeros_like(images)
    for number in range(count):
        image, (b, s, c, down, across, row, column) = images[number].copy(), draws[number]
        image[:colours] += b - 0.5
        if colours == 3:
            grey = image[:3].mean(axis=0)
            image[:3] = grey + 2 * s * (image[:3] - grey)
        mean = image[:colours].mean()
        image[:colours] = mean + (c + 0.5) * (image[:colours] - mean)
        most = [int(side / 8 + 0.5) for side in (height, width)]
        dy, dx = (int(draw * (2 * limit + 1)) - limit for draw, limit in zip((down, across), most, strict=True))
        hole = [int(side / 2 + 0.5) for side in (height, width)]
        top = int(row * (height + 1 - hole[0] % 2)) - hole[0] // 2
        left = int(column * (width + 1 - hole[1] % 2)) - hole[1] // 2
        for y, x in itertools.product(range(height), range(width)):
            is_inside = 0 <= y - dy < height and 0 <= x - dx < width
            is_hole = top <= y < top + hole[0] and left <= x < left + hole[1]
            if is_inside and not is_hole:
                result[number, :, y, x] = image[:, y - dy, x - dx]
    return result


@pytest.mark.parametrize("size", SIZES)
def test_it_is_what_its_steps_make_of_each_pixel(size: tuple[int, int, int]) -> None:
    images = random_images(*size)
    expected = by_pixels(images.numpy(), numbers(images))
    np.testing.assert_allclose(augmented(DiffAugment(), images).numpy(), expected, atol=1e-12)


def test_each_step_can_be_left_out() -> None:
    images = random_images(3, 8, 8)
    assert torch.equal(augmented(DiffAugment(colour=False, translation=0.0, cutout=0.0), images), images)
    one_by_one = images
    for alone in (COLOUR_ALONE, TRANSLATION_ALONE, CUTOUT_ALONE):
        changed = augmented(alone, images)
        assert not torch.equal(changed, images)
        one_by_one = augmented(alone, one_by_one)
    torch.testing.assert_close(one_by_one, augmented(DiffAugment(), images))


def test_shifts_go_as_far_as_an_eighth_and_each_is_as_likely() -> None:
    images = torch.zeros(6000, 1, 8, 16)
    images[:, :, 4, 8] = 1.0
    places = augmented(TRANSLATION_ALONE, images).flatten(1).argmax(dim=1)
    rows, columns = places // 16 - 4, places % 16 - 8
    assert sorted(set(rows.tolist())) == [-1, 0, 1]
    assert sorted(set(columns.tolist())) == [-2, -1, 0, 1, 2]
    assert all(abs(float((rows == row).float().mean()) - 1 / 3) < 0.03 for row in (-1, 0, 1))
    assert all(abs(float((columns == column).float().mean()) - 1 / 5) < 0.03 for column in range(-2, 3))


def test_holes_lie_anywhere_and_are_half_a_side_where_they_do_not_jut_out() -> None:
    holes = augmented(CUTOUT_ALONE, torch.ones(6000, 1, 8, 8)) == 0
    heights = holes.any(dim=3).sum(dim=2).flatten()
    # The middle is at 0 … 8, each as likely: a hole of 4 is cut to 2, 3, 4, 4, 4, 4, 4, 3, 2 rows.
    assert sorted(set(heights.tolist())) == [2, 3, 4]
    for height, share in ((2, 2 / 9), (3, 2 / 9), (4, 5 / 9)):
        assert abs(float((heights == height).float().mean()) - share) < 0.03


@pytest.mark.parametrize("size", SIZES)
def test_slopes_and_their_slopes_are_those_of_differences(size: tuple[int, int, int]) -> None:
    images = random_images(size[0], min(size[1], 5), min(size[2], 4), count=2).requires_grad_()

    def function(images: Tensor) -> Tensor:
        return augmented(DiffAugment(translation=0.4), images).square()

    assert torch.autograd.gradcheck(function, (images,))
    assert torch.autograd.gradgradcheck(function, (images,))


def test_every_image_and_every_pass_has_numbers_of_its_own() -> None:
    images = random_images(3, 8, 8)[:1].expand(4, -1, -1, -1)
    augmenter = DiffAugment().build(ImageShape(3, 8, 8))
    passes = torch.cat([augmenter(images, Moment()), augmenter(images, Moment())])
    assert len(torch.unique(passes, dim=0)) == 8
    assert augmenter.state_dict() == {}


def test_points_are_refused() -> None:
    with pytest.raises(UserError, match=r"^augment: DiffAugment is for pictures, and these data are points$"):
        DiffAugment().build(ImageShape(2, 1, 1))


@pytest.mark.parametrize("given", [1, 3, 4])
def test_an_input_and_its_target_change_alike(given: int) -> None:
    both = random_images(given + 3, 6, 9)
    torch.manual_seed(3)
    found = DiffAugment().build(ImageShape(given + 3, 6, 9, given=given))(both, Moment())
    for side, own in zip(torch.split(both, [given, 3], dim=1), torch.split(found, [given, 3], dim=1), strict=True):
        np.testing.assert_allclose(own.numpy(), by_pixels(side.numpy(), numbers(side)), atol=1e-12)
