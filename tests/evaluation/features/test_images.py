import numpy as np
import pytest
import torch
from PIL import Image

from ganache.data.decoding.decode import fit
from ganache.data.shape import ImageShape
from ganache.evaluation.features.images import resize_pillow, resize_tensorflow, with_channels

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def pictures(channels: int, count: int = 3, height: int = 5, width: int = 4) -> np.ndarray:
    return np.random.default_rng(channels).integers(0, 256, (count, height, width, channels), np.uint8)


@pytest.mark.parametrize("had", [1, 2, 3, 4])
@pytest.mark.parametrize("wanted", [1, 2, 3, 4])
def test_channels_are_converted_as_pillow_does_it(had: int, wanted: int) -> None:
    images = pictures(had)
    found = with_channels(images, wanted)
    assert found.dtype == np.uint8
    assert found.shape == (3, 5, 4, wanted)
    for image, converted in zip(images, found, strict=True):
        picture = Image.fromarray(image.squeeze())
        assert picture.mode == MODES[had]
        expected = fit(picture, ImageShape(wanted, 5, 4)).transpose(1, 2, 0)
        # RGB with alpha to grey: composited first, or weighed first, which may round once more.
        assert np.abs(converted.astype(int) - expected).max() <= (had == 4 and wanted == 1)


def test_transparent_pixels_are_white_whatever_colour_they_hide() -> None:
    pixel = np.array([[[[10, 20, 30, 0], [10, 20, 30, 255], [0, 100, 200, 51]]]], np.uint8)
    # 51/255 is a fifth: 0 → 204, 100 → 20 + 204, 200 → 40 + 204
    assert with_channels(pixel, 3).tolist() == [[[[255, 255, 255], [10, 20, 30], [204, 224, 244]]]]
    assert with_channels(np.array([[[[7, 0], [7, 255]]]], np.uint8), 3).tolist() == [[[[255] * 3, [7] * 3]]]


def test_grey_is_repeated() -> None:
    assert with_channels(np.array([[[[9]]]], np.uint8), 3).tolist() == [[[[9, 9, 9]]]]


def lerped(image: list[list[float]], height: int, width: int) -> list[list[float]]:
    """Return one channel resized pixel by pixel, as TensorFlow 1's kernel for resize_bilinear is described."""
    rows, columns = len(image), len(image[0])
    result = []
    for y in range(height):
        at_y = y * (rows / height)
        top = int(at_y)
        bottom = min(top + 1, rows - 1)
        line = []
        for x in range(width):
            at_x = x * (columns / width)
            left = int(at_x)
            right = min(left + 1, columns - 1)
            above = image[top][left] * (1 - at_x + left) + image[top][right] * (at_x - left)
            under = image[bottom][left] * (1 - at_x + left) + image[bottom][right] * (at_x - left)
            line.append(above * (1 - at_y + top) + under * (at_y - top))
        result.append(line)
    return result


@pytest.mark.parametrize("had", [(1, 1), (2, 3), (7, 5), (28, 28)])
@pytest.mark.parametrize("size", [(1, 1), (4, 7), (13, 10), (29, 31)])
def test_tensorflow_s_resize(had: tuple[int, int], size: tuple[int, int]) -> None:
    images = torch.randint(0, 256, (2, 3, *had), generator=torch.Generator().manual_seed(1)).float()
    found = resize_tensorflow(images, *size)
    assert found.shape == (2, 3, *size)
    for image, resized in zip(images.flatten(0, 1), found.flatten(0, 1), strict=True):
        torch.testing.assert_close(resized, torch.tensor(lerped(image.tolist(), *size)), rtol=0, atol=2e-3)


def test_tensorflow_s_resize_by_hand() -> None:
    row = torch.tensor([[[[0.0, 100.0]]]])
    # Positions 0, ½, 1, 1½: the last lies beyond the last pixel, which is repeated.
    assert resize_tensorflow(row, 1, 4).tolist() == [[[[0.0, 50.0, 100.0, 100.0]]]]
    four = torch.tensor([[[[0.0, 10.0, 20.0, 30.0]]]])
    assert resize_tensorflow(four, 1, 2).tolist() == [[[[0.0, 20.0]]]]  # every second pixel, no mean
    same = torch.rand(1, 2, 9, 6)
    assert torch.equal(resize_tensorflow(same, 9, 6), same)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_pillow_s_resize(channels: int) -> None:
    images = pictures(channels, count=2, height=12, width=9)
    images[..., -1] |= 128
    found = resize_pillow(images, 4, 5)
    assert found.shape == (2, 4, 5, channels)
    expected = Image.fromarray(images[1].squeeze()).resize((5, 4), Image.Resampling.BICUBIC)
    assert np.array_equal(found[1].squeeze(), np.asarray(expected))
    assert resize_pillow(images, 12, 9) is images


def test_pillow_s_resize_shrinks_without_aliasing() -> None:
    stripes = np.zeros((1, 64, 64, 1), np.uint8)
    stripes[:, :, ::2] = 254
    assert np.abs(resize_pillow(stripes, 16, 16).astype(int) - 127)[:, :, 1:-1].max() <= 8
