"""Pictures of more than 8 bits that belong with a set are read by the set's range, whatever they show themselves."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ganache.data import open_dataset
from ganache.data.conversion import Conversion
from ganache.data.decoding.deep import Extremes, decide_ranges
from ganache.data.ranges import FULL, Ranges
from ganache.data.shape import ImageShape
from ganache.data.sources.single_pictures import read_pictures
from ganache.data.store.packed import PackedDataset
from ganache.evaluation.sample_places import open_samples, read_as_reals
from ganache.training.plan import Request
from ganache.uses.anomaly.detector import DETECTOR
from ganache.uses.anomaly.fitting import fit
from ganache.uses.scored_inputs import inputs_of

SHAPE = ImageShape(1, 8, 8)
TWELVE = Ranges(integer=(0, 4095))
DARK = 1_000  # of 4,095, so that alone these pictures pass for ones of 10 bits


def shades(highest: int, count: int = 12) -> NDArray[np.uint16]:
    return np.random.default_rng(highest).integers(0, highest + 1, (count, 8, 8)).astype(np.uint16)


def folder_of(images: NDArray[np.uint16], folder: Path) -> Path:
    folder.mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{number:02d}.png")
    return folder


def opened(source: Path, how: Conversion) -> PackedDataset:
    dataset = open_dataset(source, how)
    assert isinstance(dataset, PackedDataset)
    return dataset


def as_eight_bits(images: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """0 … 4095 as 0 … 255, half up."""
    return np.floor(images / 4095 * 255 + 0.5).astype(np.uint8)[:, None]


@pytest.fixture
def dark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NDArray[np.uint16]:
    """Dark pictures, which lie in the folder `dark` and in dark.npy; those of `whole` have all of 12 bits."""
    monkeypatch.setenv("GANACHE_CACHE", str(tmp_path / "cache"))
    images = shades(DARK)
    folder_of(images, tmp_path / "dark")
    np.save(tmp_path / "dark.npy", images)
    whole = shades(4095)
    folder_of(whole, tmp_path / "whole")
    np.save(tmp_path / "whole.npy", whole)
    return images


@pytest.mark.parametrize("suffix", ["", ".npy"])
def test_a_set_knows_its_range_and_others_are_read_by_it(suffix: str, dark: NDArray[np.uint16], tmp_path: Path) -> None:
    """Before, what belonged with a set became four times as bright as in it, if it was dark."""
    ranges = opened(tmp_path / f"whole{suffix}", Conversion()).ranges
    assert ranges == TWELVE
    alone = opened(tmp_path / f"dark{suffix}", Conversion())
    assert alone.rows("train", 0, 12).images.max() > 200
    beside = opened(tmp_path / f"dark{suffix}", Conversion(ranges=ranges))
    np.testing.assert_array_equal(beside.rows("train", 0, 12).images, as_eight_bits(dark))


def test_single_pictures_and_what_is_scored_are_read_by_it(dark: NDArray[np.uint16], tmp_path: Path) -> None:
    """Before, both were read as if they had 16 bits, nearly black."""
    paths = sorted((tmp_path / "dark").iterdir())
    np.testing.assert_array_equal(read_pictures(paths, SHAPE, TWELVE), as_eight_bits(dark))
    assert read_pictures(paths, SHAPE).max() > 200  # of nothing that is known, what they show decides, as in training
    for source in ("dark", "dark.npy"):
        (piece,) = inputs_of(str(tmp_path / source), SHAPE, Conversion((8, 8), 1, ranges=TWELVE), None)
        np.testing.assert_array_equal(piece.images, as_eight_bits(dark))


@pytest.mark.parametrize("suffix", ["", ".npy"])
def test_samples_are_read_as_the_reals_are(suffix: str, dark: NDArray[np.uint16], tmp_path: Path) -> None:
    reals = opened(tmp_path / f"whole{suffix}", Conversion())
    source = open_samples(tmp_path / f"dark{suffix}")
    read_as_reals(source, reals)
    images = np.concatenate([piece.images for piece in source.stream(12, 0, SHAPE, ())])
    np.testing.assert_array_equal(images.transpose(0, 3, 1, 2), as_eight_bits(dark))
    assert "4095" in source.read
    asked = open_samples(tmp_path / f"dark{suffix}", value_range=(0, DARK))
    read_as_reals(asked, reals)
    assert np.concatenate([piece.images for piece in asked.stream(12, 0, SHAPE, ())]).max() == 255


def test_bytes_and_floats_of_another_range_speak_for_themselves(dark: NDArray[np.uint16], tmp_path: Path) -> None:
    """A set of whole numbers says nothing of floats, as a generator of another tool saves them."""
    np.save(tmp_path / "bytes.npy", (dark // 16).astype(np.uint8))
    np.save(tmp_path / "floats.npy", (dark / 500 - 1).astype(np.float32))
    how = Conversion(ranges=TWELVE)
    np.testing.assert_array_equal(opened(tmp_path / "bytes.npy", how).rows("train", 0, 12).images[:, 0], dark // 16)
    floats = opened(tmp_path / "floats.npy", how).rows("train", 0, 12).images[:, 0]
    np.testing.assert_array_equal(floats, np.floor(dark / 1000 * 255 + 0.5))
    found = Extremes(integer=(0, 900), real=(-1, 1), alpha=(0, 900))
    assert decide_ranges(found, TWELVE)[0] == Ranges((0, 4095), (-1, 1), (0, 65535))
    assert decide_ranges(found, Ranges(real=(-1000, 400)))[0].real == (-1000, 400)
    assert decide_ranges(found, None)[0] == Ranges((0, 1023), (-1, 1), (0, 1023))
    assert decide_ranges(Extremes(), TWELVE)[0] == FULL


def test_a_detector_keeps_the_range_of_its_normals(dark: NDArray[np.uint16], tmp_path: Path) -> None:
    asked = Request(data=str(tmp_path / "whole"), images=32, device="cpu", settings=("generator.width=4",))
    fit(asked, tmp_path / "detector", judges=("neighbours",))
    record = json.loads((tmp_path / "detector" / DETECTOR).read_text())
    assert record["ranges"] == [[0, 4095], [0, 1], [0, 65535]]
