import pytest

from ganache.errors import UserError
from ganache.shape import ImageShape


def test_a_shape_counts_its_values_and_is_written_height_first() -> None:
    shape = ImageShape(channels=3, height=5, width=7)
    assert shape.pixels == 105
    assert str(shape) == "5x7x3"
    assert not shape.is_point


@pytest.mark.parametrize(
    ("shape", "is_point"),
    [(ImageShape(2, 1, 1), True), (ImageShape(2, 1, 2), False), (ImageShape(2, 2, 1), False)],
)
def test_one_pixel_is_a_point(shape: ImageShape, is_point: bool) -> None:
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
