"""Inputs that pictures themselves can give, by numbers that can be checked by hand."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganache.data.shape import ImageShape
from ganache.data.twofold.own_inputs import task_of, use_of
from ganache.support.errors import UserError

SHAPE = ImageShape(3, 4, 8)
NONE = np.zeros(1, np.int64)


def picture(*shape: int) -> Any:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_luminance_is_as_pillow_makes_a_picture_grey() -> None:
    images = picture(5, 3, 16, 16)
    made = task_of("colorize", ImageShape(3, 16, 16)).make(images, np.arange(5))
    assert made.shape == (5, 4, 16, 16)
    assert np.array_equal(made[:, 1:], images)
    for image, grey in zip(images, made[:, 0], strict=True):
        assert np.array_equal(grey, np.asarray(Image.fromarray(image.transpose(1, 2, 0)).convert("L")))


def test_a_smaller_picture_has_each_pixel_repeated() -> None:
    flat = np.broadcast_to(np.array([10, 200, 30], np.uint8)[None, :, None, None], (1, 3, 4, 8))
    task = task_of("super-resolution:4", SHAPE)
    assert task.shape == ImageShape(6, 4, 8, given=3)
    assert np.array_equal(task.make(flat, NONE), np.concatenate([flat, flat], axis=1))
    small = task.make(picture(1, 3, 4, 8), NONE)[:, :3]
    assert {len(np.unique(small[0, channel, :, start : start + 4])) for channel in range(3) for start in (0, 4)} == {1}
    assert [use_of(text).scale for text in ("super-resolution:3", "super-resolution", "edges", "")] == [3, 4, 1, 1]


def test_a_hole_is_transparent_half_as_high_and_wide_and_at_its_rows_place() -> None:
    images, places = picture(6, 3, 6, 8), np.arange(6)
    task = task_of("inpaint", ImageShape(3, 6, 8))
    made = task.make(images, places)
    assert task.shape == ImageShape(7, 6, 8, given=4)
    seen = made[:, 3]
    assert set(np.unique(seen)) == {0, 255}
    assert [(hole == 0).sum() for hole in seen] == [12] * 6
    assert len({hole.tobytes() for hole in seen}) > 1
    assert np.array_equal(made[3:4], task.make(images[3:4], places[3:4]))
    assert np.array_equal(np.where(seen[:, None] == 255, made[:, :3], 0), np.where(seen[:, None] == 255, images, 0))
    assert (made[:, :3].transpose(0, 2, 3, 1)[seen == 0] == 128).all()


def test_edges_are_dark_where_luminance_is_steep() -> None:
    step = np.zeros((1, 1, 4, 6), np.uint8)
    step[..., 3:] = 40  # a slope of 20 at both sides of the step, four times as dark
    made = task_of("edges", ImageShape(1, 4, 6)).make(step, NONE)
    assert made[0, 0].tolist() == [[255, 255, 175, 175, 255, 255]] * 4


def test_halves_stand_side_by_side() -> None:
    images = picture(2, 3, 4, 8)
    task = task_of("side-by-side", SHAPE)
    assert task.shape == ImageShape(6, 4, 4, given=3)
    made = task.make(images, NONE)
    assert np.array_equal(made[:, :3], images[..., :4])
    assert np.array_equal(made[:, 3:], images[..., 4:])
    assert np.array_equal(task_of("side-by-side:b-to-a", SHAPE).make(images, NONE)[:, :3], images[..., 4:])


@pytest.mark.parametrize(
    ("text", "shape", "line"),
    [
        ("super-resolution:3", SHAPE, "task: 4x8 pixels cannot be divided by 3"),
        ("super-resolution:1", SHAPE, "task: 'super-resolution:1' names no scale from 2 to 16"),
        ("super-resolution:x", SHAPE, "task: 'super-resolution:x' names no scale from 2 to 16"),
        ("edges:3", SHAPE, "task: 'edges:3' is not one of"),
        ("inpaint", ImageShape(4, 4, 8), "task: inpaint is for pictures without transparency"),
        ("side-by-side", ImageShape(3, 4, 7), "task: pictures of 4x7 pixels have no two halves"),
    ],
)
def test_a_task_that_cannot_be_is_one_line(text: str, shape: ImageShape, line: str) -> None:
    with pytest.raises(UserError, match=f"^{line}"):
        task_of(text, shape)
