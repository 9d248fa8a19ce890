from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from ganache.data.containers.listing import UnreadableError
from ganache.data.decoding.decode import fit, natural_channels, quiet, read_header, read_pixels
from ganache.data.shape import ImageShape
from ganache.support.errors import UserError
from tests.data.data_files import pixels, png_header


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> BytesIO:
    file = BytesIO()
    image.save(file, kind, **options)
    file.seek(0)
    return file


def decoded(image: Image.Image, channels: int, kind: str = "PNG", **options: Any) -> npt.NDArray[np.uint8]:
    return read_pixels(encoded(image, kind, **options), ImageShape(channels, image.height, image.width))


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    values = np.array([[0, 128, 129, 257, 4096, 32768, 65534, 65535]], np.uint16)
    # value / 257: 0, 0.498, 0.502, 1, 15.94, 127.502, 254.996, 255
    assert decoded(Image.fromarray(values), 1).tolist() == [[[0, 0, 1, 1, 16, 128, 255, 255]]]
    assert read_header(encoded(Image.fromarray(values))).notes == ("16 bit to 8 bit",)


def test_alpha_is_composited_over_white() -> None:
    row = np.array([[[10, 20, 30, 0], [10, 20, 30, 128], [10, 20, 30, 255]]], np.uint8)
    # 10·128/255 + 255·127/255 = 132.02; likewise 137.04 and 142.06
    expected = np.array([[255, 132, 10], [255, 137, 20], [255, 142, 30]])
    assert decoded(Image.fromarray(row), 3)[:, 0].tolist() == expected.tolist()
    grey = np.array([[[0, 0], [0, 128], [0, 255]]], np.uint8)
    assert decoded(Image.fromarray(grey), 1).tolist() == [[[255, 127, 0]]]


@pytest.mark.parametrize(
    ("source", "channels", "expected"),
    [
        ((255, 0, 0), 1, [76]),  # 0.299 · 255 (ITU-R 601)
        ((255, 0, 0), 2, [76, 255]),
        ((1, 2, 3), 3, [1, 2, 3]),
        ((1, 2, 3), 4, [1, 2, 3, 255]),
        ((1, 2, 3, 4), 4, [1, 2, 3, 4]),
        ((255, 0, 0, 9), 2, [76, 9]),
        ((7,), 3, [7, 7, 7]),
        ((7,), 4, [7, 7, 7, 255]),
        ((7, 9), 2, [7, 9]),
        ((7, 9), 4, [7, 7, 7, 9]),
    ],
)
def test_channel_conversions(source: tuple[int, ...], channels: int, expected: list[int]) -> None:
    array = np.array(source, np.uint8).reshape(1, 1, -1)
    image = Image.fromarray(array[:, :, 0] if len(source) == 1 else array)
    assert decoded(image, channels)[:, 0, 0].tolist() == expected


@pytest.mark.parametrize(
    ("mode", "kind", "channels"),
    [
        *(("1", "PNG", 1), ("L", "PNG", 1), ("I;16", "PNG", 1), ("LA", "PNG", 2), ("P", "PNG", 3), ("RGB", "PNG", 3)),
        *(("RGBA", "PNG", 4), ("CMYK", "JPEG", 3), ("YCbCr", "TIFF", 3), ("LAB", "TIFF", 3), ("CMYK", "TIFF", 3)),
        *(("L", "BMP", 1), ("RGB", "PPM", 3), ("RGB", "WEBP", 3), ("RGBA", "TGA", 4)),
    ],
)
def test_natural_channels_of_modes(mode: str, kind: str, channels: int) -> None:
    file = encoded(Image.new(mode, (3, 2)), kind)
    assert read_header(file)[:3] == (2, 3, channels)
    file.seek(0)
    assert read_pixels(file, ImageShape(channels, 2, 3)).shape == (channels, 2, 3)


@pytest.mark.parametrize(("mode", "channels"), [("PA", 4), ("HSV", 3), ("La", 2), ("RGBa", 4), ("RGBX", 3)])
def test_modes_that_few_files_have(mode: str, channels: int) -> None:
    image = Image.new(mode, (3, 2))
    assert natural_channels(image) == channels
    assert fit(image, ImageShape(channels, 2, 3)).shape == (channels, 2, 3)


