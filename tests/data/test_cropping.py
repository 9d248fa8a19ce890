"""Parts of pictures: where they lie in training and elsewhere, that both of a pair have one place, and exact resume."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import ganache
from ganache.data import select
from ganache.data.cropping import cropped
from ganache.data.dataset import RowStream
from ganache.data.origin import Source
from ganache.data.shape import ImageShape
from ganache.data.sources.densities import ring
from ganache.data.twofold.own_inputs import repeated, shrunk
from ganache.engine.feeding import Direct, Prefetched, feed_for
from ganache.engine.transfers import CPU
from ganache.runs.folder import Run
from ganache.support.errors import UserError
from tests.commands import run_command
from tests.conftest import SMALL
from tests.labelled import labelled
from tests.training.test_training import last_checkpoint

HEIGHT, WIDTH = 5, 7
CROP = (2, 3)
ROOM = (HEIGHT - 2, WIDTH - 3)


def images(count: int = 7) -> NDArray[np.uint8]:
    """Return pictures all of whose pixels differ: row i has 35 i … 35 i + 34 in reading order."""
    return np.arange(count * HEIGHT * WIDTH, dtype=np.uint8).reshape(count, 1, HEIGHT, WIDTH)


def crops() -> Any:
    return cropped(labelled(images(), [0, 1, 0, 1, 0, 1, 0], train=5, test=2), CROP)


def places(found: NDArray[np.uint8]) -> list[tuple[int, int, int]]:
    """Return row, top and left of each crop, having made sure that it is one."""
    said = []
    for crop in found:
        row, place = divmod(int(crop[0, 0, 0]), HEIGHT * WIDTH)
        top, left = divmod(place, WIDTH)
        assert crop.tolist() == images()[row, :, top : top + CROP[0], left : left + CROP[1]].tolist()
        said.append((row, top, left))
    return said


def test_every_place_comes_about_as_often_at_other_times_for_every_row() -> None:
    stream = crops().stream(3)
    assert (stream.count, isinstance(stream, RowStream)) == (5, False)
    batch = stream.batch(0, 4_000)
    found = places(batch.images)
    assert Counter(row for row, _, _ in found) == dict.fromkeys(range(5), 800)
    assert [row % 2 for row, _, _ in found] == batch.labels.tolist()
    corners = Counter(found)
    assert len(corners) == 5 * (ROOM[0] + 1) * (ROOM[1] + 1)
    assert 15 < min(corners.values()) < max(corners.values()) < 75  # 40 of each is what is expected


def test_a_crop_is_a_function_of_seed_and_position() -> None:
    stream = crops().stream(3)
    across = stream.batch(4_090, 12)
    alone = [crops().stream(3).batch(position, 1).images for position in range(4_090, 4_102)]
    assert across.images.tolist() == np.concatenate(alone).tolist()
    first, later = (places(stream.batch(start, 40).images) for start in (0, 4_096))
    assert [place[1:] for place in first] != [place[1:] for place in later]
    other = places(crops().stream(4).batch(0, 40).images)
    assert [place[1:] for place in other] != [place[1:] for place in places(stream.batch(0, 40).images)]
    fed, direct = Prefetched(stream, CPU, 5, ahead=3), Direct(crops().stream(3), CPU)
    for position in (0, 5, 10, 0, 7):
        assert fed.batch(position, 5).images.tolist() == direct.batch(position, 5).images.tolist()
    assert isinstance(feed_for(stream, CPU, 6, 5), Direct)


def test_what_is_not_trained_on_is_the_middle() -> None:
    data = crops()
    stream = data.stream(0, split="test")
    assert isinstance(stream, RowStream)
    assert sorted(places(stream.batch(0, 2).images)) == [(5, 1, 2), (6, 1, 2)]
    assert places(data.pick("train", np.array([4, 0])).images) == [(4, 1, 2), (0, 1, 2)]
    assert data.labels_of("test").tolist() == [1, 0]
    assert select(data, mirror=True).stream(0, "test").batch(0, 2).images.shape == (2, 1, *CROP)


def test_a_set_says_what_it_is_cropped_from_and_is_another_one() -> None:
    data = crops()
    assert (data.shape, data.count, data.label_names) == (ImageShape(1, *CROP), 7, ("dark", "light"))
    assert data.fingerprint != data.dataset.fingerprint
    assert data.fingerprint != cropped(data.dataset, (3, 2)).fingerprint
    assert cropped(data.dataset, None) is data.dataset


@pytest.mark.parametrize("size", [(HEIGHT, WIDTH), (HEIGHT + 1, 2), (2, WIDTH + 1)])
def test_what_is_no_part_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(UserError, match=rf"^crop: pictures of 5x7 pixels have no parts of {size[0]}x{size[1]}; --size"):
        cropped(labelled(images(), [0] * 7), size)


def test_what_has_no_pictures_is_refused() -> None:
    with pytest.raises(UserError, match=r"^crop: 'ring' has no pictures that could be cropped$"):
        cropped(ring(), (1, 1))


def test_mirrored_crops_are_crops_of_mirrored_pictures() -> None:
    found = select(crops(), mirror=True).stream(1).batch(0, 300).images
    turned = found[:, 0, 0, 0] > found[:, 0, 0, -1]
    assert 100 < turned.sum() < 200
    places(np.where(turned[:, None, None, None], found[..., ::-1], found))


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures whose two halves are A, and A with 100 more; and A and B as classes."""
    folder = tmp_path_factory.mktemp("sides")
    for number, picture in enumerate(np.random.default_rng(0).integers(0, 100, (6, 12, 16), dtype=np.uint8)):
        split = "test" if number > 3 else "train"
        for name, pixels in (
            ("halves", np.concatenate([picture, picture + 100], axis=1)),
            ("classes/A", picture),
            ("classes/B", picture + 100),
        ):
            kind, _, label = name.partition("/")
            path = folder / kind / split / label / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
    return folder


