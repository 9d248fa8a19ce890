"""16-bit files as they are laid out on the disk, written by hand: every bit of every layout is read, or refused."""

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pytest

from ganache.data import open_dataset
from ganache.data.containers.listing import UnreadableError
from ganache.data.decoding.decode import read_extremes, read_header, read_pixels
from ganache.data.ranges import Ranges
from ganache.data.shape import ImageShape
from tests.data.data_files import png_chunk, png_file, save

COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}  # channels to PNG's colour types


def filtered(values: npt.NDArray[np.uint16], kind: int) -> bytes:
    """Rows of 16-bit values by one of PNG's five filters, as chapter 9 of its specification defines them."""
    rows = values.astype(">u2").reshape(len(values), -1).view(np.uint8).astype(int)
    step = 2 * values.shape[2]
    above = np.vstack([np.zeros_like(rows[:1]), rows[:-1]])
    left, corner = (np.hstack([np.zeros_like(part[:, :step]), part[:, :-step]]) for part in (rows, above))
    estimate = left + above - corner
    errors = np.stack([abs(estimate - left), abs(estimate - above), abs(estimate - corner)])
    paeth = np.choose(errors.argmin(axis=0), [left, above, corner])
    guessed = [np.zeros_like(rows), left, above, (left + above) // 2, paeth][kind]
    return b"".join(bytes([kind]) + row.tobytes() for row in ((rows - guessed) % 256).astype(np.uint8))


def interlaced(values: npt.NDArray[np.uint16]) -> bytes:
    """The seven passes of Adam7, unfiltered."""
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    parts = [values[top::down, left::across] for top, left, down, across in passes]
    return b"".join(filtered(part, 0) for part in parts if part.size)


def deep_values(channels: int, bits: int = 12) -> npt.NDArray[np.uint16]:
    return np.random.default_rng(channels).integers(0, 2**bits, (9, 7, channels), dtype=np.uint16)


def half_up(values: npt.NDArray[Any], most: int) -> list[Any]:
    """255 · v / most to the nearest whole number, ties up, in whole numbers and one by one."""
    exact = [(2 * 255 * int(v) + most) // (2 * most) for v in values.ravel()]
    return np.array(exact).reshape(values.shape).transpose(2, 0, 1).tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", [0, 1, 2, 3, 4, "Adam7"])
def test_all_sixteen_bits_of_a_png_are_read(channels: int, kind: int | str) -> None:
    """`ganache train --data D/deep_rgb48_12bit`: the high byte alone, at most 15 of 255, before."""
    values = deep_values(channels)
    rows = interlaced(values) if isinstance(kind, str) else filtered(values, kind)
    file = BytesIO(png_file(9, 7, 16, COLOURS[channels], rows, interlaced=isinstance(kind, str)))
    assert read_header(file)[:3] == (9, 7, channels)
    ranges = Ranges(integer=(0, 4095), alpha=(0, 4095))
    assert read_pixels(file, ImageShape(channels, 9, 7), ranges).tolist() == half_up(values, 4095)
    colours = values[..., :-1] if channels in (2, 4) else values
    assert read_extremes(file).integer == (colours.min(), colours.max())


def tiff(values: npt.NDArray[Any], order: Literal["<", ">"], photometric: int, planar: int = 1) -> BytesIO:
    """An uncompressed TIFF 6.0 of one strip (of one per plane), in the byte order `order`."""
    height, width, channels = values.shape
    kind = values.dtype.newbyteorder(order)
    whole = (values.transpose(2, 0, 1) if planar == 2 else values).astype(kind).tobytes()
    strips = channels if planar == 2 else 1
    bits, extra = values.dtype.itemsize * 8, 8 + len(whole)
    starts = [8 + index * len(whole) // strips for index in range(strips)]
    lists = struct.pack(
        f"{order}{channels}H{2 * strips}I", *[bits] * channels, *starts, *[len(whole) // strips] * strips
    )
    one = channels == 1
    fields = [
        *((256, 4, 1, width), (257, 4, 1, height), (258, 3, channels, bits if one else extra), (259, 3, 1, 1)),
        (262, 3, 1, photometric),
        (273, 4, strips, 8 if strips == 1 else extra + 2 * channels),
        *((277, 3, 1, channels), (278, 4, 1, height)),
        (279, 4, strips, len(whole) if strips == 1 else extra + 2 * channels + 4 * strips),
        (284, 3, 1, planar),
    ]
    directory = b"".join(
        struct.pack(f"{order}HHI", tag, form, count)
        + (struct.pack(f"{order}HH", value, 0) if form == 3 and count == 1 else struct.pack(f"{order}I", value))
        for tag, form, count, value in fields
    )
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", extra + len(lists))
    return BytesIO(start + whole + lists + struct.pack(f"{order}H", len(fields)) + directory + b"\0" * 4)


@pytest.mark.parametrize("order", ["<", ">"])
def test_all_sixteen_bits_of_a_colour_tiff_are_read(order: Literal["<", ">"]) -> None:
    values = deep_values(3)
    assert read_pixels(tiff(values, order, 2), ImageShape(3, 9, 7), Ranges((0, 4095))).tolist() == half_up(values, 4095)


def test_all_sixteen_bits_of_a_compressed_tiff_are_read() -> None:
    """Read by libtiff, in the machine's byte order; compression 8 makes a zlib stream of each strip."""
    values = np.arange(9 * 7 * 3, dtype=np.uint16).reshape(9, 7, 3) // 8 * 150
    plain = tiff(values, "<", 2).getvalue()
    whole = values.astype("<u2").tobytes()
    packed = zlib.compress(whole).ljust(len(whole), b"\0")
    content = plain.replace(whole, packed).replace(
        struct.pack("<HHIHH", 259, 3, 1, 1, 0), struct.pack("<HHIHH", 259, 3, 1, 8, 0)
    )
    pixels = read_pixels(BytesIO(content), ImageShape(3, 9, 7), Ranges((0, 4095)))
    assert pixels.tolist() == half_up(values, 4095)


def test_deep_planes_that_pillow_garbles_are_listed() -> None:
    with pytest.raises(UnreadableError, match="16-bit colours in separate planes are not read"):
        read_header(tiff(deep_values(3), "<", 2, planar=2))


def test_white_is_zero_is_inverted_as_in_eight_bits() -> None:
    values = np.array([[[0], [257], [65535]]], np.uint16)
    assert read_pixels(tiff(values, "<", 0), ImageShape(1, 1, 3)).tolist() == [[[255, 254, 0]]]


def test_a_colour_that_is_transparent_becomes_alpha() -> None:
    values = np.array([[[257], [514]]], np.uint16)
    file = BytesIO(png_file(1, 2, 16, 0, filtered(values, 0), before=png_chunk(b"tRNS", struct.pack(">H", 514))))
    assert read_header(file)[:3] == (1, 2, 2)
    assert read_pixels(file, ImageShape(2, 1, 2)).tolist() == [[[1, 2]], [[255, 0]]]


@pytest.mark.parametrize("value", [0, 300])
def test_uniform_deep_pictures_divide_by_nothing(tmp_path: Path, value: int) -> None:
    save(tmp_path / "set" / "0.png", np.full((2, 2), value, np.uint16))
    dataset = open_dataset(tmp_path / "set", cache=tmp_path / "cache")
    images = dataset.stream(0).batch(0, 1).images
    assert np.unique(images).tolist() == [round(value / 1023 * 255)]


def test_a_picture_is_converted_in_strips() -> None:
    values = np.tile(deep_values(3), (60, 80, 1))  # 302,400 pixels, of which 2**18 are converted at a time
    file = tiff(values, "<", 2)
    assert read_pixels(file, ImageShape(3, 540, 560), Ranges((0, 4095))).tolist() == half_up(values, 4095)
