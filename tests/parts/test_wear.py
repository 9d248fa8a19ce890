"""JPEG, sizes and crops against Pillow's, and their slopes against the values of nearby pictures."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.parts.moment import Moment
from ganache.parts.wear import LEVELS, Jpeg, Wear, crop, rounded, sized
from ganache.support.errors import UserError

NOW = Moment()


def scene(channels: int = 1, height: int = 32, width: int = 24, count: int = 3) -> Tensor:
    """Smooth pictures with edges, as whole levels in [-1, 1]."""
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[:height, :width] / 24.0
    waves = random.uniform(1, 9, (count, channels, 2, 1, 1)) * np.stack([rows, columns])
    found = 100.0 + 60.0 * np.sin(waves.sum(axis=2)) + 40.0 * (rows > columns)
    return torch.from_numpy(np.rint(found.clip(0, 255)) / LEVELS - 1.0).float()


def levels(images: Tensor) -> np.ndarray:
    return ((images + 1.0) * LEVELS).permute(0, 2, 3, 1).numpy()


def by_pillow(images: Tensor, quality: int) -> np.ndarray:
    found = []
    for image in np.rint(levels(images)).astype(np.uint8):
        file = io.BytesIO()
        Image.fromarray(image.squeeze()).save(file, "JPEG", quality=quality)
        found.append(np.asarray(Image.open(file)).reshape(image.shape))
    return np.stack(found).astype(np.float64)


@pytest.mark.parametrize("quality", [20, 50, 75, 95])
def test_grey_pictures_are_those_of_pillows_jpeg(quality: int) -> None:
    images = scene()
    made = levels(Jpeg(ImageShape(1, 32, 24))(images, torch.full((3,), float(quality))))
    theirs = by_pillow(images, quality)
    # libjpeg transforms in whole numbers, so that here and there another multiple of a step is the nearest one.
    assert np.quantile(np.abs(made - theirs), 0.9) <= 1.0
    assert np.abs(made - theirs).mean() < 0.3 * np.abs(theirs - levels(images)).mean()


@pytest.mark.parametrize("quality", [50, 75])
def test_colours_are_those_of_pillows_jpeg_too(quality: int) -> None:
    images = scene(3)
    made = levels(Jpeg(ImageShape(3, 32, 24))(images, torch.full((3,), float(quality))))
    theirs = by_pillow(images, quality)
    assert np.quantile(np.abs(made - theirs), 0.9) <= 3.0
    assert np.abs(made - theirs).mean() < 0.3 * np.abs(theirs - levels(images)).mean()


def test_each_picture_has_its_own_quality_and_alpha_is_left_alone() -> None:
    images, jpeg = scene(4), Jpeg(ImageShape(4, 32, 24))
    both = jpeg(images, torch.tensor([50.0, 75.0, 95.0]))
    for number, quality in enumerate((50.0, 75.0, 95.0)):
        alone = jpeg(images[number, None], torch.tensor([quality]))
        torch.testing.assert_close(both[number, None], alone)
    assert torch.equal(both[:, 3], images[:, 3])


def test_sides_that_are_no_whole_number_of_blocks_keep_their_size() -> None:
    images = scene(3, 13, 10)
    assert Jpeg(ImageShape(3, 13, 10))(images, torch.full((3,), 75.0)).shape == images.shape


def test_slopes_go_straight_through_what_is_rounded() -> None:
    values = torch.tensor([0.2, 0.7, 1.5], requires_grad=True)
    assert rounded(values).tolist() == [0.0, 1.0, 2.0]
    (slope,) = torch.autograd.grad((rounded(values) * torch.tensor([1.0, 2.0, 3.0])).sum(), values)
    assert slope.tolist() == [1.0, 2.0, 3.0]
    # With straight slopes JPEG in grey is the identity: transform, and transform back.
    images = scene(count=1).requires_grad_()
    weights = torch.randn_like(images)
    made = Jpeg(ImageShape(1, 32, 24))(images, torch.full((1,), 75.0))
    (slope,) = torch.autograd.grad((made * weights).sum(), images)
    torch.testing.assert_close(slope, weights, atol=1e-4, rtol=1e-4)


def test_half_the_size_and_back_is_nearly_pillows() -> None:
    images = scene()
    half = torch.full((3,), 0.5)
    made = levels(sized(images, half, half))[..., 0]
    pictures = [Image.fromarray(one[..., 0]) for one in levels(images).astype(np.float32)]
    small = [picture.resize((12, 16), Image.Resampling.BILINEAR) for picture in pictures]
    theirs = np.stack([np.asarray(picture.resize((24, 32), Image.Resampling.BILINEAR)) for picture in small])
    assert np.abs(made - theirs).max() < 0.05
    torch.testing.assert_close(sized(images, torch.ones(3), torch.ones(3)), images)


def test_a_crop_is_the_part_that_is_named_brought_to_size() -> None:
    images = torch.arange(64.0).view(1, 1, 8, 8) / 64.0
    whole = crop(images, torch.ones(1), torch.tensor([0.9]), torch.tensor([0.9]))
    torch.testing.assert_close(whole, images)
    # Half of the sides at the bottom right: rows and columns 4 to 7, each pixel's middle twice as far from the next.
    part = crop(images, torch.full((1,), 0.5), torch.tensor([0.99]), torch.tensor([0.99]))
    expected = Image.fromarray(images[0, 0, 4:, 4:].numpy()).resize((8, 8), Image.Resampling.BILINEAR)
    np.testing.assert_allclose(part[0, 0].numpy(), np.asarray(expected), atol=1e-5)


def test_each_image_undergoes_one_of_six_and_the_numbers_are_torchs() -> None:
    images = scene(3, 16, 16, count=1).repeat(400, 1, 1, 1)
    worn = Wear().build(ImageShape(3, 16, 16))
    torch.manual_seed(0)
    made = worn(images, NOW)
    torch.manual_seed(0)
    assert torch.equal(worn(images, NOW), made)
    as_they_are = (made == images).flatten(1).all(dim=1).float().mean()
    assert 0.11 < float(as_they_are) < 0.25  # 1/6, and crops of the whole
    assert not dict(worn.named_parameters())
    assert not worn.state_dict()


def test_points_are_refused() -> None:
    with pytest.raises(UserError, match=r"^augment: Wear is for pictures"):
        Wear().build(ImageShape(2, 1, 1))
