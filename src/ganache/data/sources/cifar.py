"""CIFAR-10 as published (https://www.cs.toronto.edu/~kriz/cifar.html): the binary and the python version."""

import itertools
import re
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ganache.data.npy import rows_per_part
from ganache.data.shape import ImageShape
from ganache.data.sources.array_source import ArraySource, Contents, hash_files
from ganache.data.sources.cifar_pickles import read_python_batch
from ganache.data.store.survey import Block
from ganache.support.errors import UserError
from ganache.support.unpacking import UNPACKING_ERRORS

CIFAR10_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_SHAPE = ImageShape(3, 32, 32)
_RECORD_BYTES = 1 + _SHAPE.pixels
_BATCH_NAME = re.compile(r"(?:data_batch_(\d{1,3})|test_batch)(\.bin)?")
_MAX_BATCH_BYTES = 64 * 2**20
_MOST_MEMBERS = 1_000  # of an archive; the published ones have 9
# A header that announces another is read by recursion.
_TAR_ERRORS = (tarfile.TarError, *UNPACKING_ERRORS, RecursionError)


class _Batch(NamedTuple):
    """One batch file: test batches after the numbered training ones."""

    is_test: bool
    number: int
    is_binary: bool
    name: str
    size: int


def cifar_source(path: Path, text: str) -> ArraySource | None:
    """Return the source of a directory or tar.gz with CIFAR-10's batches, None when it holds none."""
    if path.is_dir():
        files = [file for file in path.iterdir() if _BATCH_NAME.fullmatch(file.name) and file.is_file()]
        batches = _batches([(file.name, file.stat().st_size) for file in files])
        used = [path / batch.name for batch in batches]
        names = path / "batches.meta.txt"
        used += [names] if names.is_file() else []
    else:
        with _tar(path) as archive:
            batches = _batches(_members(archive, text))
        used = [path]
    if not batches:
        return None
    return ArraySource(text, lambda digests: f"cifar-{hash_files(used, digests)}", lambda: _contents(path, batches))


def is_tar(path: Path) -> bool:
    """Return whether a file's name says that it is a gzipped or plain tar."""
    return path.name.lower().endswith((".tar.gz", ".tgz", ".tar"))


def _members(archive: tarfile.TarFile, text: str) -> list[tuple[str, int]]:
    """Return the names and sizes of an archive's files; raises UserError for more entries than any of CIFAR-10 has."""
    members = list(itertools.islice(archive, _MOST_MEMBERS + 1))
    if len(members) > _MOST_MEMBERS:
        raise UserError(
            f"data: {text!r} has more than {_MOST_MEMBERS:,} entries and is none of CIFAR-10's archives; "
            "unpack other tar files first"
        )
    return [(member.name, member.size) for member in members if member.isfile()]


def _batches(files: list[tuple[str, int]]) -> list[_Batch]:
    found = []
    for name, size in files:
        if match := _BATCH_NAME.fullmatch(name.rsplit("/", 1)[-1]):
            found.append(_Batch(match[1] is None, int(match[1] or 0), match[2] is not None, name, size))
    binary = [batch for batch in found if batch.is_binary]
    return sorted(binary or found)


def _contents(path: Path, batches: list[_Batch]) -> Contents:
    for batch in batches:
        if batch.size > _MAX_BATCH_BYTES:
            raise UserError(f"data: {batch.name} in {path} has {batch.size} bytes, too many for a CIFAR-10 batch")
        if batch.is_binary and (batch.size == 0 or batch.size % _RECORD_BYTES):
            raise UserError(f"data: {batch.name} in {path} has {batch.size} bytes, not records of {_RECORD_BYTES}")
    if batches[0].is_binary:
        names, version = _label_names(path), "binary"
        count = sum(batch.size for batch in batches) // _RECORD_BYTES
    else:
        names, version = CIFAR10_NAMES, "python"
        with _reader(path) as read:
            count = sum(len(read_python_batch(read(batch.name), batch.name)[1]) for batch in batches)
    return Contents(f"CIFAR-10 {version} version", _SHAPE, count, names, lambda: _parts(path, batches, len(names)))


def _label_names(path: Path) -> tuple[str, ...]:
    if path.is_file() or not (path / "batches.meta.txt").is_file():
        return CIFAR10_NAMES
    content = (path / "batches.meta.txt").read_bytes()[:65536].decode("utf-8", "replace")
    return tuple(line.strip() for line in content.splitlines() if line.strip()) or CIFAR10_NAMES


def _parts(path: Path, batches: list[_Batch], classes: int) -> Iterator[Block]:
    with _reader(path) as read:
        for batch in batches:
            content = read(batch.name)
            where = f"{batch.name} in {path}"
            images, labels = _records(content, where) if batch.is_binary else read_python_batch(content, where)
            if labels.max() >= classes or labels.min() < 0:
                raise UserError(f"data: {where} holds the label {labels.max()}, above {classes - 1}")
            step = rows_per_part(_SHAPE.pixels)
            for start in range(0, len(labels), step):
                rows = slice(start, start + step)
                yield Block("test" if batch.is_test else "train", images[rows].reshape(-1, 3, 32, 32), labels[rows])


def _records(content: bytes, where: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    if not content or len(content) % _RECORD_BYTES:
        raise UserError(f"data: {where} has {len(content)} bytes, not records of {_RECORD_BYTES}")
    records = np.frombuffer(content, np.uint8).reshape(-1, _RECORD_BYTES)
    return records[:, 1:], records[:, 0].astype(np.int32)


@contextmanager
def _reader(path: Path) -> Iterator[Callable[[str], bytes]]:
    """Give what reads one batch whole (30 MB), from a directory or an archive."""
    with nullcontext() if path.is_dir() else _tar(path) as archive:

        def read(name: str) -> bytes:
            try:
                file = (path / name).open("rb") if archive is None else archive.extractfile(name)
                assert file is not None
                with file:
                    return file.read(_MAX_BATCH_BYTES)
            except _TAR_ERRORS as error:
                raise UserError(f"data: {name} in {path} cannot be read: {error}") from error

        yield read


@contextmanager
def _tar(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path) as archive:
            yield archive
    except _TAR_ERRORS as error:
        raise UserError(f"data: {str(path)!r} is not a readable tar file: {error}") from error