def opened(data: Path, **more: Any) -> Any:
    return Source(str(data), meeting=more.pop("meeting", "pairs"), crop=(8, 8), **more).open()


@pytest.mark.parametrize(("kind", "more"), [("halves", {"task": "side-by-side"}), ("classes", {})])
def test_both_of_a_pair_have_one_place(sides: Path, kind: str, more: dict[str, str]) -> None:
    data = opened(sides / kind, **more)
    assert data.shape == ImageShape(2, 8, 8, given=1)
    for batch in (data.stream(0).batch(0, 50), data.stream(0, split="test").batch(0, 2)):
        assert (batch.images[:, 1] - batch.images[:, 0] == 100).all()
    assert len({image.tobytes() for image in data.stream(0).batch(0, 50).images}) > 40
    known = data.summary()
    assert (known["shape"], known["whole"], known["given"]) == ([2, 8, 8], [12, 16], 1)
    assert known["decisions"]["crop"] == "8x8 of 12x16: anywhere in training, else the middle"


def test_domains_without_pairs_are_cropped_too(sides: Path) -> None:
    data = opened(sides / "classes", meeting="domains")
    assert data.stream(0).batch(0, 4).images.shape == (4, 2, 8, 8)
    assert data.stream(0, split="test").batch(0, 2).images.shape == (2, 2, 8, 8)


def test_what_a_task_gives_is_made_of_the_crop(sides: Path) -> None:
    data = opened(sides / "classes", task="super-resolution:4")
    both = data.stream(0).batch(5, 20).images
    expected = repeated(np.stack([shrunk(image, 4) for image in both[:, 1:]]), 4)
    assert both[:, :1].tolist() == expected.tolist()
    assert (data.summary()["task"], data.summary()["whole"]) == ("super-resolution:4", [12, 16])
    holes = opened(sides / "classes", task="inpaint").stream(0).batch(0, 32).images[:, 1]
    assert ((holes == 0).sum(axis=(1, 2)) == 16).all()  # half as high and wide as the crop, in each
    assert len({hole.tobytes() for hole in holes}) > 8  # elsewhere at other times


def test_a_run_on_crops_keeps_them_and_is_resumed_to_the_same_bits(tmp_path: Path) -> None:
    options: dict[str, Any] = {"data": "digits", "settings": SMALL, "crop": "6x5"}
    whole = ganache.train("dcgan", out=tmp_path / "whole", images=64, **options).run
    parts = ganache.train("dcgan", out=tmp_path / "parts", images=32, **options).run
    Run.open(parts).update_record(cadence=Run.open(whole).record()["cadence"])
    ganache.resume(parts, images=64)
    assert last_checkpoint(parts) == last_checkpoint(whole)
    record = Run.open(whole).record()
    assert record["source"]["crop"] == [6, 5]
    assert (record["data"]["shape"], record["data"]["whole"]) == ([1, 6, 5], [8, 8])
    assert Source.of(record["source"]).crop == (6, 5)
    assert Source.of({name: value for name, value in record["source"].items() if name != "crop"}).crop is None
    assert ganache.load(whole).shape == ImageShape(1, 6, 5)


def test_the_command_takes_crops_and_says_what_they_are_of() -> None:
    settings = [word for setting in SMALL for word in ("--set", setting)]
    status, said, _ = run_command("train", "dcgan", "--data", "digits", "--crop", "4", "--dry-run", *settings)
    assert status == 0
    assert "crop           4x4 of 8x8: anywhere in training, else the middle" in said
    status, _, complaint = run_command("train", "dcgan", "--data", "digits", "--crop", "four", "--dry-run")
    assert (status, complaint.count("\n")) == (2, 1)
    assert complaint.startswith("ganache: crop: 'four' is not HEIGHTxWIDTH in pixels")
