"""Pictures of more than 8 bits a channel: their values as they are, the range of a whole set, and 8 bits by it."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from ganache.data.containers.listing import UnreadableError
from ganache.data.ranges import Pair, Ranges

DEPTHS = (8, 10, 12, 14, 16)  # the bits that cameras, scanners and medical devices give their values
_STRIP_PIXELS = 2**18  # converted at a time, so that wide numbers never exist for a whole picture
_GREY = {"I;16": "L", "I;16B": "L", "I;16L": "L", "I;16N": "L", "I": "L", "F": "L"}
_COLOURS = ("RGB", "RGBA", "CMYK")
_ALPHA = ("LA", "RGBA")
_BITS, _PHOTOMETRIC, _WHITE_IS_ZERO, _PLANAR, _SEPARATE = 258, 262, 0, 284, 2  # tags and values of TIFF 6.0

Reopen = Callable[[], AbstractContextManager[Image.Image]]


class Extremes(NamedTuple):
    """The least and the largest value, None where there was none of a kind; as Ranges."""

    integer: Pair | None = None
    real: Pair | None = None
    alpha: Pair | None = None


def is_deep(image: Image.Image) -> bool:
    """Return whether an image that is not loaded yet holds more than 8 bits a channel in its file."""
    return image.mode in _GREY or ";16" in _raw_mode(image) or _has_deep_planes(image)


def mode_of(image: Image.Image) -> str:
    """Return the 8-bit mode of a deep image that is not loaded yet; raises UnreadableError where Pillow garbles it."""
    raw = _raw_mode(image)
    if _has_deep_planes(image):
        raise UnreadableError("16-bit colours in separate planes are not read; convert the file to interleaved ones")
    if image.mode in _GREY:
        mode = _GREY[image.mode]
    elif raw.startswith("RGBa") or image.mode not in _COLOURS:
        raise UnreadableError(f"16-bit pixels of the kind {raw} are not read; convert the file to 8 bit")
    else:
        mode = "LA" if raw.startswith("LA") else image.mode
    return _with_alpha(mode) if "transparency" in image.info else mode


def note_of(image: Image.Image) -> str:
    """Return what the conversion of a deep image is called."""
    return {"F": "floating point to 8 bit", "I": "32 bit to 8 bit"}.get(image.mode, "16 bit to 8 bit")


def extremes(image: Image.Image, reopen: Reopen) -> Extremes:
    """Return a deep image's extremes; raises UnreadableError for what is not a number."""
    is_real, has_alpha = image.mode == "F", mode_of(image) in _ALPHA and "transparency" not in image.info
    found = Extremes()
    for _, values in _strips(image, reopen):
        colours, alpha = (values[..., :-1], values[..., -1]) if has_alpha else (values, None)
        pair = colours.min().item(), colours.max().item()
        strip = Extremes(real=pair) if is_real else Extremes(integer=pair)
        if alpha is not None:
            strip = strip._replace(alpha=(alpha.min().item(), alpha.max().item()))
        found = merged([found, strip])
    return found


def merged(parts: Iterable[Extremes]) -> Extremes:
    """Return the extremes over all parts."""
    columns = zip(*parts, strict=True)
    known = ([pair for pair in column if pair is not None] for column in columns)
    return Extremes(*((min(low for low, _ in k), max(high for _, high in k)) if k else None for k in known))


def eight_bit(image: Image.Image, reopen: Reopen, ranges: Ranges) -> Image.Image:
    """Return a deep image in 8 bits, `ranges` brought to 0 … 255 and what is outside clipped, half up.

    `reopen` opens the same file again. Raises UnreadableError.
    """
    mode, key = mode_of(image), image.info.get("transparency")
    inverted = _is_inverted(image)
    colour_range = ranges.real if image.mode == "F" else ranges.integer
    has_alpha = mode in _ALPHA and key is None
    target: Image.Image | None = None
    for top, values in _strips(image, reopen):
        # Into the picture itself where its mode is the same: its values there have been read.
        target = target or (image if image.mode == mode else Image.new(mode, image.size))
        bytes_of = scaled(values, colour_range)
        if has_alpha:
            bytes_of[..., -1] = scaled(values[..., -1], ranges.alpha)
        elif key is not None:
            clear = (values == np.asarray(key)).all(axis=-1, keepdims=True)
            bytes_of = np.concatenate([bytes_of, np.where(clear, 0, 255).astype(np.uint8)], axis=-1)
        if inverted:
            bytes_of = 255 - bytes_of
        target.paste(Image.frombytes(mode, bytes_of.shape[1::-1], bytes_of.tobytes()), (0, top))
    assert target is not None
    return target


