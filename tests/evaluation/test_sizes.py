"""In which size samples and reals meet: nothing is cropped, shrunk or resized twice that need not be."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import ganache
from ganache.data.conversion import Conversion
from ganache.data.origin import Source
from ganache.evaluation.features.inception import SIDE
from ganache.evaluation.sample_places import open_samples
from ganache.evaluation.samples import PictureSamples
from ganache.evaluation.sizes import open_reals
from tests.data.data_files import save

Size = tuple[int, int]
FEW: dict[str, Any] = {"features": "random", "metrics": ["fd"]}


def folder(place: Path, shapes: Sequence[Size], level: int = 0, seed: int = 0) -> Path:
    """Write smooth grey pictures of these sizes, each pixel moved by `level` up or down."""
    random = np.random.default_rng(seed)
    for number, (height, width) in enumerate(shapes):
        y, x = np.mgrid[0:height, 0:width]
        smooth = 128 + 60 * np.sin(number + 3 * y / height) * np.cos(5 * x / width)
        signs = random.integers(0, 2, (height, width)) * 2 - 1
        save(place / f"{number}.png", (smooth + level * signs).clip(0, 255).astype(np.uint8))
    return place


def test_two_folders_of_large_pictures_are_compared_as_they_are(tmp_path: Path) -> None:
    """They were compared as crops of 64×64: pictures that differ by 30 of 255 in each pixel had a distance of 3e-05."""
    reals = folder(tmp_path / "reals", [(300, 280)] * 12)
    fakes = folder(tmp_path / "fakes", [(300, 280)] * 12, level=30)
    found = ganache.evaluate(fakes, data=reals, **FEW)
    assert found.samples.size == "300x280x1"
    assert found.samples.read.startswith("300x280x1, the samples' own size")
    value = found["fd/random"].value
    assert value is not None
    assert value > 0.01
    assert ganache.evaluate(folder(tmp_path / "same", [(300, 280)] * 12), data=reals, **FEW)["fd/random"].value == (
        pytest.approx(0, abs=1e-9)
    )


def test_the_samples_decide_and_where_they_differ_the_reals(tmp_path: Path) -> None:
    small, large = folder(tmp_path / "small", [(8, 8)] * 4), folder(tmp_path / "large", [(16, 16)] * 4)
    mixed = folder(tmp_path / "mixed", [(9, 9), (20, 12), (8, 8), (8, 10)])
    found = ganache.evaluate(small, data=large, **FEW)
    assert (found.samples.size, found.samples.read.split(";")[0]) == ("8x8x1", "8x8x1, the samples' own size")
    found = ganache.evaluate(mixed, data=large, **FEW)
    why = "16x16x1, the reals' own size, since the samples have several"
    assert (found.samples.size, found.samples.read.split(";")[0]) == ("16x16x1", why)
    assert any("are of several sizes; they are read as 16x16x1" in warning for warning in found.warnings)
    found = ganache.evaluate(mixed, data=mixed, **FEW)
    assert "the samples have several sizes, and so have the reals" in found.samples.read
    found = ganache.evaluate(mixed, data=large, size="12x10", **FEW)
    assert found.samples.size == "12x10x1"
    np.save(tmp_path / "x.npy", np.zeros((4, 8, 8), np.uint8))
    assert ganache.evaluate(tmp_path / "x.npy", data=large, **FEW).samples.size == "8x8x1"


def seen(samples: Path, reals: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8], PictureSamples]:
    """Return the first sample and the first real as Inception would get them."""
    source = open_samples(samples)
    assert isinstance(source, PictureSamples)
    dataset = open_reals(source, Source(str(reals)), True, None)
    pieces = source.stream(1, 0, dataset.shape, ())
    return next(pieces).images[0], dataset.rows("train", 0, 1).images[0].transpose(1, 2, 0), source  # type: ignore[attr-defined]


def test_inception_sees_each_picture_resized_once(tmp_path: Path) -> None:
    """Pictures were first cropped to 64×64, and those blown up to 299×299."""
    even = folder(tmp_path / "even", [(40, 60)] * 3)
    sample, real, _ = seen(folder(tmp_path / "twin", [(40, 60)] * 3, level=9), even)
    assert sample.shape == real.shape == (40, 60, 1)  # the network's own rule brings them to its size
    uneven = folder(tmp_path / "uneven", [(50, 20), (40, 60)])
    sample, real, source = seen(uneven, even)
    assert sample.shape == real.shape == (SIDE, SIDE, 1)
    for array, path in ((sample, uneven / "0.png"), (real, even / "0.png")):
        with Image.open(path) as picture:
            straight = picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        np.testing.assert_array_equal(array[..., 0], np.asarray(straight))
    assert source.read.startswith(
        f"{SIDE}x{SIDE}x1, each straight in the size of the network; other sizes are stretched"
    )


def test_packed_reals_have_the_size_in_which_they_are_packed(tmp_path: Path) -> None:
    reals = folder(tmp_path / "reals", [(16, 16)] * 4)
    ganache.data.pack(reals, tmp_path / "store", Conversion(size=(8, 8)))
    found = ganache.evaluate(folder(tmp_path / "fakes", [(16, 16)] * 4), data=tmp_path / "store", **FEW)
    assert found.samples.read.startswith("8x8x1, the reals are packed so")
    assert SIDE == 299


def test_a_range_is_that_of_samples_and_reals(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 3000, (6, 8, 8)).astype(np.uint16)
    for number, picture in enumerate(values):
        save(tmp_path / "deep" / f"{number}.png", picture)
    np.save(tmp_path / "deep.npy", values)
    asked: dict[str, Any] = {"features": "pixels", "metrics": ["fd"], "value_range": "1000:2000"}
    for samples in ("deep", "deep.npy"):
        found = ganache.evaluate(tmp_path / samples, data=tmp_path / "deep", **asked)
        assert found["fd/pixels"].value == pytest.approx(0, abs=1e-9)
        assert "1000 … 2000, as asked" in found.samples.read