def test_transparency_adds_a_channel() -> None:
    palette = Image.new("P", (2, 1))
    palette.putpalette([255, 0, 0, 0, 0, 255])
    palette.putpixel((1, 0), 1)
    assert read_header(encoded(palette, transparency=1)).channels == 4
    assert decoded(palette, 4, transparency=1)[:, 0].tolist() == [[255, 0], [0, 0], [0, 255], [255, 0]]
    assert decoded(palette, 3, transparency=1)[:, 0].tolist() == [[255, 255], [0, 255], [0, 255]]
    assert decoded(palette, 3)[:, 0].tolist() == [[255, 0], [0, 0], [0, 255]]
    grey = Image.fromarray(np.array([[5, 6]], np.uint8))
    assert read_header(encoded(grey, transparency=6)).channels == 2
    assert decoded(grey, 2, transparency=6).tolist() == [[[5, 6]], [[255, 0]]]


def test_cmyk_is_not_inverted() -> None:
    red = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    assert decoded(red, 3, "TIFF")[:, 0, 0].tolist() == [255, 0, 0]
    # Pillow writes CMYK JPEG the way Adobe does: inverted, with the marker that says so.
    assert np.abs(decoded(red, 3, "JPEG", quality=95)[:, 4, 4].astype(int) - [255, 0, 0]).max() < 8


_GRID = np.array([[1, 2, 3], [4, 5, 6]], np.uint8)
# What EXIF 2.3, table "Orientation", says of the 0th row and column.
_TURNED = {
    1: [[1, 2, 3], [4, 5, 6]],
    2: [[3, 2, 1], [6, 5, 4]],
    3: [[6, 5, 4], [3, 2, 1]],
    4: [[4, 5, 6], [1, 2, 3]],
    5: [[1, 4], [2, 5], [3, 6]],
    6: [[4, 1], [5, 2], [6, 3]],
    7: [[6, 3], [5, 2], [4, 1]],
    8: [[3, 6], [2, 5], [1, 4]],
}


@pytest.mark.parametrize("orientation", sorted(_TURNED))
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_exif_orientation(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = encoded(Image.fromarray(_GRID), kind, exif=exif)
    expected = np.array(_TURNED[orientation])
    header = read_header(file)
    assert (header.height, header.width) == expected.shape
    assert ("EXIF orientation applied" in header.notes) == (orientation != 1)
    file.seek(0)
    assert read_pixels(file, ImageShape(1, header.height, header.width))[0].tolist() == expected.tolist()


def test_senseless_orientation_is_ignored() -> None:
    exif = Image.Exif()
    exif[0x0112] = 77
    file = encoded(Image.fromarray(_GRID), exif=exif)
    assert read_pixels(file, ImageShape(1, 2, 3))[0].tolist() == _GRID.tolist()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_animations_give_their_first_frame(kind: str) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue", "lime")]
    lossless = {"lossless": True} if kind == "WEBP" else {}
    file = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=20, **lossless)
    assert "first frame of an animation" in read_header(file).notes
    file.seek(0)
    assert read_pixels(file, ImageShape(3, 4, 4))[:, 2, 2].tolist() == [255, 0, 0]


def test_same_scale_crops_whole_pixels() -> None:
    wide = pixels(3, 6, 1)
    assert np.array_equal(decoded_to(wide, 3, 3)[0], wide[:, 1:4])  # (6 - 3) // 2 = 1
    tall = pixels(6, 3, 1)
    assert np.array_equal(decoded_to(tall, 3, 3)[0], tall[1:4])


def test_covering_crop_takes_the_middle_and_nothing_beside_it() -> None:
    # 20×60 covers 10×10 at half the scale by its columns 20 … 40; Lanczos sees 6 pixels beyond, all 100.
    row = np.zeros((20, 60), np.uint8)
    row[:, 10:50] = 100
    row[:, 50:] = 255
    assert np.unique(decoded_to(row, 10, 10)).tolist() == [100]
    assert np.unique(decoded_to(row.T.copy(), 10, 10)).tolist() == [100]


def test_covering_crop_equals_scaling_and_then_cropping() -> None:
    tall = pixels(60, 20, 1)
    whole = np.asarray(Image.fromarray(tall).resize((10, 30), Image.Resampling.LANCZOS))
    assert np.array_equal(decoded_to(tall, 10, 10)[0], whole[10:20])
    small = pixels(2, 4, 1)
    whole = np.asarray(Image.fromarray(small).resize((16, 8), Image.Resampling.LANCZOS))
    assert np.array_equal(decoded_to(small, 8, 8)[0], whole[:, 4:12])


