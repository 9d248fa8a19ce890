import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganache.data import open_dataset
from ganache.data.decoding.decode import read_header, read_pixels
from ganache.data.shape import ImageShape
from tests.data.data_files import png_chunk, png_file

ROWS = b"\0\1\2\3\0\4\5\6"  # two rows of three grey pixels, unfiltered
PIXELS = [[[1, 2, 3], [4, 5, 6]]]
TURNED = [[[4, 1], [5, 2], [6, 3]]]  # by orientation 6: the first row stands on the right
EXIF = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
PACKED = zlib.compress(b"x" * 3_000_000)
METADATA = {
    "zTXt": png_chunk(b"zTXt", b"workflow\0\0" + PACKED),
    "iTXt": png_chunk(b"iTXt", b"workflow\0\1\0\0\0" + PACKED),
    "iTXt, not packed": png_chunk(b"iTXt", b"workflow\0\0\0\0\0" + b"x" * 3_000_000) * 30,
    "iCCP": png_chunk(b"iCCP", b"name\0\0" + PACKED),
    "XMP": png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + PACKED),
    "raw profile": png_chunk(b"zTXt", b"Raw profile type exif\0\0" + PACKED),
    "eXIf": png_chunk(b"eXIf", b"MM\0*" + b"\0" * 3_000_000),
    "private": png_chunk(b"prVt", b"\0" * 3_000_000),
}


def grey(before: bytes = b"", after: bytes = b"") -> BytesIO:
    return BytesIO(png_file(2, 3, 8, 0, ROWS, before, after))


@pytest.mark.parametrize("kind", METADATA)
@pytest.mark.parametrize("behind", [False, True])
def test_metadata_of_megabytes_costs_no_picture(kind: str, behind: bool) -> None:
    """`ganache train --data D/long_text`, workflows in PNGs: "damaged: Decompressed data too large" before."""
    file = grey(after=METADATA[kind]) if behind else grey(METADATA[kind])
    assert read_header(file)[:3] == (2, 3, 1)
    assert read_pixels(file, ImageShape(1, 2, 3)).tolist() == PIXELS


def test_a_folder_of_pictures_with_large_profiles_is_packed(tmp_path: Path) -> None:
    """`ganache data info D/big_icc`: "none of the 20 images can be read" before."""
    for index in range(20):
        path = tmp_path / "set" / f"{index}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((2, 2), index, np.uint8)).save(path, icc_profile=b"\0" * 2_000_000)
    dataset = open_dataset(tmp_path / "set", cache=tmp_path / "cache")
    assert dataset.count == 20
    assert not dataset.summary()["skipped"]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "WEBP", "GIF"])
def test_other_formats_carry_megabytes_too(kind: str) -> None:
    file = BytesIO()
    options = {"comment": b"x" * 2_000_000} if kind == "GIF" else {"icc_profile": b"\0" * 2_000_000}
    Image.new("L", (3, 2), 7).save(file, kind, **options)
    header = read_header(file)
    assert (header.height, header.width) == (2, 3)
    assert read_pixels(file, ImageShape(1, 2, 3)).max() == 7


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize(
    "metadata",
    [
        png_chunk(b"eXIf", EXIF),
        png_chunk(b"iTXt", b'XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation="6"/>'),
        png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b'<x tiff:Orientation="6"/>')),
        png_chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n26\n" + EXIF.hex().encode())),
        png_chunk(b"tEXt", b"Raw profile type exif\0\nexif\n26\n" + EXIF.hex().encode()),
    ],
)
def test_an_orientation_is_found_wherever_it_stands(metadata: bytes, behind: bool) -> None:
    around = METADATA["iTXt"] + metadata + METADATA["iCCP"]
    file = grey(after=around) if behind else grey(around)
    header = read_header(file)
    assert (header.height, header.width) == (3, 2)
    assert read_pixels(file, ImageShape(1, 3, 2)).tolist() == TURNED


def test_damaged_metadata_is_left_out() -> None:
    damaged = bytearray(png_chunk(b"eXIf", EXIF))
    damaged[-1] ^= 1
    file = grey(bytes(damaged) + png_chunk(b"pHYs", b"\0") + png_chunk(b"iCCP", b"name\0\7"))
    assert read_header(file)[:2] == (2, 3)
    assert read_pixels(file, ImageShape(1, 2, 3)).tolist() == PIXELS


def test_a_header_is_read_without_the_pixels() -> None:
    """All pixels were decoded for the header before, to look for metadata behind them."""
    assert read_header(BytesIO(png_file(2000, 3000, 8, 2, b"not one row")))[:3] == (2000, 3000, 3)
