"""MNIST's IDX files (http://yann.lecun.com/exdb/mnist/), plain or gzipped, never read past their header."""

import gzip
import math
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ganache.data.npy import rows_per_part
from ganache.data.shape import ImageShape
from ganache.data.sources.array_source import ArraySource, Contents, hash_files
from ganache.data.store.survey import Block
from ganache.support.errors import UserError

DIGIT_NAMES = tuple("0123456789")
_UBYTE = 8
_PREFIXES = {"train": "train", "test": "t10k"}


def find_idx(folder: Path) -> dict[str, tuple[Path, Path]]:
    """Return each split's (images, labels) files by MNIST's names; raises UserError when one of the two is missing."""
    found = {}
    for split, prefix in _PREFIXES.items():
        images, labels = _named(folder, f"{prefix}-images", "idx3"), _named(folder, f"{prefix}-labels", "idx1")
        if images and labels:
            found[split] = (images, labels)
        elif images or labels:
            missing = f"{prefix}-labels-idx1-ubyte" if images else f"{prefix}-images-idx3-ubyte"
            raise UserError(f"data: {str(folder)!r} has {(images or labels).name} but not {missing} (or .gz)")  # type: ignore[union-attr]
    return found


def idx_source(folder: Path, text: str, label_names: tuple[str, ...] = DIGIT_NAMES) -> ArraySource:
    """Return the source of a folder of IDX files."""
    splits = find_idx(folder)
    files = [path for pair in splits.values() for path in pair]
    names = "/".join(label_names)
    return ArraySource(
        text, lambda digests: f"idx-{names}-{hash_files(files, digests)}", lambda: _contents(splits, label_names)
    )


def first_labels(folder: Path, count: int = 10) -> dict[str, list[int]]:
    """Return the first labels of each split: enough to tell the sets that share MNIST's file names apart."""
    found = {}
    for split, (_, labels) in find_idx(folder).items():
        with _opened(labels) as file:
            _header(file, labels, 1)
            found[split] = list(file.read(count))
    return found


def _named(folder: Path, stem: str, kind: str) -> Path | None:
    for name in (f"{stem}-{kind}-ubyte", f"{stem}.{kind}-ubyte"):
        for path in (folder / name, folder / f"{name}.gz"):
            if path.is_file():
                return path
    return None


def _contents(splits: dict[str, tuple[Path, Path]], label_names: tuple[str, ...]) -> Contents:
    shapes: dict[tuple[int, int], Path] = {}
    total = 0
    for images, labels in splits.values():
        with _opened(images) as file:
            count, height, width = _header(file, images, 3)
        with _opened(labels) as file:
            (label_count,) = _header(file, labels, 1)
        if count != label_count:
            raise UserError(f"data: {labels} holds {label_count} labels for the {count} images of {images.name}")
        shapes[height, width] = images
        total += count
    if len(shapes) > 1:
        text = " and ".join(f"{path.name} {height}x{width}" for (height, width), path in shapes.items())
        raise UserError(f"data: the splits differ in size: {text}")
    shape = ImageShape(1, *next(iter(shapes)))
    return Contents("IDX files", shape, total, label_names, lambda: _parts(splits, shape, len(label_names)))


def _parts(splits: dict[str, tuple[Path, Path]], shape: ImageShape, classes: int) -> Iterator[Block]:
    for split, (images, labels) in splits.items():
        with _opened(images) as image_file, _opened(labels) as label_file:
            (count, *_), _ = _header(image_file, images, 3), _header(label_file, labels, 1)
            step = rows_per_part(shape.pixels)
            for start in range(0, count, step):
                rows = min(step, count - start)
                pixels = np.frombuffer(_exactly(image_file, rows * shape.pixels, images), np.uint8)
                numbers = np.frombuffer(_exactly(label_file, rows, labels), np.uint8).astype(np.int32)
                if numbers.max() >= classes:
                    raise UserError(f"data: {labels} holds the label {numbers.max()}, above {classes - 1}")
                yield Block(split, pixels.reshape(rows, 1, shape.height, shape.width), numbers)
            for file, path in ((image_file, images), (label_file, labels)):
                if _read(file, 1, path):
                    raise UserError(f"data: {path} goes on after the data that its header declares")


def _header(file: BinaryIO, path: Path, dimensions: int) -> tuple[int, ...]:
    magic = _exactly(file, 4, path)
    if magic[:2] != b"\0\0":
        raise UserError(f"data: {path} is not an IDX file: it begins with {magic.hex()}, not with 0000")
    if magic[2] != _UBYTE or magic[3] != dimensions:
        raise UserError(
            f"data: {path} holds IDX type 0x{magic[2]:02x} in {magic[3]} dimensions, "
            f"not unsigned bytes (0x08) in {dimensions}"
        )
    sizes = np.frombuffer(_exactly(file, 4 * dimensions, path), ">u4").tolist()
    if math.prod(sizes) == 0:
        raise UserError(f"data: {path} is empty: its header declares {'x'.join(map(str, sizes))}")
    return tuple(sizes)


def _exactly(file: BinaryIO, count: int, path: Path) -> bytes:
    content = _read(file, count, path)
    if len(content) != count:
        raise UserError(f"data: {path} is truncated: {count - len(content)} bytes are missing")
    return content


def _read(file: BinaryIO, count: int, path: Path) -> bytes:
    try:
        return file.read(count)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"data: {path} is truncated or damaged: {error}") from error


def _opened(path: Path) -> BinaryIO:
    try:
        return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]
    except OSError as error:
        raise UserError(f"data: {path} cannot be read: {error.strerror}") from error
