"""Stacked MNIST on a fake MNIST whose every picture says which digit and which row it is."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ganache.data import open_dataset, pack, preview
from ganache.data.conversion import Conversion
from ganache.data.location import NAMES
from ganache.data.sources.stacked_mnist import StackedDigits
from ganache.support.errors import UserError
from tests.data.data_files import write_idx

FIRST = {"train": [5, 0, 4, 1, 9, 2, 1, 3, 1, 4], "t10k": [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]}  # what tells MNIST apart


@pytest.fixture
def fake_mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """40 training and 20 test pictures: the first pixel is ten times the digit, the second is the row."""
    folder = tmp_path / "data" / "mnist"
    for split, extra in (("train", 30), ("t10k", 10)):
        labels = [*FIRST[split], *(number % 10 for number in range(extra))]
        images = np.zeros((len(labels), 28, 28), np.uint8)
        images[:, 0, 0] = np.array(labels) * 10
        images[:, 0, 1] = np.arange(len(labels))
        write_idx(folder, split, images, labels)
    monkeypatch.setenv("GANACHE_DATA", str(tmp_path / "data"))
    return folder


def stacked() -> StackedDigits:
    found = open_dataset("stacked-mnist")
    assert isinstance(found, StackedDigits)
    return found


def spelt(images: NDArray[np.uint8]) -> NDArray[np.int64]:
    digits = images[:, :, 0, 0].astype(np.int64) // 10
    return 100 * digits[:, 0] + 10 * digits[:, 1] + digits[:, 2]


@pytest.mark.usefixtures("fake_mnist")
def test_each_label_is_the_number_that_the_three_channels_spell() -> None:
    data = stacked()
    assert "stacked-mnist" in NAMES
    assert (data.shape.channels, data.shape.height, data.shape.width) == (3, 28, 28)
    assert (data.count, len(data.label_names), data.label_names[7]) == (None, 1000, "007")
    batch = data.stream(seed=1).batch(0, 600)
    assert batch.images.shape == (600, 3, 28, 28)
    assert batch.images.dtype == np.uint8
    assert batch.labels.dtype == np.int64
    assert np.array_equal(spelt(batch.images), batch.labels)
    assert len(np.unique(batch.labels)) > 400  # of 600 draws among 1,000 about 451 differ


@pytest.mark.usefixtures("fake_mnist")
def test_a_row_depends_on_seed_and_position_alone() -> None:
    whole = stacked().stream(seed=3).batch(0, 700)
    other = stacked().stream(seed=3)
    parts = [other.batch(start, count) for start, count in ((500, 200), (0, 1), (1, 255), (256, 244))]
    joined = np.concatenate([parts[index].images for index in (1, 2, 3, 0)])
    assert np.array_equal(joined, whole.images)
    assert not np.array_equal(stacked().stream(seed=4).batch(0, 700).labels, whole.labels)


@pytest.mark.usefixtures("fake_mnist")
def test_splits_do_not_mix_and_every_row_of_a_split_occurs() -> None:
    data = stacked()
    assert set(data.summary()["splits"]) == {"train", "test"}
    assert set(data.stream(0).batch(0, 1000).images[:, :, 0, 1].ravel()) == set(range(40))
    assert set(data.stream(0, split="test").batch(0, 1000).images[:, :, 0, 1].ravel()) == set(range(20))
    with pytest.raises(UserError, match="split: 'val' is not in this data"):
        data.stream(0, split="val")


@pytest.mark.usefixtures("fake_mnist")
def test_named_modes_alone_are_drawn_each_equally_often() -> None:
    batch = stacked().stream(0, labels=["123", "900", "123"]).batch(0, 2000)
    modes, counts = np.unique(batch.labels, return_counts=True)
    assert modes.tolist() == [123, 900]
    assert abs(counts[0] - 1000) < 5 * 500**0.5
    assert np.array_equal(spelt(batch.images), batch.labels)
    with pytest.raises(UserError, match="labels: '1000' is not one of 000 … 999"):
        stacked().stream(0, labels=["1000"])


@pytest.mark.usefixtures("fake_mnist")
def test_the_fingerprint_is_the_digits_and_the_size_is_chosen_like_theirs() -> None:
    data, small = stacked(), open_dataset("stacked-mnist", Conversion(size=(14, 14)))
    assert (small.shape.height, small.shape.channels) == (14, 3)
    assert data.fingerprint != small.fingerprint
    assert data.fingerprint == preview("stacked-mnist").fingerprint == data.summary()["fingerprint"]
    with pytest.raises(UserError, match="channels: 1 is not 3"):
        open_dataset("stacked-mnist", Conversion(channels=1))
    with pytest.raises(UserError, match="endless"):
        pack("stacked-mnist", "store")


@pytest.mark.usefixtures("fake_mnist")
def test_a_folder_of_that_name_is_a_folder_by_its_path_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stacked-mnist").mkdir()
    monkeypatch.chdir(tmp_path)
    assert open_dataset("stacked-mnist").count is None
    with pytest.raises(UserError, match="no image files"):
        open_dataset("./stacked-mnist")


def test_a_split_that_lacks_a_digit_cannot_show_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for split in ("train", "t10k"):
        write_idx(tmp_path / "mnist", split, np.zeros((10, 8, 8), np.uint8), FIRST[split])
    monkeypatch.setenv("GANACHE_DATA", str(tmp_path))
    with pytest.raises(UserError, match="no image of the split 'train' shows 6, 8"):
        stacked().stream(0, labels=["685"])
