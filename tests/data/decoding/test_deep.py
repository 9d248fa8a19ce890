"""Pictures of more than 8 bits: one range for the whole set, found in it or asked for, and never black without a word.

A file of 12 bits in 16 became a picture of at most 15 of 255, and one of 8 bits in 16 became black.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, TiffImagePlugin

from ganache.data import open_dataset, preview
from ganache.data.conversion import Conversion
from ganache.data.decoding.deep import Extremes, decide_ranges, scaled
from ganache.support.errors import UserError
from ganache.support.units import parse_range
from tests.data.data_files import opened, png_file, save

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)


def images(folder: Path, **how: Any) -> npt.NDArray[np.uint8]:
    dataset = opened(folder, folder.parent, **how)
    return dataset.rows("train", 0, dataset.count).images


@pytest.mark.parametrize(
    ("highest", "bits"),
    [(0, 8), (255, 8), (256, 10), (1023, 10), (1024, 12), (4095, 12), (4096, 14), (16383, 14), (16384, 16)],
)
def test_the_depth_is_the_least_usual_one_that_holds_the_largest_value(highest: int, bits: int) -> None:
    ranges, why = decide_ranges(Extremes(integer=(0, highest)), None)
    assert list(ranges.integer) == [0, 2**bits - 1]
    assert f"deep files hold 0 … {highest}: taken as {bits} bits" in why["range"]


def test_values_are_scaled_half_up_and_clipped() -> None:
    values = np.array([0, 8, 9, 2047, 2048, 4095, 5000], np.uint16)
    # v · 255 / 4095: 0, 0.498, 0.560, 127.47, 127.53, 255, and what is beyond
    assert scaled(values, (0, 4095)).tolist() == [0, 0, 1, 127, 128, 255, 255]
    assert scaled(np.array([-1024, 0, 1016], np.int32), (-1024, 1016)).tolist() == [0, 128, 255]  # steps of 8
    assert scaled(np.array([-1.0, 0.0, 1.0], np.float32), (-1, 1)).tolist() == [0, 128, 255]  # 127.5, up


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("factor", [1, 16, 257])
def test_a_depth_within_sixteen_bits_gives_the_picture_of_eight(tmp_path: Path, suffix: str, factor: int) -> None:
    """8 bits as they are, 12 bits shifted by 4, 16 bits times 257."""
    save(tmp_path / "deep" / f"0.{suffix}", (RAMP.astype(np.uint16) * factor))
    expected = np.floor(RAMP * (factor * 255 / {1: 255, 16: 4095, 257: 65535}[factor]) + 0.5)
    np.testing.assert_array_equal(images(tmp_path / "deep")[0, 0], expected)


def test_the_range_is_that_of_the_set_and_no_file_s_own(tmp_path: Path) -> None:
    save(tmp_path / "deep" / "0.png", np.full((4, 4), 100, np.uint16))
    save(tmp_path / "deep" / "1.png", np.full((4, 4), 4000, np.uint16))
    save(tmp_path / "deep" / "2.png", np.full((4, 4), 100, np.uint8))  # 8 bits stay what they are
    dataset = opened(tmp_path / "deep", tmp_path)
    assert dataset.rows("train", 0, 3).images[:, 0, 0, 0].tolist() == [6, 249, 100]  # 6.2, 249.1
    summary = dataset.summary()
    assert summary["decisions"]["range"].startswith("deep files hold 100 … 4000: taken as 12 bits; --range LOW:HIGH")
    assert summary["converted"] == {"16 bit to 8 bit": 2}


def test_integers_outside_sixteen_bits_and_floats_use_what_the_set_holds(tmp_path: Path) -> None:
    save(tmp_path / "ct" / "0.tif", np.array([[-1024, 1016]], np.int32))
    save(tmp_path / "ct" / "1.tif", np.array([[0, -4]], np.int32))
    assert images(tmp_path / "ct").reshape(2, 2).tolist() == [[0, 255], [128, 128]]  # 128 and 127.5
    save(tmp_path / "zero-one" / "0.tif", np.array([[0.0, 0.25]], np.float32))
    assert images(tmp_path / "zero-one").ravel().tolist() == [0, 64]
    save(tmp_path / "signed" / "0.tif", np.array([[-0.5, 0.5]], np.float32))
    assert images(tmp_path / "signed").ravel().tolist() == [64, 191]
    save(tmp_path / "wide" / "0.tif", np.array([[10.0, 30.0]], np.float32))
    dataset = opened(tmp_path / "wide", tmp_path)
    assert dataset.rows("train", 0, 1).images.ravel().tolist() == [0, 255]
    assert "they hold 10 … 30: all of it is used" in dataset.summary()["decisions"]["float range"]


def deep_png(path: Path, values: npt.NDArray[np.uint16], colour: int) -> None:
    """Write a 16-bit PNG by hand, which Pillow cannot; every row has another of the five filters."""
    height, width, channels = values.shape
    step, above, rows = 2 * channels, bytes(2 * channels * width), b""
    for number, row in enumerate(values.astype(">u2")):
        line, kind = row.tobytes(), number % 5
        left = bytes(step) + line[:-step]
        corner = bytes(step) + above[:-step]
        guesses: dict[int, Callable[[int, int, int], int]] = {
            0: lambda a, b, c: 0,
            1: lambda a, b, c: a,
            2: lambda a, b, c: b,
            3: lambda a, b, c: (a + b) // 2,
            4: lambda a, b, c: min((a, b, c), key=lambda value: abs(a + b - c - value)),  # Paeth: first of equals
        }
        rows += bytes([kind]) + bytes(
            (x - guesses[kind](a, b, c)) % 256 for x, a, b, c in zip(line, left, above, corner, strict=True)
        )
        above = line
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png_file(height, width, 16, colour, rows))


@pytest.mark.parametrize(("colour", "channels"), [(2, 3), (4, 2), (6, 4)])
def test_colours_and_alpha_of_sixteen_bits_are_read_whole(tmp_path: Path, colour: int, channels: int) -> None:
    """Pillow keeps the high byte of such files: 12 bits became at most 15 of 255."""
    values = (np.random.default_rng(0).integers(0, 4096, (10, 6, channels))).astype(np.uint16)
    values[0, 0, 0] = 4095
    if colour in (4, 6):
        values[..., -1] *= 16  # alpha fills all bits, as it does in most files
        values[0, 1, -1] = 65535
    deep_png(tmp_path / "deep" / "0.png", values, colour)
    expected = scaled(values, (0, 4095))
    if colour in (4, 6):
        expected[..., -1] = scaled(values[..., -1], (0, 65535))
    found = images(tmp_path / "deep", channels=channels)[0].transpose(1, 2, 0)
    np.testing.assert_array_equal(found, expected)


def test_small_values_that_are_white_stay_white(tmp_path: Path) -> None:
    """A TIFF may say that 0 is white, which Pillow minds in 8 bits alone."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[262] = 0  # PhotometricInterpretation: WhiteIsZero
    save(tmp_path / "x-ray" / "0.tif", np.array([[0, 4095]], np.uint16), tiffinfo=tags)
    with Image.open(tmp_path / "x-ray" / "0.tif") as written:
        assert written.tag_v2[262] == 0  # type: ignore[attr-defined]
    assert images(tmp_path / "x-ray").ravel().tolist() == [255, 0]