def test_shrinking_is_antialiased() -> None:
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    assert np.abs(decoded_to(stripes, 8, 8).astype(int) - 127.5).max() < 6


def test_colours_of_transparent_pixels_do_not_bleed() -> None:
    image = np.zeros((8, 8, 4), np.uint8)
    image[:, :4] = (255, 0, 0, 0)
    image[:, 4:] = (0, 255, 0, 255)
    small = read_pixels(encoded(Image.fromarray(image)), ImageShape(4, 3, 3))
    assert small[0][small[3] > 0].max() <= 2
    assert small[1][small[3] > 8].min() >= 250
    assert 0 < small[3, 1, 1] < 255


def decoded_to(array: npt.NDArray[np.uint8], height: int, width: int) -> npt.NDArray[np.uint8]:
    return read_pixels(encoded(Image.fromarray(array)), ImageShape(1, height, width))


def test_bombs_are_refused_from_the_header() -> None:
    with quiet():
        for height, width in ((10_001, 10_000), (60_000, 60_000)):
            with pytest.raises(UnreadableError, match="100 megapixels, refused as a decompression bomb"):
                read_header(BytesIO(png_header(height, width)))
        assert read_header(BytesIO(png_header(10_000, 10_000)))[:3] == (10_000, 10_000, 3)


def jpeg() -> bytes:
    return encoded(Image.fromarray(pixels(40, 40)), "JPEG").getvalue()


def png() -> bytes:
    return encoded(Image.fromarray(pixels(40, 40))).getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b"hello world, no picture", "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image"),
        (jpeg()[: len(jpeg()) // 2], "truncated"),
        (png()[: len(png()) // 2], "truncated"),
        (jpeg()[:10], "truncated"),
        (b"\xff\xd8\xff" + b"x" * 50, "truncated or damaged JPEG"),
        (png()[:12], "truncated"),
        (png()[:1000] + b"\xff" * 100 + png()[1100:], "damaged|truncated"),
    ],
)
def test_unreadable_files_say_why(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason), quiet():
        read_pixels(BytesIO(content), ImageShape(3, 40, 40))


@pytest.mark.parametrize("shape", [(0, 4, 4), (5, 4, 4), (3, 0, 4), (3, 4, 16385)])
def test_impossible_shapes(shape: tuple[int, int, int]) -> None:
    with pytest.raises(UserError, match=r"channels|size"):
        ImageShape(*shape)


def test_stretched_pictures_lose_their_proportions_and_no_border() -> None:
    """Inception is to see whole pictures: a crop of the middle says nothing of a difference at the border."""
    wide = np.zeros((10, 40), np.uint8)
    wide[:, :10] = 200  # the left quarter
    whole = read_pixels(encoded(Image.fromarray(wide)), ImageShape(1, 20, 20), fitting="stretched")
    assert np.unique(whole[0, :, :3]).tolist() == [200]
    assert whole[0, :, 6:].max() == 0
    assert read_pixels(encoded(Image.fromarray(wide)), ImageShape(1, 20, 20)).max() == 0  # columns 15 to 24


def test_of_two_pictures_side_by_side_each_covers_its_half() -> None:
    columns = np.tile(np.arange(50, dtype=np.uint8), (10, 1))  # of each picture, five times as wide as high
    both = np.concatenate([columns, 200 + columns], axis=1)
    halves = read_pixels(encoded(Image.fromarray(both)), ImageShape(1, 10, 20), fitting="halves")
    assert halves[0, 0].tolist() == [*range(20, 30), *range(220, 230)]  # the middles, whole pixels of each
    odd = np.insert(both, 50, 100, axis=1)
    whole = read_pixels(encoded(Image.fromarray(odd)), ImageShape(1, 10, 100), fitting="halves")
    assert whole[0, 0].tolist() == both[0].tolist()
    smaller = read_pixels(encoded(Image.fromarray(both)), ImageShape(1, 5, 50), fitting="halves")
    assert smaller[0, :, :25].max() < 50  # nothing of the other picture, however wide the filter
    assert smaller[0, :, 25:].min() >= 200


def test_one_column_has_no_halves() -> None:
    with pytest.raises(UnreadableError, match="a picture of one column has no halves"):
        read_pixels(encoded(Image.new("L", (1, 4))), ImageShape(1, 4, 2), fitting="halves")