def scaled(values: npt.NDArray[Any], pair: Pair) -> npt.NDArray[np.uint8]:
    """Return values with `pair` brought to 0 and 255 linearly, half up, what is outside clipped.

    Each value by itself and in the same arithmetic, so that the same file is the same pixels everywhere.
    """
    low, high = pair
    if values.dtype.kind == "f" or not (float(low).is_integer() and float(high).is_integer()):
        share = (np.clip(values.astype(np.float64), low, high) - low) / (high - low)
        return np.floor(share * 255 + 0.5).astype(np.uint8)
    span = int(high) - int(low)
    # In whole numbers, twice the half that is rounded up: no value is nearer to its neighbour by a rounding error.
    steps = np.clip(values.astype(np.int64), int(low), int(high)) - int(low)
    return ((steps * 510 + span) // (2 * span)).astype(np.uint8)


def decide_ranges(found: Extremes, asked: Pair | Ranges | None) -> tuple[Ranges, dict[str, str]]:
    """Return one range for all deep files of a set, and a sentence for each decision.

    `asked` is a range for colours, or those of another set that these files belong with. Where its floats have the
    usual one they may never have been met: what these files show decides.
    """
    if isinstance(asked, Ranges):
        given, by = Extremes(asked.integer, asked.met, asked.alpha), "as in the set that they belong with"
    else:
        given, by = Extremes(asked, asked), "as asked"
    ranges, why = Ranges(), {}
    if found.integer is not None:
        pair, words = (given.integer, "") if given.integer else _integer_range(*found.integer)
        ranges = ranges._replace(integer=pair)
        why["range"] = f"deep files hold {_text(found.integer)}: {words or f'{_text(pair)}, {by}'}"
    if found.real is not None:
        pair, words = (given.real, "") if given.real else _real_range(*found.real)
        ranges = ranges._replace(real=pair)
        why["float range"] = f"they hold {_text(found.real)}: {words or f'{_text(pair)}, {by}'}"
    if found.alpha is not None:
        ranges = ranges._replace(alpha=given.alpha or _integer_range(*found.alpha)[0])
    return ranges, why


def is_clipped(found: Extremes, pair: Pair) -> bool:
    """Return whether a file with these extremes has colours outside a range."""
    low, high = pair
    return any(have is not None and (have[0] < low or have[1] > high) for have in (found.integer, found.real))


def _integer_range(low: float, high: float) -> tuple[Pair, str]:
    if low < 0 or high > 65535:
        return _whole(low, high)
    bits = next(bits for bits in DEPTHS if high < 2**bits)
    return (0, 2**bits - 1), f"taken as {bits} bits; --range LOW:HIGH says otherwise"


def _real_range(low: float, high: float) -> tuple[Pair, str]:
    if low < -1 or high > 1:
        return _whole(low, high)
    pair = (0 if low >= 0 else -1, 1)
    return pair, f"taken as {_text(pair)}; --range LOW:HIGH says otherwise"


def _whole(low: float, high: float) -> tuple[Pair, str]:
    pair = (low, high if high > low else low + max(1.0, abs(low)))
    return pair, "all of it is used; --range LOW:HIGH says otherwise"


def _text(pair: Pair) -> str:
    return f"{pair[0]:.6g} … {pair[1]:.6g}"


def _strips(image: Image.Image, reopen: Reopen) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """Yield rows (n, W, C) of the values as they stand in the file, with the number of the first."""
    with ExitStack() as stack:
        planes, join = [image], _one_plane
        raw = _raw_mode(image)
        if raw == "I;32N":
            join = _unsigned
        elif raw.startswith("LA;16"):
            # The same four bytes of a pixel as four channels.
            _set_raw_mode(image, "RGBA")
            join = _pairs_of_bytes
        elif image.mode not in _GREY:
            # Pillow keeps one byte of two; read in the other order it keeps the other one.
            kind, order = raw[:-1], "L" if raw[-1] == "L" or (raw[-1] == "N" and sys.byteorder == "little") else "B"
            planes.append(stack.enter_context(reopen()))
            for plane, byte in zip(planes, (order, "BL"["LB".index(order)]), strict=True):
                _set_raw_mode(plane, kind + byte)
            join = _two_planes
        for plane in planes:
            plane.load()
        step = max(1, _STRIP_PIXELS // image.width)
        for top in range(0, image.height, step):
            box = (0, top, image.width, min(image.height, top + step))
            values = join([np.asarray(plane.crop(box)) for plane in planes])
            if not np.isfinite(values).all():
                raise UnreadableError("holds values that are not finite (NaN or infinity)")
            yield top, values.reshape(*values.shape[:2], -1)


def _one_plane(planes: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return planes[0]


def _unsigned(planes: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return planes[0].view(np.uint32)


def _two_planes(planes: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    high, low = planes
    values: npt.NDArray[Any] = (high.astype(np.uint16) << np.uint16(8)) | low
    return values


def _pairs_of_bytes(planes: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return _two_planes([planes[0][..., ::2], planes[0][..., 1::2]])


def _raw_mode(image: Image.Image) -> str:
    """Return how the file lays out a pixel, in Pillow's words; empty where its decoder decides."""
    args = image.tile[0].args if image.tile else ""  # type: ignore[attr-defined]
    first = args[0] if isinstance(args, tuple) and args else args
    return first if isinstance(first, str) else ""


def _set_raw_mode(image: Image.Image, raw: str) -> None:
    tiles = image.tile  # type: ignore[attr-defined]
    image.tile = [  # type: ignore[attr-defined]
        tile._replace(args=(raw, *tile.args[1:]) if isinstance(tile.args, tuple) else raw) for tile in tiles
    ]


def _has_deep_planes(image: Image.Image) -> bool:
    """Return whether each colour of a TIFF lies by itself, of which Pillow reads 8 bits where there are 16."""
    tags = getattr(image, "tag_v2", {})
    return tags.get(_PLANAR) == _SEPARATE and max(tags.get(_BITS, (8,))) > 8 and len(tags[_BITS]) > 1


def _is_inverted(image: Image.Image) -> bool:
    """Return whether small values are white, which Pillow only minds in 8 bits."""
    tags = getattr(image, "tag_v2", {})
    return image.mode in _GREY and tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO


def _with_alpha(mode: str) -> str:
    return {"L": "LA", "RGB": "RGBA"}.get(mode, mode)
