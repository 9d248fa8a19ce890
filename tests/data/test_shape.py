from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganache
from ganache.data.shape import ImageShape
from ganache.support.errors import UserError
from ganache.training.plan import Request


def test_a_shape_counts_its_values_and_is_written_height_first() -> None:
    shape = ImageShape(channels=3, height=5, width=7)
    assert shape.pixels == 105
    assert str(shape) == "5x7x3"
    assert not shape.is_point


@pytest.mark.parametrize(
    ("shape", "is_point"),
    [
        *((ImageShape(2, 1, 1), True), (ImageShape(2, 1, 2), False), (ImageShape(2, 2, 1), False)),
        *((ImageShape(channels, 1, 1), False) for channels in (1, 3, 4)),
    ],
)
def test_one_pixel_of_two_channels_is_a_point_and_of_others_a_picture(shape: ImageShape, is_point: bool) -> None:
    assert shape.is_point is is_point


@pytest.mark.parametrize("channels", [0, 5, -1])
def test_channels_outside_one_to_four_are_refused(channels: int) -> None:
    with pytest.raises(UserError, match=f"^channels: {channels} is not 1"):
        ImageShape(channels, 4, 4)


@pytest.mark.parametrize(("height", "width"), [(0, 4), (4, 0), (16385, 4), (4, 16385)])
def test_sides_outside_one_to_16384_are_refused(height: int, width: int) -> None:
    with pytest.raises(UserError, match=f"^size: {height}x{width} is not"):
        ImageShape(1, height, width)
    assert ImageShape(1, 1, 16384).pixels == 16384


@pytest.fixture
def dots(tmp_path: Path) -> Path:
    folder = tmp_path / "dots"
    folder.mkdir()
    for index in range(8):
        Image.fromarray(np.full((1, 1, 3), 30 * index, np.uint8)).save(folder / f"{index}.png")
    return folder


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pictures_of_one_pixel_are_trained_on(dots: Path, tmp_path: Path, channels: int) -> None:
    """`ganache train mlp-2d --data D/dot`: AssertionError "float32" at the first sample sheet before."""
    settings = ["generator.widths=[4]", "discriminator.widths=[4]"]
    outcome = ganache.train(
        "mlp-2d", data=str(dots), out=tmp_path / "run", images=32, batch=8, channels=channels, settings=settings
    )
    images = ganache.load(outcome.run).sample(5, seed=0)
    assert images.shape == (5, 1, 1, channels)
    assert images.dtype == np.uint8
    assert list((tmp_path / "run" / "samples").glob("*.png"))


def test_one_pixel_with_grey_and_alpha_is_refused_in_a_line(dots: Path) -> None:
    with pytest.raises(UserError, match=r"^channels: one pixel of 2 channels is a point of a density"):
        ganache.plan(Request(data=str(dots), channels=2))
