"""What a translator is given and what is wanted of it: in both directions, with partners and without."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganache.data.dataset import Dataset
from ganache.data.origin import Source
from ganache.data.shape import ImageShape
from ganache.data.twofold.directions import Inputs, as_pairs


def grey(path: Path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (4, 4), value).save(path)


@pytest.fixture(scope="module", name="data")
def two_classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A has 1, 2 and 3, B 103, 102 and 109: so names, and values, of the training pictures are."""
    folder = tmp_path_factory.mktemp("data")
    for side, numbers in (("A", (1, 2, 3)), ("B", (3, 2, 9))):
        for number in numbers:
            grey(folder / f"train/{side}/{number}.png", number + 100 * (side == "B"))
    return folder


def opened(data: Path, meeting: str, second: Path | None = None, task: str = "", *, is_reverse: bool = False) -> Inputs:
    source = Source(str(data), meeting=meeting, second=str(second or ""), task=task)  # type: ignore[arg-type]
    return Inputs(source.open(), "train", is_reverse)  # type: ignore[arg-type]


def first_pixels(images: object) -> list[int]:
    return [int(image[0, 0, 0]) for image in np.asarray(images)]


def reals(dataset: Dataset, labels: tuple[str, ...]) -> list[int]:
    stream = dataset.stream(0, labels)
    return sorted(first_pixels(stream.batch(0, stream.count or 0).images))


def test_pairs_are_given_with_what_is_wanted_both_ways(data: Path) -> None:
    there, back = opened(data, "pairs"), opened(data, "pairs", is_reverse=True)
    assert (there.count, there.are_paired, there.label_names) == (2, True, ())
    found = there.pick(np.array([1, 0]))
    assert (first_pixels(found.images), first_pixels(found.wanted)) == ([3, 2], [103, 102])
    assert found.labels.tolist() == [-1, -1]
    found = back.pick(np.array([0, 1]))
    assert (first_pixels(found.images), first_pixels(found.wanted)) == ([102, 103], [2, 3])
    assert reals(*there.targets()) == [102, 103, 109]  # those without a partner are of the domain too
    assert reals(*back.targets()) == [1, 2, 3]


def test_what_has_no_partners_is_given_alone_unless_names_are_asked_for(data: Path) -> None:
    alone = opened(data, "domains")
    found = alone.pick(np.arange(3))
    assert (alone.count, first_pixels(found.images), found.wanted) == (3, [1, 2, 3], None)
    paired = Inputs(as_pairs(alone.met), "train")
    assert (paired.count, paired.are_paired) == (2, True)
    assert paired.met.fingerprint == opened(data, "pairs").met.fingerprint
    assert as_pairs(paired.met) is paired.met


def test_inputs_have_their_own_sources_classes(data: Path, tmp_path: Path) -> None:
    for number in (1, 2):
        grey(tmp_path / f"train/{'AC'[number - 1]}/{number}.png", 200 + number)
    there, back = opened(data, "domains", tmp_path), opened(data, "domains", tmp_path, is_reverse=True)
    assert (there.label_names, back.label_names) == (("A", "B"), ("A", "C"))
    assert there.count == 6
    assert there.pick(np.arange(6)).labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert back.pick(np.arange(2)).labels.tolist() == [0, 1]
    assert reals(*there.targets()) == [201, 202]


def test_a_task_has_sides(data: Path) -> None:
    there, back = opened(data, "pairs", task="inpaint"), opened(data, "pairs", task="inpaint", is_reverse=True)
    assert (there.shape, back.shape, there.label_names) == (ImageShape(2, 4, 4), ImageShape(1, 4, 4), ("A", "B"))
    found = there.pick(np.array([0]))
    assert (found.images.shape, found.wanted is not None and found.wanted.shape) == ((1, 2, 4, 4), (1, 1, 4, 4))
    targets, labels = there.targets()
    assert (targets.shape, labels, reals(targets, labels)) == (ImageShape(1, 4, 4), (), [1, 2, 3, 102, 103, 109])
    inputs, _ = back.targets()
    assert (inputs.shape, inputs.stream(0).batch(0, 2).images.shape) == (ImageShape(2, 4, 4), (2, 2, 4, 4))
    assert inputs.fingerprint not in ("", targets.fingerprint, there.met.fingerprint)


def test_halves_are_a_set_of_their_own(data: Path) -> None:
    halves = opened(data, "pairs", task="side-by-side")
    targets, _ = halves.targets()
    assert (targets.shape, targets.count, np.asarray(targets.rows_by_label()).tolist()) == (
        ImageShape(1, 4, 2),
        6,
        [3, 3, 0],
    )
    assert targets.summary()["shape"] == [1, 4, 2]
    assert reals(targets, ("A",)) == [1, 2, 3]
