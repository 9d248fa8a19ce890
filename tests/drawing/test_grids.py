from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganache.drawing import grids
from ganache.support.errors import UserError


def cells(*values: int, height: int = 1, width: int = 1, channels: int = 1) -> Any:
    return np.stack([np.full((height, width, channels), value, np.uint8) for value in values])


def test_two_images_stand_side_by_side_with_a_white_gap() -> None:
    picture = grids.grid(cells(10, 20), smallest_side=1)
    assert picture.mode == "L"
    assert np.asarray(picture).tolist() == [[10, 255, 255, 20]]


def test_tiny_cells_are_enlarged_without_interpolation_but_the_gap_is_not() -> None:
    # Two cells of one pixel and a gap of two: 2 f + 2 >= 8 first holds at f = 3.
    picture = grids.grid(cells(10, 20), smallest_side=8)
    assert np.asarray(picture).tolist() == [[10, 10, 10, 255, 255, 20, 20, 20]] * 3


def test_the_rest_of_the_last_row_is_white() -> None:
    pixels = np.asarray(grids.grid(cells(1, 2, 3), smallest_side=1))
    assert pixels.tolist() == [[1, 255, 255, 2], [255] * 4, [255] * 4, [3, 255, 255, 255]]
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(1, 2, 3, 3)
    assert np.array_equal(np.asarray(grids.grid(image, smallest_side=1)), image[0])


@pytest.mark.parametrize(
    ("channels", "mode", "gap"),
    [(1, "L", 255), (2, "LA", (255, 0)), (3, "RGB", (255, 255, 255)), (4, "RGBA", (255, 255, 255, 0))],
)
def test_channels_decide_the_mode_and_alpha_makes_gaps_transparent(channels: int, mode: str, gap: Any) -> None:
    picture = grids.grid(cells(7, 9, channels=channels), smallest_side=1)
    assert picture.mode == mode
    assert picture.getpixel((1, 0)) == gap
    assert picture.getpixel((3, 0)) == (9 if channels == 1 else (9,) * channels)


@pytest.mark.parametrize(
    ("count", "height", "width", "columns", "expected"),
    [
        (64, 8, 8, None, (8, 8, 8)),  # 8 · 8 · 8 + 7 · 2 = 526, and a factor of 7 gives 462
        (10, 8, 8, None, (3, 4, 16)),
        (4, 16, 64, None, (4, 1, 8)),  # wide cells are stacked: 64 × 70
        (4, 64, 16, None, (1, 4, 8)),
        (5, 32, 32, 2, (3, 2, 6)),  # the height decides: 3 · 32 · 5 + 4 = 484
        (3, 32, 32, 8, (1, 3, 6)),  # no more columns than images
        (1, 600, 900, None, (1, 1, 1)),
        (100, 256, 256, None, (10, 10, 1)),
    ],
)
def test_layouts(count: int, height: int, width: int, columns: int | None, expected: tuple[int, int, int]) -> None:
    assert grids.layout(count, height, width, columns) == expected


def test_a_grid_above_64_megapixels_is_refused_with_the_ways_out() -> None:
    # 31 · 256 + 60 = 7996 pixels a side is the last that fits.
    assert grids.layout(31 * 31, 256, 256) == (31, 31, 1)
    with pytest.raises(UserError, match=r"--count: 1024 images .* 8254 × 8254 .*--out NAME/.*NAME\.npy"):
        grids.layout(32 * 32, 256, 256)
    with pytest.raises(UserError, match="--count"):
        grids.grid(np.broadcast_to(np.uint8(0), (40_000, 64, 64, 1)))


def reddest(picture: Image.Image) -> tuple[float, float]:
    """Return the centre (x, y) of what is red, in pixels."""
    pixels = np.asarray(picture).astype(int)
    rows, columns = np.nonzero(pixels[..., 0] - pixels[..., 2] > 60)
    return float(columns.mean()), float(rows.mean())


def test_y_points_up_in_a_scatter() -> None:
    # The margin of a picture 512 wide is 8 pixels: -1 is the centre of pixel 8, 1 that of pixel 503.
    assert reddest(grids.scatter(np.array([[1.0, -1.0]]))) == (503, 503)
    assert reddest(grids.scatter(np.array([[-1.0, 1.0]]))) == (8, 8)
    assert reddest(grids.scatter(np.array([[0.0, 0.0]]))) == (255.5, 255.5)


def test_points_outside_are_drawn_on_the_border() -> None:
    assert grids.scatter(np.array([[7.0, -np.inf]])) == grids.scatter(np.array([[1.0, -1.0]]))


def test_overlapping_dots_let_less_white_through() -> None:
    # Generated points are half transparent: k of them leave (1/2)^k of the white over (214, 57, 43).
    for count in (1, 2, 3):
        middle = np.asarray(grids.scatter(np.full((count, 2), -1.0)))[503, 8]
        expected = np.array([214, 57, 43]) + np.array([41, 198, 212]) * 0.5**count
        assert np.abs(middle - expected).max() <= 0.51


def test_reals_lie_gray_beneath_the_generated_points() -> None:
    both = np.asarray(grids.scatter(np.full((40, 2), -1.0), np.array([[-1.0, -1.0], [1.0, 1.0]])))
    assert both[503, 8].tolist() == [214, 57, 43]
    # One real: 0.84 of 255 and 0.16 of (150, 156, 168).
    assert both[8, 503].tolist() == [238, 239, 241]
    assert both[0, 0].tolist() == both[-1, 300].tolist() == [208, 212, 218]
    assert both[256, 256].tolist() == [255, 255, 255]


def test_a_scatter_depends_on_no_order_also_where_dots_are_stamped_in_parts() -> None:
    points = np.random.default_rng(0).normal(size=(20_000, 2)) * 0.4
    assert grids.scatter(points[::-1]) == grids.scatter(points)


def test_points_are_displayed_as_a_scatter_and_images_as_a_grid() -> None:
    points = np.array([[0.5, -0.5], [0.1, 0.2]], np.float32)
    shown = grids.for_display(points.reshape(2, 1, 1, 2), points[:1].reshape(1, 1, 1, 2))
    assert shown == grids.scatter(points, points[:1])
    assert grids.for_display(cells(1, 2, height=8, width=8)).mode == "L"
    assert grids.for_display(cells(1, 2, channels=2)).mode == "LA"
