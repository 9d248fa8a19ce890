"""Animations written frame by frame: each is encoded as a picture and put behind the others, so that one is in memory.

Pillow's own writers hold all frames. Layouts: GIF89a; PNG specification, third edition, chapter 11.3.7 (animation);
WebP container specification, section "Animation".
"""

import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from PIL import GifImagePlugin, Image

from ganache.data.decoding.films import Timing
from ganache.drawing.exports import file_of
from ganache.drawing.grids import over_white
from ganache.drawing.origins import BARE, Stamp
from ganache.support.errors import UserError
from ganache.support.files import replacing

_PNG_HEAD = b"\x89PNG\r\n\x1a\n"
_MOST_WEBP_SIDE = 16_383
_MOST_16 = 2**16 - 1
_ALPHA, _EXIF, _XMP, _ANIMATED = 0x10, 0x08, 0x04, 0x02  # flags of a WebP
_WHOLE = 0x02  # of a WebP's frame: it takes the place of what was there
_CLEAR = 255  # the colour of a GIF that is none


class Chunk(NamedTuple):
    """A piece of a PNG or WebP by its four letters."""

    kind: bytes
    content: bytes


Writer = Callable[[BinaryIO, Iterator[Image.Image], Timing, Stamp], None]


def write_frames(path: Path, frames: Iterable[Image.Image], timing: Timing, stamp: Stamp = BARE) -> None:
    """Write pictures of one size as .png (APNG), .webp or .gif, atomically, as many as `timing` has durations.

    Raises UserError for another suffix or a size that the format has not, RunError as the disk does.
    """
    kind = moving_kind(path)
    with replacing(path) as temporary:
        with open(temporary, "wb") as file:
            _WRITERS[kind](file, iter(frames), timing, stamp)
        stamp.sign_file(temporary, kind)


def moving_kind(path: Path) -> str:
    """Return what a file of this name is when it moves: ``PNG``, ``WEBP`` or ``GIF``; raises UserError for others."""
    if (kind := path.suffix.lower().lstrip(".").upper()) not in _WRITERS:
        raise UserError(f"--out: {str(path)!r} would hold one picture; .png, .webp and .gif hold an animation")
    return kind


def _write_png(file: BinaryIO, frames: Iterator[Image.Image], timing: Timing, stamp: Stamp) -> None:
    sequence = 0
    for number, (frame, milliseconds) in enumerate(zip(frames, timing.durations, strict=True)):
        chunks = list(_png_chunks(file_of(frame, "PNG", BARE if number else stamp.unsigned())))
        if not number:
            file.write(_PNG_HEAD)
            for chunk in (chunk for chunk in chunks if chunk.kind not in (b"IDAT", b"IEND")):
                file.write(_png_chunk(chunk))
            file.write(_png_chunk(Chunk(b"acTL", struct.pack(">II", len(timing.durations), timing.plays))))
        shown = _as_fraction(milliseconds)
        control = struct.pack(">IIIIIHHBB", sequence, *frame.size, 0, 0, shown.numerator, shown.denominator, 0, 0)
        file.write(_png_chunk(Chunk(b"fcTL", control)))
        sequence += 1
        for chunk in (chunk for chunk in chunks if chunk.kind == b"IDAT"):
            if number:
                chunk = Chunk(b"fdAT", struct.pack(">I", sequence) + chunk.content)
                sequence += 1
            file.write(_png_chunk(chunk))
    file.write(_png_chunk(Chunk(b"IEND", b"")))


def _as_fraction(milliseconds: float) -> Fraction:
    """Return seconds as a fraction of two numbers of 16 bits."""
    seconds = Fraction(min(milliseconds / 1000, _MOST_16)).limit_denominator(3000)
    return seconds if seconds.numerator <= _MOST_16 else Fraction(round(seconds))


def _png_chunks(content: bytes) -> Iterator[Chunk]:
    place = len(_PNG_HEAD)
    while place < len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        yield Chunk(kind, content[place + 8 : place + 8 + length])
        place += 12 + length


def _png_chunk(chunk: Chunk) -> bytes:
    return struct.pack(">I", len(chunk.content)) + b"".join(chunk) + struct.pack(">I", zlib.crc32(b"".join(chunk)))


