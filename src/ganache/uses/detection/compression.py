"""Which files of a source have been through a lossy compression: that alone could tell one kind from another."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ganache.data.containers import Container, open_container
from ganache.data.decoding.decode import READ_ERRORS, quiet
from ganache.data.location import NAMES
from ganache.parts.wear import LUMA

LOSSY = (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".webp", ".jp2", ".j2k", ".avif", ".avifs")
LOOKED_AT = 64  # files, evenly among all, whose tables say how much they lost
USUAL = 75  # the quality of what has no tables that can be read


@dataclass(frozen=True)
class Compression:
    """The share of a source's files that are of a lossy format, and as JPEG of what quality; 0 and None of arrays.

    The names of the formats decide; nobody can tell what an array, or a PNG, was before.
    """

    share: float = 0.0
    quality: int | None = None


def compression_of(source: str) -> Compression:
    """Return that of a source that could be opened as data."""
    path = Path(os.path.expanduser(source))
    if source in NAMES or not (path.is_dir() or path.suffix.lower() == ".zip"):
        return Compression()
    container = open_container(path)
    names = container.listing().names
    lossy = [name for name in names if name.lower().endswith(LOSSY)]
    if not lossy:
        return Compression()
    looked_at = lossy[:: -(-len(lossy) // LOOKED_AT)]
    found = [quality for name in looked_at if (quality := _quality(container, name)) is not None]
    return Compression(len(lossy) / len(names), round(float(np.median(found))) if found else USUAL)


def quality_of(table: list[int]) -> int:
    """Return the quality whose table for brightness this is, by the rule of the Independent JPEG Group; the nearest."""
    scale = float(np.mean([100.0 * step / usual for step, usual in zip(table, LUMA, strict=True)]))
    return round(min(100.0, max(1.0, 5000.0 / scale if scale > 100.0 else 100.0 - scale / 2.0)))


def _quality(container: Container, name: str) -> int | None:
    """Return the quality of a JPEG file by its tables, of which no pixel is decoded; None of anything else."""
    with (
        contextlib.suppress(*READ_ERRORS),
        quiet(),
        container.open(name) as file,
        Image.open(file, formats=["JPEG"]) as image,
    ):
        return quality_of(list(getattr(image, "quantization", {})[0]))
    return None
