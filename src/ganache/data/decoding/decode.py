"""One image file to one uint8 array: what is in the header, and the pixels in the shape that the set has."""

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from ganache.data.containers.listing import UnreadableError
from ganache.data.decoding.deep import Extremes, eight_bit, extremes, is_deep, mode_of, note_of
from ganache.data.decoding.png import only_pixels
from ganache.data.ranges import FULL, Ranges
from ganache.data.shape import Fitting, ImageShape
from ganache.support.unpacking import UNPACKING_ERRORS

MAX_PIXELS = 100_000_000  # an image of more is refused from its header: 400 MB in memory, far beyond any camera

READ_ERRORS = (
    *(ValueError, SyntaxError, MemoryError, OverflowError, IndexError, KeyError, TypeError),
    *(AttributeError, ZeroDivisionError, AssertionError, RuntimeError),
    *(struct.error, Image.DecompressionBombError),
    *UNPACKING_ERRORS,
)
"""What Pillow's plugins and the archives raise on damaged files; whatever it is, it costs that file and no more."""

# Only raster formats: Pillow's EPS plugin, for one, would start Ghostscript on whatever is called .png.
_FORMATS = ("PNG", "JPEG", "MPO", "GIF", "WEBP", "BMP", "DIB", "TIFF", "PPM", "TGA", "JPEG2000", "AVIF", "PCX", "QOI")
_SIGNATURES = {b"\xff\xd8\xff": "JPEG", b"\x89PNG": "PNG", b"GIF8": "GIF", b"RIFF": "WebP", b"BM": "BMP"}
_CHANNELS = {"1": 1, "L": 1, "LA": 2, "La": 2, "RGBA": 4, "RGBa": 4, "PA": 4, "P": 3}
_CHANNELS |= dict.fromkeys(("RGB", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"), 3)
_EIGHT_BIT_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_WITH_ALPHA = {1: 2, 2: 2, 3: 4, 4: 4}
_ORIENTATION = 0x0112
MOVES = "first frame of an animation"  # the note of an image that has others
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes an image upright again, by its orientation (EXIF 2.3, table "Orientation")."""

# Per pixel: the image as Pillow holds it, the same with other channels, the same turned upright.
_COLOUR_BYTES = 4 + 4 + 4
_GREY_BYTES = 4 + 4


class Header(NamedTuple):
    """Size in pixels after EXIF orientation, natural channels, what decoding converts, whether by a range of values,
    and a bound on the bytes that it takes.
    """

    height: int
    width: int
    channels: int
    notes: tuple[str, ...]
    is_deep: bool = False
    memory: int = 0


@contextmanager
def quiet() -> Iterator[None]:
    """Silence Pillow's warnings about odd files: each becomes a row or a listed reason, never console noise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read_header(file: BinaryIO) -> Header:
    """Return the header of an image file without decoding its pixels; raises UnreadableError with the reason."""
    try:
        with opened(file) as image:
            height, width = image.height, image.width
            turned = orientation(image)
            # Pillow reports a TIFF's size as it will be after its own turning.
            if turned >= 5 and image.format != "TIFF":
                height, width = width, height
            deep = is_deep(image)
            channels = len(Image.new(mode_of(image), (1, 1)).getbands()) if deep else natural_channels(image)
            memory = file.seek(0, io.SEEK_END) + height * width * (_COLOUR_BYTES if channels > 1 else _GREY_BYTES)
            return Header(height, width, channels, _notes(image, turned), deep, memory)
    except READ_ERRORS as error:
        raise UnreadableError(reason(error, file)) from error


def read_extremes(file: BinaryIO) -> Extremes:
    """Return the extremes of a file of more than 8 bits; raises UnreadableError with the reason."""
    try:
        with opened(file) as image:
            return extremes(image, lambda: opened(file))
    except READ_ERRORS as error:
        raise UnreadableError(reason(error, file)) from error


def read_pixels(
    file: BinaryIO, shape: ImageShape, ranges: Ranges = FULL, fitting: Fitting = "covered"
) -> npt.NDArray[np.uint8]:
    """Return an image file's first frame as (C, H, W) uint8, brought to the shape as `fit` does.

    More than 8 bits are brought to 8 by `ranges`. Raises UnreadableError with the reason.
    """
    try:
        with opened(file) as image:
            flat = eight_bit(image, lambda: opened(file), ranges) if is_deep(image) else image
            flat.load()
            return fit(upright(flat, orientation(image)), shape, fitting)
    except READ_ERRORS as error:
        raise UnreadableError(reason(error, file)) from error


def fit(image: Image.Image, shape: ImageShape, fitting: Fitting = "covered") -> npt.NDArray[np.uint8]:
    """Return an image of 8 bits or fewer as (C, H, W) uint8: the wanted channels, then the size.

    It covers the shape and is centre-cropped, or is stretched to it, whatever becomes of its proportions, or each of
    its halves covers one of the shape's: so nothing of one gets into the other. Raises UnreadableError for a picture
    of one column where halves are asked for.
    """
    ready = _with_channels(_natural(image), shape.channels)
    pixels = np.asarray({"covered": _resized, "stretched": _stretched, "halves": _halves}[fitting](ready, shape))
    return np.ascontiguousarray(pixels.reshape(shape.height, shape.width, shape.channels).transpose(2, 0, 1))


def natural_channels(image: Image.Image) -> int:
    """Return how many channels an image of 8 bits has; raises UnreadableError for modes that are not pictures."""
    if image.mode not in _CHANNELS:
        raise UnreadableError(f"pixel mode {image.mode} is not supported")
    channels = _CHANNELS[image.mode]
    return _WITH_ALPHA[channels] if "transparency" in image.info else channels


@contextmanager
def opened(file: BinaryIO) -> Iterator[Image.Image]:
    """Open an image of a raster format without decoding it; raises UnreadableError for too many pixels."""
    Image.init()
    with Image.open(only_pixels(file), formats=[name for name in _FORMATS if name in Image.OPEN]) as image:
        if image.width * image.height > MAX_PIXELS:
            raise UnreadableError(
                f"{image.width}×{image.height} pixels are more than {MAX_PIXELS // 10**6} megapixels, "
                "refused as a decompression bomb"
            )
        yield image


def orientation(image: Image.Image) -> int:
    """Return how an image lies by its metadata, 1 … 8, 1 being upright."""
    try:
        # Not the PNG plugin's own, which decodes all pixels to look behind them; only_pixels puts metadata first.
        value = Image.Image.getexif(image).get(_ORIENTATION, 1)
    except READ_ERRORS:
        return 1  # damaged metadata must not cost the picture
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _notes(image: Image.Image, orientation: int) -> tuple[str, ...]:
    found = {
        "EXIF orientation applied": orientation != 1,
        "palette": image.mode in ("P", "PA"),
        "CMYK": image.mode == "CMYK",
        MOVES: _is_animated(image),
    }
    if is_deep(image):
        found[note_of(image)] = True
    return tuple(note for note, present in found.items() if present)


def upright(image: Image.Image, turned: int) -> Image.Image:
    """Return an image made upright that lies as its orientation says."""
    return image.transpose(_UPRIGHT[turned]) if turned in _UPRIGHT else image


def _is_animated(image: Image.Image) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except READ_ERRORS:
        return False  # a damaged second frame does not concern the first


def _natural(image: Image.Image) -> Image.Image:
    natural = _EIGHT_BIT_MODES[natural_channels(image)]
    return image if image.mode == natural else image.convert(natural)


def _with_channels(image: Image.Image, channels: int) -> Image.Image:
    mode = _EIGHT_BIT_MODES[channels]
    if image.mode == mode:
        return image
    if image.mode in ("LA", "RGBA") and mode in ("L", "RGB"):
        flat = Image.new(mode, image.size, "white")
        flat.paste(image.convert(mode), mask=image.getchannel("A"))
        return flat
    return image.convert(mode)


def _resized(image: Image.Image, shape: ImageShape) -> Image.Image:
    height, width = shape.height, shape.width
    scale = max(height / image.height, width / image.width)
    if scale == 1:
        # No resampling: whole pixels, exactly as they are.
        left, top = (image.width - width) // 2, (image.height - height) // 2
        return image.crop((left, top, left + width, top + height))
    kept_width, kept_height = min(image.width, width / scale), min(image.height, height / scale)
    left_edge, top_edge = (image.width - kept_width) / 2, (image.height - kept_height) / 2
    box = (left_edge, top_edge, min(image.width, left_edge + kept_width), min(image.height, top_edge + kept_height))
    # Pillow premultiplies alpha around this call by itself, so colours under transparent pixels do not bleed.
    return image.resize((width, height), Image.Resampling.LANCZOS, box=box, reducing_gap=None)


def _stretched(image: Image.Image, shape: ImageShape) -> Image.Image:
    # The filter of Parmar et al. 2022 (arXiv 2104.11222) for what feature networks are to see.
    return image.resize((shape.width, shape.height), Image.Resampling.BICUBIC)


def _halves(image: Image.Image, shape: ImageShape) -> Image.Image:
    half = image.width // 2  # of an odd width the column in the middle is nobody's
    if not half:
        raise UnreadableError("a picture of one column has no halves")
    both, own = Image.new(image.mode, (shape.width, shape.height)), replace(shape, width=shape.width // 2)
    for left, place in ((0, 0), (image.width - half, own.width)):
        both.paste(_resized(image.crop((left, 0, left + half, image.height)), own), (place, 0))
    return both


def reason(error: BaseException, file: BinaryIO) -> str:
    """Return in words why a file cannot be read."""
    if isinstance(error, Image.DecompressionBombError):
        return f"more than {MAX_PIXELS // 10**6} megapixels, refused as a decompression bomb"
    if isinstance(error, MemoryError):
        return "does not fit in memory"
    if isinstance(error, UnidentifiedImageError):
        return _unidentified(file)
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, EOFError) or "truncated" in text.lower():
        return f"truncated: {text}"[:200]
    return f"damaged: {text}"[:200]


def _unidentified(file: BinaryIO) -> str:
    try:
        file.seek(0)
        start = file.read(16)
    except READ_ERRORS:
        return "damaged: its bytes cannot be read"
    if not start:
        return "empty file (0 bytes)"
    for signature, name in _SIGNATURES.items():
        if start.startswith(signature):
            return f"truncated or damaged {name} header"
    return "not an image, whatever its name says"
