"""Inputs and targets as they lie in files."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganache.data import select
from ganache.data.conversion import Conversion
from ganache.data.origin import Source
from ganache.data.shape import ImageShape
from ganache.data.twofold.sides import Meeting


def side_by_side(folder: Path, height: int, width: int) -> Path:
    """Write pictures of two halves of so many columns, each as bright as its number from 0 to 250."""
    folder.mkdir()
    columns = np.linspace(0, 250, width).round().astype(np.uint8)
    for number in range(2):
        Image.fromarray(np.tile(columns, (height, 2))).save(folder / f"{number}.png")
    return folder


@pytest.mark.parametrize(
    ("height", "width", "size", "shape"),
    [
        (300, 300, None, ImageShape(2, 64, 64, given=1)),  # larger than what is kept
        (40, 60, None, ImageShape(2, 40, 60, given=1)),
        (300, 300, (32, 32), ImageShape(2, 32, 32, given=1)),
        (50, 100, (32, 32), ImageShape(2, 32, 32, given=1)),  # wider than asked: cropped alike
    ],
)
def test_an_input_is_the_whole_left_half_and_lies_as_its_target_does(
    height: int, width: int, size: tuple[int, int] | None, shape: ImageShape, tmp_path: Path
) -> None:
    """Scaled and cropped as one picture, wide ones lost the left of their inputs and the right of their targets."""
    folder = side_by_side(tmp_path / "pictures", height, width)
    source = Source(str(folder), Conversion(size=size), meeting="pairs", task="side-by-side")
    for opened in (source.open(), source.open(write=False)):
        assert opened.shape == shape
        image = opened.stream(0).batch(0, 1).images[0]
        given, wanted = image[0, 0].tolist(), image[1, 0].tolist()
        assert given == wanted
        assert (given[0] + given[-1]) / 2 == pytest.approx(125, abs=1)  # its middle is the half's
        assert height != width or (given[0] < 5 and given[-1] > 245)


@pytest.mark.parametrize("meeting", ["pairs", "domains"])
def test_a_class_that_only_held_out_pictures_have_costs_nothing(meeting: Meeting, tmp_path: Path) -> None:
    """A sheet of held-out pictures asked for the others alone, and both domains always give all."""
    for domain in "xy":
        for number, place in enumerate(("train/a", "train/b", "test/a", "test/c")):
            path = tmp_path / domain / place / "1.png"
            path.parent.mkdir(parents=True)
            Image.new("L", (4, 4), 10 * number).save(path)
    source = Source(str(tmp_path / "x"), meeting=meeting, second=str(tmp_path / "y"))
    data = select(source.open())
    assert data.labels_in("test") == ()
    stream = data.stream(0, "test")
    assert sorted(stream.batch(0, 2).images[:, 0, 0, 0].tolist()) == [20, 30]
