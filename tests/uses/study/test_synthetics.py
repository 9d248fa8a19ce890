"""Synthetic pictures that a user gives."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from ganache.data import open_dataset
from ganache.uses.study.synthetics import GivenSet, given_pictures


def deep(folder: Path, brightest: int) -> Path:
    """Write a grey picture of 16 bits of each of two classes, of 1,000 but for one pixel."""
    for name in "ab":
        values = np.full((4, 4), 1_000, np.uint16)
        values[0, 0] = brightest
        (folder / name).mkdir(parents=True)
        Image.fromarray(values).save(folder / name / "1.png")
    return folder


def test_deep_ones_are_as_bright_as_the_data_would_be(tmp_path: Path) -> None:
    """By a range of their own, 16 bits, 1,000 would be 4; the data are taken as 12 bits."""
    dataset: Any = open_dataset(deep(tmp_path / "data", 4_000))
    pool: Any = SimpleNamespace(shape=dataset.shape, dataset=dataset, names=("a", "b"))
    found = given_pictures(str(deep(tmp_path / "synthetic", 60_000)), pool)
    assert isinstance(found, GivenSet)
    assert sorted(set(dataset.pick("train", np.arange(2)).images.ravel().tolist())) == [62, 249]
    given: Any = open_dataset(tmp_path / "synthetic")
    assert 4 in given.pick("train", np.arange(2)).images
    assert sorted(set(found.dataset.pick("train", np.arange(2)).images.ravel().tolist())) == [62, 255]
