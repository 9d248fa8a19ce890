"""How pictures were prepared, as a product says it, and what is refused of what it says."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganache.data.origin import Source
from ganache.data.ranges import Ranges
from ganache.data.shape import ImageShape
from ganache.data.twofold.own_inputs import Use
from ganache.data.twofold.preparation import Preparation, prepared_by
from ganache.support.errors import UserError

INPUTS, TARGETS = ImageShape(1, 16, 24), ImageShape(3, 16, 24)


def of(**said: Any) -> Preparation:
    return Preparation.of(said, INPUTS, TARGETS)


def test_pictures_come_in_the_shape_of_what_the_task_is_made_of() -> None:
    assert of() == Preparation(INPUTS, Use())
    assert of(task="edges").shape == INPUTS
    assert of(task="colorize") == Preparation(TARGETS, Use(greyed=True))
    assert of(task="super-resolution:8") == Preparation(ImageShape(1, 2, 3), Use(scale=8))


def test_crops_are_of_pictures_of_the_whole_size() -> None:
    assert of(whole=[64, 80]).shape == ImageShape(1, 64, 80)
    assert of(whole=[64, 80], task="super-resolution").shape == ImageShape(1, 16, 20)


def test_backwards_no_task_is_done_and_the_other_sides_range_counts() -> None:
    ranges = {"ranges": {"integer": [0, 4095]}, "ranges_b": {"real": [-1, 1], "alpha": [0, 255]}}
    assert of(**ranges).ranges == Ranges(integer=(0, 4095))
    assert of(**ranges, task="super-resolution:4", is_reverse=True) == Preparation(
        INPUTS, Use(), Ranges(real=(-1, 1), alpha=(0, 255))
    )


@pytest.mark.parametrize(
    "said",
    [
        {"whole": [10**9, 4]},
        {"whole": [4]},
        {"whole": "4x4"},
        {"whole": [True, 4]},
        {"whole": [-4, 4]},
        {"task": "super-resolution:99999999"},
        {"task": "super-resolution:x"},
        {"ranges": {"integer": [5, 5]}},
        {"ranges": {"real": [0, float("inf")]}},
        {"ranges": {"alpha": {}}},
    ],
)
def test_nothing_is_believed(said: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        of(**said)


def test_data_say_by_which_values_deep_files_were_read(tmp_path: Path) -> None:
    for side, top in (("A", 900), ("B", 60_000)):
        for number in range(2):
            path = tmp_path / side / f"{number}.png"
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(np.full((4, 4), top - number, np.uint16)).save(path)
    alone = Source(str(tmp_path / "A"), meeting="pairs", task="edges").open().summary()
    assert prepared_by(alone) == {
        "task": "edges",
        "ranges": {"integer": [0, 1023], "real": [0, 1], "alpha": [0, 65535]},
    }
    both = Source(str(tmp_path / "A"), meeting="pairs", second=str(tmp_path / "B")).open().summary()
    assert (both["ranges"]["integer"], both["ranges_b"]["integer"]) == ([0, 1023], [0, 65535])
    assert "ranges" not in Source("digits").open().summary()
