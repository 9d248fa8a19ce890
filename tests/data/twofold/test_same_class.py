"""Two domains that share their classes: what stands beside what, and which domains cannot meet so."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganache.data import select
from ganache.data.origin import Source
from ganache.support.errors import UserError


def written(path: Path, labels: list[int], tone: int, test: list[int] | None = None) -> Path:
    """Arrays of pictures whose every pixel is the number of the row, and `tone` more."""

    def images(count: int, start: int) -> Any:
        return np.repeat(np.arange(start, start + count, dtype=np.uint8)[:, None, None] + np.uint8(tone), 4, 1).repeat(
            4, 2
        )

    arrays = {"x_train": images(len(labels), 0), "y_train": np.array(labels)}
    if test is not None:
        arrays |= {"x_test": images(len(test), 50), "y_test": np.array(test)}
    np.savez(path, **arrays)
    return path


def opened(first: Path, second: Path) -> Any:
    return Source(str(first), meeting="classes", second=str(second)).open()


@pytest.fixture
def domains(tmp_path: Path) -> tuple[Path, Path]:
    first = written(tmp_path / "a.npz", [0, 1, 2, 0, 1, 0, 0], 0, [2, 0])
    return first, written(tmp_path / "b.npz", [2, 0, 1, 1, 2], 100, [0, 0, 1])


def test_beside_each_picture_is_one_of_its_class(domains: tuple[Path, Path]) -> None:
    met = opened(*domains)
    assert met.counts == {"train": 7, "test": 2}
    assert met.label_names == ("0", "1", "2")
    found = met.stream(3).batch(0, 700)
    own, others = found.images[:, 0, 0, 0], found.images[:, 1, 0, 0] - 100
    assert np.array_equal(np.array([0, 1, 2, 0, 1, 0, 0])[own], found.labels)
    assert np.array_equal(np.array([2, 0, 1, 1, 2])[others], found.labels)
    assert {(int(one), int(other)) for one, other in zip(own, others, strict=True)} == {
        *((one, 1) for one in (0, 3, 5, 6)),
        *((one, other) for one in (1, 4) for other in (2, 3)),
        *((2, other) for other in (0, 4)),
    }
    assert sorted(own[:7]) == list(range(7))  # an epoch is the first domain's


def test_a_row_is_a_function_of_seed_and_position(domains: tuple[Path, Path]) -> None:
    stream, again = (opened(*domains).stream(5) for _ in range(2))
    whole = stream.batch(0, 40)
    pieces = [again.batch(position, 4).images for position in range(0, 40, 4)]
    assert np.array_equal(whole.images, np.concatenate(pieces))
    assert not np.array_equal(whole.images, opened(*domains).stream(6).batch(0, 40).images)


def test_each_picture_of_the_second_domain_comes_about_as_often(domains: tuple[Path, Path]) -> None:
    others = opened(*domains).stream(0).batch(0, 7_000).images[:, 1, 0, 0] - 100
    counts = np.bincount(others, minlength=5)
    # Of 7,000 rows 4,000 are of class 0 with its one picture, 2,000 of class 1 and 1,000 of class 2 with two each.
    assert counts[1] == 4_000
    assert np.allclose(counts[[2, 3]], 1_000, atol=120)
    assert np.allclose(counts[[0, 4]], 500, atol=90)


def test_rows_are_picked_with_a_partner_of_their_class_where_there_is_one(domains: tuple[Path, Path]) -> None:
    met = opened(*domains)
    picked = met.pick("train", np.arange(7)).images[:, 1, 0, 0] - 100
    assert picked.tolist() == [1, 2, 0, 1, 3, 1, 1]
    assert met.labels_of("test").tolist() == [2, 0]
    assert met.pick("test", np.arange(2)).images[:, :, 0, 0].tolist() == [[50, 150], [51, 150]]  # no 2 in the second
    streamed = met.stream(0, split="test").batch(0, 60).images[:, :, 0, 0].tolist()
    assert {tuple(pair) for pair in streamed} == {(50, 150), (50, 151), (50, 152), (51, 150), (51, 151)}


def test_they_are_other_data_than_domains_that_meet_at_random(domains: tuple[Path, Path]) -> None:
    apart = Source(str(domains[0]), meeting="domains", second=str(domains[1])).open()
    met = opened(*domains)
    assert met.fingerprint != apart.fingerprint
    assert met.summary()["kind"] == "two domains of images, class by class"
    assert select(met, conditional=True).labels_in() == ()


def test_domains_without_the_same_classes_are_one_line(domains: tuple[Path, Path], tmp_path: Path) -> None:
    first, second = domains
    more = written(tmp_path / "more.npz", [0, 1, 2, 3], 0)
    with pytest.raises(UserError, match=r"^conditional: both domains need .* the same classes to learn from: 3$"):
        opened(more, second)
    some = written(tmp_path / "some.npz", [0, 1, 2, -1], 0)
    with pytest.raises(UserError, match="the same classes"):
        opened(first, some)
    with pytest.raises(UserError, match=r"none are named$"):
        Source(str(first), meeting="classes", domains=("0", "1")).open()
