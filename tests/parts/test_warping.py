"""Affine maps of images against the same by plain sums over an endless line of mirrors."""

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganache.parts.warping import SYM6, Warp, _Sampled, spread

TAPS = np.array(SYM6) / np.sum(SYM6)
IDENTITY = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
SIZES = [(1, 1), (1, 5), (6, 4), (8, 8)]
MATRICES = {
    "identity": IDENTITY,
    "turned and shrunk": ((1.3, 0.9, 0.4), (-0.7, 1.1, -2.3)),
    "enlarged": ((0.4, 0.1, 1.7), (0.0, 0.5, -0.2)),
    "far beyond the second mirror": ((3.0, -1.0, 9.0), (1.0, 4.0, -31.0)),
}


@pytest.fixture(autouse=True)
def exact() -> Iterator[None]:
    """All in float64, in which rounding is far below what a wrong pixel would make."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def pictures(height: int, width: int, channels: int = 2, count: int = 1) -> Tensor:
    torch.manual_seed(2)
    return torch.randn(count, channels, height, width)


def mapped(images: Tensor, matrices: Tensor) -> Tensor:
    result: Tensor = Warp(*images.shape[2:])(images, matrices)
    return result


def mirrored(place: int, side: int) -> int:
    """Return which pixel is seen at a place of a line of mirrors, which stand in the middles of the border's pixels."""
    while not 0 <= place < side:
        place = 0 if side == 1 else -place if place < 0 else 2 * (side - 1) - place
    return place


def doubled(image: NDArray[np.float64], row: int, column: int) -> float:
    """Return a doubled pixel: the low-pass over the pixels and the zeros between them."""
    found = 0.0
    for down, across in itertools.product(range(12), range(12)):
        y, x = row + 5 - down, column + 5 - across
        if y % 2 == 0 and x % 2 == 0:
            pixel = image[mirrored(y // 2, image.shape[0]), mirrored(x // 2, image.shape[1])]
            found += 4.0 * TAPS[down] * TAPS[across] * pixel
    return found


def by_sums(image: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one channel (H, W) mapped: samples every half a pixel, bilinear between doubled ones, halved."""
    height, width = image.shape
    samples = np.zeros((2 * height + 10, 2 * width + 10))
    for row, column in np.ndindex(samples.shape):
        source = matrix @ [(column - width - 4) / 2, (row - height - 4) / 2, 1.0]
        x, y = 2 * source + [width - 1, height - 1]
        left, top = math.floor(x), math.floor(y)
        for share, down, across in (
            ((top + 1 - y) * (left + 1 - x), 0, 0),
            ((top + 1 - y) * (x - left), 0, 1),
            ((y - top) * (left + 1 - x), 1, 0),
            ((y - top) * (x - left), 1, 1),
        ):
            samples[row, column] += share * doubled(image, top + down, left + across) if share else 0.0
    result = np.zeros_like(image)
    for row, column in np.ndindex(result.shape):
        result[row, column] = TAPS @ samples[2 * row : 2 * row + 12, 2 * column : 2 * column + 12] @ TAPS
    return result


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("size", SIZES)
def test_it_is_what_sums_over_mirrors_make(size: tuple[int, int], matrix: str) -> None:
    images = pictures(*size, channels=1)
    expected = by_sums(images[0, 0].numpy(), np.array(MATRICES[matrix]))
    np.testing.assert_allclose(mapped(images, torch.tensor([MATRICES[matrix]]))[0, 0].numpy(), expected, atol=1e-9)


@pytest.mark.parametrize("size", SIZES)
def test_the_identity_gives_the_images_back(size: tuple[int, int]) -> None:
    images = pictures(*size, count=3)
    torch.testing.assert_close(mapped(images, torch.tensor([IDENTITY] * 3)), images, atol=1e-9, rtol=0)


@pytest.mark.parametrize(("across", "down"), [(2, 0), (0, -3), (-1, 5), (20, -9)])
def test_whole_pixels_are_moved_and_not_blended(across: int, down: int) -> None:
    """Each image by its own matrix: what comes in is the mirror picture."""
    images = pictures(6, 8, count=2)
    matrices = torch.tensor([IDENTITY, ((1.0, 0.0, across), (0.0, 1.0, down))])
    rows = [mirrored(row + down, 6) for row in range(6)]
    columns = [mirrored(column + across, 8) for column in range(8)]
    expected = torch.stack([images[0], images[1][:, rows][:, :, columns]])
    torch.testing.assert_close(mapped(images, matrices), expected, atol=1e-9, rtol=0)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_smooth_image_is_turned_by_right_angles(turns: int) -> None:
    """The low-pass is not quite symmetric, so that a turned image of noise would be another one."""
    places = torch.linspace(-1.0, 1.0, 24)
    image = torch.exp(-4.0 * ((places - 0.3)[:, None] ** 2 + (places + 0.2)[None, :] ** 2))[None, None]
    cosine, sine = round(math.cos(turns * math.pi / 2)), round(math.sin(turns * math.pi / 2))
    turned = mapped(image, torch.tensor([((cosine, -sine, 0.0), (sine, cosine, 0.0))], dtype=torch.float64))
    apart = [float((turned - image.rot90(number, dims=(2, 3))).abs().max()) for number in range(4)]
    assert apart[turns] < 0.03
    assert min(distance for number, distance in enumerate(apart) if number != turns) > 0.3


def test_slopes_and_their_slopes_are_those_of_differences() -> None:
    images = pictures(5, 4, count=2).requires_grad_()
    matrices = torch.tensor([MATRICES["turned and shrunk"], MATRICES["enlarged"]])

    def function(images: Tensor) -> Tensor:
        return mapped(images, matrices).square()

    assert torch.autograd.gradcheck(function, (images,))
    assert torch.autograd.gradgradcheck(function, (images,))


def test_what_a_gpu_spreads_is_the_transpose_of_what_it_samples() -> None:
    """Also of samples that lie on or beyond the borders."""
    images, values = torch.randn(2, 3, 6, 5), torch.randn(2, 3, 4, 7)
    places = torch.rand(2, 4, 7, 2) * 2.4 - 1.2
    sampled = _Sampled.apply(images, places)  # type: ignore[no-untyped-call]
    found = spread(values, places, (6, 5))
    torch.testing.assert_close((found * images).sum(), (values * sampled).sum())
    expected = torch.ops.aten.grid_sampler_2d_backward(values, images, places, 0, 0, False, [True, False])[0]
    torch.testing.assert_close(found, expected)


def test_it_remembers_nothing() -> None:
    assert Warp(5, 4).state_dict() == {}