def test_a_range_that_is_asked_for_is_used_said_and_counted(tmp_path: Path) -> None:
    for number, value in enumerate((0, 2000, 3000)):
        save(tmp_path / "deep" / f"{number}.png", np.full((2, 2), value, np.uint16))
    dataset = opened(tmp_path / "deep", tmp_path, value_range=(1000.0, 2000.0))
    assert dataset.rows("train", 0, 3).images[:, 0, 0, 0].tolist() == [0, 255, 255]
    summary = dataset.summary()
    assert summary["decisions"]["range"] == "deep files hold 0 … 3000: 1000 … 2000, as asked"
    assert summary["converted"]["clipped to the range"] == 2
    assert opened(tmp_path / "deep", tmp_path).fingerprint != dataset.fingerprint
    save(tmp_path / "flat" / "0.png", RAMP)
    why = opened(tmp_path / "flat", tmp_path, value_range=(0.0, 10.0)).summary()["decisions"]["range"]
    assert why == "no file has more than 8 bits a channel, so the one that was asked for changes nothing"
    with pytest.raises(UserError, match="range: it is for folders, zips and arrays"):
        open_dataset("digits", Conversion(value_range=(0.0, 10.0)))


@pytest.mark.parametrize("text", ["", "1", "5:1", "a:b", "0:nan", "0:inf", "1:1"])
def test_a_range_is_two_numbers(text: str) -> None:
    with pytest.raises(UserError, match=r"range: .* is not LOW:HIGH"):
        parse_range(text)
    assert parse_range("-1:1") == (-1.0, 1.0)


def test_values_that_are_no_numbers_are_listed(tmp_path: Path) -> None:
    save(tmp_path / "deep" / "0.tif", np.array([[0.0, 1.0]], np.float32))
    save(tmp_path / "deep" / "1.tif", np.array([[0.0, np.inf]], np.float32))
    summary = opened(tmp_path / "deep", tmp_path).summary()
    assert summary["count"] == 1
    assert summary["skipped"] == [{"file": "1.tif", "reason": "holds values that are not finite (NaN or infinity)"}]


def test_a_preview_says_the_range_of_what_it_looked_at(tmp_path: Path) -> None:
    for number in range(600):
        save(tmp_path / "deep" / f"{number}.png", np.full((2, 2), 300 if number % 2 else 3000, np.uint16))
    seen = preview(tmp_path / "deep", cache=tmp_path / "cache")
    assert seen.summary()["decisions"]["range"].startswith("deep files hold 300 … 3000: taken as 12 bits")
