"""Inputs and targets: who is beside whom, in which order, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganache.data import Selection, select
from ganache.data.dataset import RowStream
from ganache.data.origin import Source
from ganache.data.shape import ImageShape
from ganache.support.errors import UserError


def grey(path: Path, value: int, size: tuple[int, int] = (4, 2)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, value).save(path)


@pytest.fixture
def both(tmp_path: Path) -> Path:
    """Two classes, A and B; the picture n of B is 100 lighter than its partner, and some have none."""
    for number in range(1, 8):
        grey(tmp_path / f"train/A/{number}.png", number)
        grey(tmp_path / f"train/B/{number + 2}.jpg.png", 0)  # named otherwise: nobody's partner
    for number in (7, 3, 5, 1, 30):
        grey(tmp_path / f"train/B/{number}.png", number + 100)
    grey(tmp_path / "test/A/1.png", 51)
    grey(tmp_path / "test/B/1.png", 151)
    return tmp_path


def opened(data: Path, **more: Any) -> Any:
    return Source(str(data), meeting=more.pop("meeting", "pairs"), **more).open()


def values(images: Any) -> list[list[int]]:
    return [[int(channel[0, 0]) for channel in image] for image in images]


def test_partners_have_one_name_whatever_their_order_and_stay_in_their_split(both: Path) -> None:
    pairs = opened(both, domains=("A", "B"))
    assert (pairs.shape, pairs.counts, pairs.count) == (ImageShape(2, 2, 4, given=1), {"train": 4, "test": 1}, 5)
    stream = pairs.stream(seed=3)
    assert isinstance(stream, RowStream)
    found = values(stream.batch(0, 4).images)
    assert sorted(found) == [[1, 101], [3, 103], [5, 105], [7, 107]]
    assert values(pairs.stream(0, split="test").batch(0, 2).images) == [[51, 151], [51, 151]]
    assert values(stream.batch(2, 5).images) == values(np.concatenate([stream.batch(p, 1).images for p in range(2, 7)]))
    assert "4 by name" not in str(pairs.summary()["decisions"])
    assert "5 by name; 11 pictures without a partner left out" in pairs.summary()["decisions"]["pairs"]
    assert values(pairs.pick("train", np.array([0, 3])).images) == [[1, 101], [7, 107]]


def test_the_only_two_classes_need_not_be_named(both: Path) -> None:
    assert opened(both).fingerprint == opened(both, domains=("A", "B")).fingerprint
    assert opened(both).fingerprint != opened(both, domains=("B", "A")).fingerprint
    assert opened(both, meeting="domains").fingerprint != opened(both).fingerprint


def test_without_pairs_both_are_shuffled_apart_and_the_larger_is_an_epoch(both: Path) -> None:
    apart = opened(both, meeting="domains", domains=("A", "B"))
    assert apart.counts == {"train": 12, "test": 1}
    rows = values(apart.stream(0).batch(0, 84).images)
    assert {tuple(sorted(first for first, _ in rows[start : start + 7])) for start in range(0, 84, 7)} == {
        tuple(range(1, 8))
    }
    assert sorted(second for _, second in rows[:12]) == sorted([0] * 7 + [101, 103, 105, 107, 130])
    assert len({(first, second) for first, second in rows}) > 12  # a picture meets many
    assert rows[:7] != values(apart.stream(1).batch(0, 7).images)


def test_a_second_source_is_brought_to_the_first_ones_size(both: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for number in (1, 2):
        grey(other / f"{number}.png", 200 + number, size=(8, 4))
        grey(tmp_path / f"own/{number}.png", number)
    pairs = opened(tmp_path / "own", second=str(other))
    assert sorted(values(pairs.stream(0).batch(0, 2).images)) == [[1, 201], [2, 202]]
    assert Source.of(Source(str(both), meeting="pairs", second=str(other)).to_json()).second == str(other)


def test_arrays_are_paired_by_their_order_and_their_classes_are_kept(tmp_path: Path) -> None:
    first, second = np.arange(1, 4, dtype=np.uint8), np.arange(11, 14, dtype=np.uint8)
    shape = (3, 2, 2)
    np.savez(tmp_path / "a.npz", images=np.broadcast_to(first[:, None, None], shape), labels=np.array([0, 1, 0]))
    np.savez(tmp_path / "b.npz", images=np.broadcast_to(second[:, None, None], shape))
    np.savez(tmp_path / "c.npz", images=np.zeros((4, 2, 2), np.uint8))
    pairs = opened(tmp_path / "a.npz", second=str(tmp_path / "b.npz"))
    assert values(pairs.pick("train", np.arange(3)).images) == [[1, 11], [2, 12], [3, 13]]
    assert (pairs.label_names, pairs.rows_by_label().tolist()) == (("0", "1"), [2, 1, 0])
    with pytest.raises(UserError, match=r"^pairs: train has 3 pictures of .* and 4 of .*, which have no names"):
        opened(tmp_path / "a.npz", second=str(tmp_path / "c.npz")).stream(0)


def test_mirror_pictures_come_of_both_together(both: Path) -> None:
    for number, name in enumerate("AB"):
        picture = np.zeros((2, 4), np.uint8)
        picture[:, 0] = 1 + number
        path = both / f"edge/{name}/1.png"
        path.parent.mkdir(parents=True)
        Image.fromarray(picture).save(path)
    for meeting in ("pairs", "domains"):
        data: Selection = select(opened(both / "edge", meeting=meeting), mirror=True)
        images = data.stream(0).batch(0, 40).images
        left, right = images[:, :, 0, 0], images[:, :, 0, 3]
        assert set(map(tuple, left.tolist())) == {(1, 2), (0, 0)}
        assert ((left == 0) == (right != 0)).all()
        again = data.stream(0)
        assert np.array_equal(images[17:], again.batch(17, 23).images)


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({"domains": ("A",)}, "domains: A is not two different classes, such as A,B"),
        ({"domains": ("A", "C")}, "domains: 'C' is not a class of this data"),
        ({"domains": ("A", "B"), "task": "edges"}, "task: inputs and targets are told by domains already"),
        ({"task": "colorise"}, "task: 'colorise' is not one of super-resolution:4, colorize,"),
        ({"second": "ring"}, "data: 'ring' is a density of 2-channel 1x1 images"),
        ({"meeting": None, "task": "edges"}, "recipe: second, domains and task are for what translates pictures"),
    ],
)
def test_what_cannot_be_is_one_line(both: Path, more: dict[str, Any], line: str) -> None:
    with pytest.raises(UserError, match=f"^{line}"):
        opened(both, **more)


def test_a_set_that_says_nothing_of_sides_is_refused(tmp_path: Path) -> None:
    grey(tmp_path / "1.png", 1)
    with pytest.raises(UserError, match=r"^domains: .* does not say what is given and what is wanted"):
        opened(tmp_path)
    grey(tmp_path / "x/A/1.png", 1)
    grey(tmp_path / "x/B/2.png", 1)
    with pytest.raises(UserError, match=r"^pairs: no training picture .* cyclegan learns without pairs"):
        opened(tmp_path / "x").stream(0)
