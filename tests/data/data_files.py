"""Small files of every kind that the data package reads, written by the tests themselves."""

import gzip
import hashlib
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ganache.data import open_dataset
from ganache.data.conversion import Conversion
from ganache.data.decoding.pool import Workers
from ganache.data.store.packed import PackedDataset
from ganache.data.store.store import IMAGES, LABELS, Store, fingerprint

SHARED = Path(__file__).parents[3] / "shared" / "data"

# A decoder that writes down the names of the files whose pixels it reads.
_NOTING = """
import json, os, sys
sys.path[:] = json.loads(sys.argv[1])
from ganache.data.decoding import worker
def noting(file, *more, read=worker.read_pixels):
    with open(LOG, "a") as log:
        print(os.path.basename(file.name), file=log)
    return read(file, *more)
worker.read_pixels = noting
worker.main()
"""


def noting(log: Path, **settings: Any) -> Workers:
    """Return one worker that adds the name of each file whose pixels it reads to a log."""
    return Workers(1, program=_NOTING.replace("LOG", repr(str(log))), **settings)


def opened(source: Path | str, folder: Path, **how: Any) -> PackedDataset:
    """Return a source that is packed into a cache in the folder."""
    dataset = open_dataset(source, Conversion(**how), cache=folder / "cache")
    assert isinstance(dataset, PackedDataset)
    return dataset


def assert_sums(store: Store) -> None:
    """Compare all of a store with the checksums in its manifest."""
    for name, array in ((IMAGES, store.images), (LABELS, store.labels)):
        assert hashlib.sha256(array.tobytes()).hexdigest() == store.manifest["sha256"][name]
    assert fingerprint(store.manifest) == store.manifest["fingerprint"]


def never(done: int, total: int) -> None:
    """Be the progress of what has nothing to do."""
    raise AssertionError(f"{done} of {total}")


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