def _write_webp(file: BinaryIO, frames: Iterator[Image.Image], timing: Timing, stamp: Stamp) -> None:
    first = next(frames)
    if max(first.size) > _MOST_WEBP_SIDE:
        raise UserError(f"--out: a WebP has at most {_MOST_WEBP_SIDE:,} pixels a side; .png has more")
    has_alpha = first.mode in ("LA", "RGBA")
    about = [chunk for chunk in _webp_chunks(file_of(first, "WEBP", stamp.unsigned())) if chunk.kind in _NAMED]
    flags = _ANIMATED | (_ALPHA if has_alpha else 0) | sum(_NAMED[chunk.kind] for chunk in about)
    file.write(b"RIFF\0\0\0\0WEBP")
    file.write(_webp_chunk(Chunk(b"VP8X", bytes([flags, 0, 0, 0]) + _less_one(*first.size))))
    file.write(_webp_chunk(Chunk(b"ANIM", struct.pack("<IH", 0, min(timing.plays, _MOST_16)))))
    for frame, milliseconds in zip(chain([first], frames), _whole_ticks(timing, 1.0), strict=True):
        pixels = [chunk for chunk in _webp_chunks(file_of(frame, "WEBP", BARE)) if chunk.kind in _PIXELS]
        head = bytes(6) + _less_one(*frame.size) + struct.pack("<I", milliseconds)[:3] + bytes([_WHOLE])
        file.write(_webp_chunk(Chunk(b"ANMF", head + b"".join(map(_webp_chunk, pixels)))))
    for chunk in about:
        file.write(_webp_chunk(chunk))
    length = file.tell() - 8
    file.seek(4)
    file.write(struct.pack("<I", length))


_NAMED = {b"EXIF": _EXIF, b"XMP ": _XMP}
_PIXELS = (b"ALPH", b"VP8 ", b"VP8L")


def _less_one(width: int, height: int) -> bytes:
    return b"".join(struct.pack("<I", side - 1)[:3] for side in (width, height))


def _webp_chunks(content: bytes) -> Iterator[Chunk]:
    place = 12
    while place < len(content):
        kind, length = struct.unpack_from("<4sI", content, place)
        yield Chunk(kind, content[place + 8 : place + 8 + length])
        place += 8 + length + length % 2


def _webp_chunk(chunk: Chunk) -> bytes:
    return chunk.kind + struct.pack("<I", len(chunk.content)) + chunk.content + bytes(len(chunk.content) % 2)


def _write_gif(file: BinaryIO, frames: Iterator[Image.Image], timing: Timing, stamp: Stamp) -> None:
    first = next(frames)
    file.write(b"GIF89a" + struct.pack("<HHBBB", *first.size, 0, 0, 0))  # each frame has colours of its own
    if timing.plays != 1:
        repeats = min(timing.plays - 1, _MOST_16) if timing.plays else 0
        file.write(b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", repeats) + b"\0")
    for start in range(0, len(said := _said(stamp)), 255):
        part = said[start : start + 255]
        file.write((b"!\xfe" if not start else b"") + bytes([len(part)]) + part)
    file.write(b"\0" if said else b"")
    for frame, hundredths in zip(chain([first], frames), _whole_ticks(timing, 10.0), strict=True):
        # Pillow counts in milliseconds and writes nothing of a frame that is shown for none.
        options: dict[str, Any] = {"duration": 10 * min(hundredths, _MOST_16), "include_color_table": True}
        if frame.mode in ("LA", "RGBA"):
            options |= {"transparency": _CLEAR, "disposal": 2}
        file.write(b"".join(GifImagePlugin.getdata(_with_palette(frame), **options)))
    file.write(b";")


def _with_palette(frame: Image.Image) -> Image.Image:
    """Return a picture in its 256 colours, or in 255 and a clear one where half or more shines through."""
    if frame.mode in ("L", "RGB"):
        return frame.convert("P") if frame.mode == "L" else frame.quantize(256)
    clear = np.asarray(frame.getchannel("A")) < 128
    flat = over_white(frame).convert("RGB").quantize(255)
    places = np.where(clear, np.uint8(_CLEAR), np.asarray(flat))
    found = Image.fromarray(places)
    colours = flat.getpalette() or []
    found.putpalette(colours + [0] * (768 - len(colours)))
    return found


def _said(stamp: Stamp) -> bytes:
    comment = stamp.saved_with("GIF").get("comment", b"")
    assert isinstance(comment, bytes)
    return comment


def _whole_ticks(timing: Timing, tick: float) -> Iterator[int]:
    """Yield durations in whole ticks of so many milliseconds, so that no frame is late by more than half a one."""
    end, told = 0.0, 0
    for milliseconds in timing.durations:
        end += milliseconds / tick
        yield round(end) - told
        told = round(end)


_WRITERS: dict[str, Writer] = {"PNG": _write_png, "WEBP": _write_webp, "GIF": _write_gif}
