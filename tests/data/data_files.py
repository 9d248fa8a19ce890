"""Small files of every kind that the data package reads, written by the tests themselves."""

import gzip
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from ganache.data.decoding.pool import Decoders, Pixels


def pixels(height: int, width: int, channels: int = 3, seed: int = 0) -> npt.NDArray[np.uint8]:
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def save(path: Path, array: npt.NDArray[Any], **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)
    return path


def classes(root: Path, names: Sequence[str] = ("cat", "dog"), each: int = 3, side: int = 4) -> Path:
    for number, name in enumerate(names):
        for index in range(each):
            save(root / name / f"{index}.png", pixels(side, side, 3, 1000 * number + index))
    return root


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_file(height: int, width: int, depth: int, colour: int, rows: bytes, before: bytes = b"", after: bytes = b"",
             interlaced: bool = False) -> bytes:  # fmt: skip
    """A PNG from its filtered rows, with whole chunks before and after its pixels."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    content = png_chunk(b"IHDR", header) + before + png_chunk(b"IDAT", zlib.compress(rows)) + after
    return b"\x89PNG\r\n\x1a\n" + content + png_chunk(b"IEND", b"")


def png_header(height: int, width: int) -> bytes:
    """A PNG that declares a size and holds next to nothing."""
    return png_file(height, width, 8, 2, b"\0" * 100)


def idx_bytes(array: npt.NDArray[np.uint8]) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_idx(
    folder: Path, split: str, images: npt.NDArray[np.uint8], labels: Sequence[int], packed: bool = True
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in (("images-idx3", images), ("labels-idx1", np.array(labels, np.uint8))):
        path = folder / f"{split}-{name}-ubyte{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(idx_bytes(array)) if packed else idx_bytes(array))


def python_batch(images: npt.NDArray[np.uint8], labels: Sequence[int], extra: bytes = b"") -> bytes:
    """A batch as Python 2 wrote CIFAR-10's: opcodes of protocol 2, put together by hand."""

    def text(value: bytes) -> bytes:
        return b"U" + bytes([len(value)]) + value  # SHORT_BINSTRING

    content = images.tobytes()
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02"
        + b"K\x00\x85" + text(b"b") + b"\x87Rq\x03"  # (ndarray, (0,), "b") -> call
        + b"(K\x01M" + struct.pack("<H", len(images)) + b"M\x00\x0c\x86"  # MARK, 1, (n, 3072)
        + b"cnumpy\ndtype\nq\x04" + text(b"u1") + b"K\x00K\x01\x87R\x89"  # dtype, not Fortran order
        + b"T" + struct.pack("<I", len(content)) + content + b"tb"  # BINSTRING, TUPLE, BUILD
    )  # fmt: skip
    numbers = b"]q\x05(" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    names = b"](" + b"".join(text(b"cat_%d.png" % index) for index in range(len(labels))) + b"e"
    entries = text(b"data") + array + text(b"labels") + numbers
    entries += text(b"batch_label") + text(b"training batch 1 of 5") + text(b"filenames") + names
    return b"\x80\x02}q\x00(" + extra + entries + b"u."


def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that gets the name of each file whose pixels are asked for."""
    asked: list[str] = []
    honest = Decoders.pixels

    def noticed(self: Decoders, parts: Sequence[Sequence[str]], *more: Any) -> Iterator[Pixels]:
        asked.extend(name for names in parts for name in names)
        return honest(self, parts, *more)

    monkeypatch.setattr(Decoders, "pixels", noticed)
    return asked
