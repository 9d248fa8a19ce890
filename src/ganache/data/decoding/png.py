"""The chunks of a PNG that decide on its pixels: whatever else a file carries is never read, however large.

Layout: PNG specification, third edition, chapter 5 (chunks) and chapter 11 (what each of them holds).
"""

import io
import struct
import zlib
from typing import BinaryIO

_MAGIC = b"\x89PNG\r\n\x1a\n"
_IMAGE = (b"IHDR", b"PLTE", b"tRNS", b"acTL", b"fcTL", b"IDAT", b"fdAT", b"IEND")
_TEXT = (b"tEXt", b"zTXt", b"iTXt")
# The two places beside eXIf from which Pillow takes an orientation.
_ORIENTED = (b"XML:com.adobe.xmp\0", b"Raw profile type exif\0")
_MOST_METADATA = 2**20
_FRAME = 12  # bytes of a chunk beside its content: length, kind, checksum


def only_pixels(file: BinaryIO) -> BinaryIO:
    """Return a PNG without the chunks that no pixel depends on, metadata first; any other file as it is.

    Profiles and texts are left out, and an orientation's metadata above 1 MiB. Nothing but chunk headers is read.
    """
    file.seek(0)
    kept = _kept(file) if file.read(len(_MAGIC)) == _MAGIC else None
    file.seek(0)
    return io.BufferedReader(_Pieces(file, kept)) if kept else file


def _kept(file: BinaryIO) -> list[tuple[int, int]] | None:
    """Return the pieces (start, stop) of the file to read, None for all of it."""
    end = file.seek(0, io.SEEK_END)
    metadata: list[tuple[int, int]] = []
    image: list[tuple[int, int]] = []
    position = len(_MAGIC)
    head = (0, position)
    while position < end:
        file.seek(position)
        length, kind = struct.unpack(">I4s", file.read(8).ljust(8, b"\0"))
        stop = position + _FRAME + length
        if stop > end or not kind.isalpha():
            image.append((position, end))  # damaged from here on: Pillow says how
            break
        if kind == b"IHDR" and not metadata and not image:
            head = (0, stop)
        elif kind in _IMAGE:
            image.append((position, stop))
        elif _turns(file, kind, length):
            metadata.append((position, stop))
        position = end if kind == b"IEND" else stop
    pieces = _joined([head, *metadata, *image])
    return None if len(pieces) == 1 else pieces


def _turns(file: BinaryIO, kind: bytes, length: int) -> bool:
    """Return whether a sound chunk, whose content the file is at, may hold an orientation, and is small unpacked."""
    if length > _MOST_METADATA or kind not in (b"eXIf", *_TEXT):
        return False
    content = file.read(length)
    if file.read(4) != struct.pack(">I", zlib.crc32(kind + content)):
        return False  # damaged metadata must not cost the picture
    if kind == b"eXIf":
        return True
    if not content.startswith(_ORIENTED):
        return False
    rest = content.partition(b"\0")[2]
    if kind == b"tEXt" or (kind == b"iTXt" and rest[:1] == b"\0"):
        return True
    packed = rest[1:] if kind == b"zTXt" else rest[2:].split(b"\0", 2)[-1]
    return _unpacks_to_little(packed)


def _unpacks_to_little(packed: bytes) -> bool:
    unpacker = zlib.decompressobj()
    try:
        unpacker.decompress(packed, _MOST_METADATA)
    except zlib.error:
        return False
    return not unpacker.unconsumed_tail


def _joined(pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, stop in pieces:
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((start, stop))
    return joined


class _Pieces(io.RawIOBase):
    """Pieces of a file as one."""

    def __init__(self, file: BinaryIO, pieces: list[tuple[int, int]]) -> None:
        self._file = file
        self._pieces = pieces
        self._length = sum(stop - start for start, stop in pieces)
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = (0, self._position, self._length)[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        skipped = self._position
        for start, stop in self._pieces:
            if skipped < stop - start:
                self._file.seek(start + skipped)
                content = self._file.read(min(len(buffer), stop - start - skipped))
                buffer[: len(content)] = content
                self._position += len(content)
                return len(content)
            skipped -= stop - start
        return 0
