"""What a picture or an .npz says of its origin, whoever wrote it: read within bounds, and believed in nothing."""

import contextlib
import html
import json
import math
import mmap
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from ganache.data.decoding.decode import READ_ERRORS, quiet
from ganache.data.npy import DAMAGE
from ganache.drawing.origins import MEMBER, PACKET_NAME
from ganache.support.errors import UserError, reason
from ganache.support.json_files import BROKEN

MOST_BYTES = 2**28  # of a file
MOST_TEXT = 2**16  # of a packet, of a member of an .npz
MOST_PACKETS, MOST_FACTS, MOST_FACT = 16, 30, 500
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "AVIF")
_SOFTWARE = 0x0131  # EXIF
_BEGIN, _END = b"<x:xmpmeta", b"</x:xmpmeta>"
_SOURCE_TYPE = re.compile(r"digitalsourcetype/([A-Za-z]{1,60})")
_TOOL = re.compile(r"CreatorTool(?:=[\"']|>)([^\"'<]{1,200})")
_OURS = re.compile(r'ganache:provenance="([^"]{1,8000})"')
_GENERATED = {"trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "algorithmicMedia"}


@dataclass(frozen=True)
class Statement:
    """What was found: IPTC's source type, the software, what Ganache writes, and the format; each may be empty."""

    kind: str
    source_type: str = ""
    software: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def says_generated(self) -> bool:
        """Whether it says that it was generated, all of it or a part."""
        return self.source_type in _GENERATED


def statement_of(path: Path) -> Statement:
    """Return what a file says; raises UserError for what cannot be read, or is larger than 256 MiB."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise UserError(f"picture: {str(path)!r} cannot be read: {reason(error)}") from None
    if not path.is_file() or size > MOST_BYTES:
        what = f"of {size:,} bytes is more than {MOST_BYTES >> 20} MiB" if path.is_file() else "is no file"
        raise UserError(f"picture: {str(path)!r} {what}")
    return _of_archive(path) if path.suffix.lower() == ".npz" else _of_picture(path)


def _of_archive(path: Path) -> Statement:
    try:
        with zipfile.ZipFile(path) as archive:
            if MEMBER not in archive.namelist():
                return Statement("NPZ")
            with archive.open(MEMBER) as file:
                told = _facts(file.read(MOST_TEXT).decode("utf-8", "replace"))
    except DAMAGE as error:
        raise UserError(f"picture: {str(path)!r} cannot be read: {str(error)[:200]}") from None
    return Statement("NPZ", str(told.get("source_type", "")), str(told.get("software", "")), told)


def _of_picture(path: Path) -> Statement:
    try:
        with quiet(), Image.open(path, formats=FORMATS) as image:
            # Cameras put several JPEGs behind each other into one file: to Pillow that is a format of its own.
            kind = "JPEG" if image.format == "MPO" else str(image.format)
            texts, software = _said(image)
        texts += _packets(path)
    except READ_ERRORS as error:
        raise UserError(f"picture: {str(path)!r} is no picture that can be read: {_line(error)}") from None
    text = "\n".join(texts)
    source, tool, ours = (pattern.search(text) for pattern in (_SOURCE_TYPE, _TOOL, _OURS))
    return Statement(
        kind,
        source[1] if source else "",
        software or (html.unescape(tool[1]) if tool else ""),
        _facts(html.unescape(ours[1])) if ours else {},
    )


def _said(image: Image.Image) -> tuple[list[str], str]:
    """Return the texts in which XMP may stand, and the software that is named by a field of its own."""
    texts = [_text(image.info.get(name)) for name in ("xmp", PACKET_NAME, "comment")]
    software = _text(image.info.get("Software"))
    with contextlib.suppress(*READ_ERRORS):  # damaged metadata is none
        software = software or _text(Image.Image.getexif(image).get(_SOFTWARE))
    return texts, " ".join(software.split())[:200]


def _packets(path: Path) -> list[str]:
    """Return XMP packets that stand anywhere in a file, as the standard wants them to be found (ISO 16684-1, 7.3)."""
    if not path.stat().st_size:
        return []
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return list(_between(content))


def _between(content: mmap.mmap) -> Iterator[str]:
    place = 0
    for _ in range(MOST_PACKETS):
        start = content.find(_BEGIN, place)
        if start < 0:
            return
        stop = content.find(_END, start, start + MOST_TEXT)
        place = start + len(_BEGIN)
        if stop >= 0:
            yield content[start:stop].decode("utf-8", "replace")
            place = stop


def _text(found: object) -> str:
    if isinstance(found, bytes):
        return found[:MOST_TEXT].decode("utf-8", "replace")
    return str(found)[:MOST_TEXT] if isinstance(found, str) else ""


def _facts(text: str) -> dict[str, Any]:
    """Return facts of a JSON object: as many as there may be, none of them deep or long."""
    try:
        told = json.loads(text)
    except BROKEN:
        return {}
    if not isinstance(told, dict):
        return {}
    plain = {str(name)[:100]: value for name, value in told.items() if _is_plain(value)}
    short = {name: value[:MOST_FACT] if isinstance(value, str) else value for name, value in plain.items()}
    return dict(list(short.items())[:MOST_FACTS])


def _is_plain(value: object) -> bool:
    """Return whether a value is one of a fact; NaN and what is beyond all numbers, which Python reads, no JSON has."""
    return isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


def _line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
