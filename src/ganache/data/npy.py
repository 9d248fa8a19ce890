"""Arrays in .npy and .npz files, read in parts and never unpickled; and the same files written row by row.

Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
"""

import contextlib
import hashlib
import math
import tokenize
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ganache.support.errors import UserError
from ganache.support.files import replacing
from ganache.support.unpacking import UNPACKING_ERRORS

SUFFIXES = (".npy", ".npz")
MAX_WHOLE_BYTES = 2**30  # of what must be read as a whole: labels, packed arrays in Fortran's order
_PART_BYTES = 8 * 2**20
_MAGIC = b"\x93NUMPY"
_MAX_MEMBERS = 1_000
DAMAGE = (
    *(ValueError, SyntaxError, RuntimeError, MemoryError, OverflowError, TypeError),
    *(tokenize.TokenError, zipfile.BadZipFile, NotImplementedError),
    *UNPACKING_ERRORS,
)
"""What NumPy and the archives raise on damaged files; NumPy passes a header through Python's tokenizer."""


@dataclass(frozen=True)
class StoredArray:
    """An array in a file: all of a .npy, or the member `name` of a .npz. `shape` and `dtype` are the header's.

    Whatever is read raises UserError, which begins with `field`, when the file is damaged.
    """

    field: str
    path: Path
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    columns_first: bool
    offset: int  # of the first value in the .npy

    @property
    def described(self) -> str:
        """The type and the shape in short: ``uint8 (64, 16, 16, 3)``."""
        return f"{self.dtype} {self.shape}"

    def error(self, reason: str) -> UserError:
        """Return the error that this array cannot be used for a reason."""
        what = f" {self.name!r}" if self.name else ""
        return UserError(f"{self.field}: {self.path}{what} {reason}")

    def refuse_objects(self) -> None:
        """Raise UserError when only unpickling could read it."""
        if self.dtype.hasobject:
            raise self.error("holds pickled Python objects, which could run code and are never loaded")

    def pieces(self, rows: int) -> Iterator[NDArray[Any]]:
        """Yield up to so many rows at a time, in order."""
        self.refuse_objects()
        with _readable(self.field, self.path):
            yield from self._from_npy(rows) if not self.name else self._from_npz(rows)

    def whole(self) -> NDArray[Any]:
        """Return all of it; raises UserError when that is more than a GiB."""
        if math.prod(self.shape) * self.dtype.itemsize > MAX_WHOLE_BYTES:
            raise self.error(f"is {self.described}, more than {MAX_WHOLE_BYTES >> 30} GiB to be read at once")
        return np.concatenate([np.empty((0, *self.shape[1:]), self.dtype), *self.pieces(max(1, self.shape[0]))])

    def _from_npy(self, rows: int) -> Iterator[NDArray[Any]]:
        order: Any = "F" if self.columns_first else "C"
        mapped = np.memmap(self.path, self.dtype, "r", self.offset, self.shape, order)
        for start in range(0, self.shape[0], rows):
            yield np.array(mapped[start : start + rows], order="C")

    def _from_npz(self, rows: int) -> Iterator[NDArray[Any]]:
        with zipfile.ZipFile(self.path) as archive, archive.open(f"{self.name}.npy") as file:
            _exactly(file, self.offset, self.name)
            if self.columns_first:
                size = math.prod(self.shape) * self.dtype.itemsize
                if size > MAX_WHOLE_BYTES:
                    raise self.error("is in Fortran's order and larger than a GiB; save np.ascontiguousarray of it")
                whole = np.frombuffer(_exactly(file, size, self.name), self.dtype).reshape(self.shape, order="F")
                yield from (np.array(whole[start : start + rows], order="C") for start in range(0, len(whole), rows))
                return
            row = math.prod(self.shape[1:]) * self.dtype.itemsize
            for start in range(0, self.shape[0], rows):
                count = min(rows, self.shape[0] - start)
                content = _exactly(file, count * row, self.name)
                yield np.frombuffer(content, self.dtype).reshape(count, *self.shape[1:])


def is_array_file(path: Path) -> bool:
    """Return whether a file is meant to hold arrays, by its name or by its first bytes."""
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def open_arrays(path: Path, field: str) -> list[StoredArray]:
    """Return the arrays of a .npy or .npz file by their headers, none of which promises more than the file holds.

    Raises UserError, which begins with `field`, in one line, for a file that is damaged or something else.
    """
    with _readable(field, path):
        if path.suffix.lower() != ".npz":
            with path.open("rb") as file:
                return [_stored(field, path, "", file, path.stat().st_size)]
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if member.filename.endswith(".npy")]
            if len(members) > _MAX_MEMBERS:
                raise ValueError(f"it holds {len(members)} arrays, more than {_MAX_MEMBERS}")
            if len({member.filename for member in members}) < len(members):
                raise ValueError("two of its arrays have the same name")
            found = []
            for member in members:
                with archive.open(member) as file:
                    found.append(_stored(field, path, member.filename.removesuffix(".npy"), file, member.file_size))
            return found


def write_rows(
    file: IO[bytes], batches: Iterable[NDArray[Any]], count: int, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> None:
    """Write batches (n, *shape) of `dtype`, `count` rows in all, as a .npy."""
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": (count, *shape)}
    np.lib.format.write_array_header_1_0(file, header)
    written = 0
    for batch in batches:
        assert batch.dtype == dtype, f"a batch of {batch.dtype}, {dtype} was announced"
        assert batch.shape[1:] == shape, f"rows of {batch.shape[1:]}, {shape} was announced"
        file.write(np.ascontiguousarray(batch).data)
        written += len(batch)
    assert written == count, f"{written} rows came, {count} were announced"


def write_member(
    archive: zipfile.ZipFile,
    name: str,
    batches: Iterable[NDArray[Any]],
    count: int,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
) -> None:
    """Write batches as `write_rows` does, as the array `name` of a .npz."""
    with new_member(archive, f"{name}.npy") as stored:
        write_rows(stored, batches, count, shape, dtype)


def rows_per_part(row_bytes: int) -> int:
    """Return how many rows make a part of a few MiB."""
    return max(1, _PART_BYTES // row_bytes)


def parts_of(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield an array (N, …) some rows at a time, as they lie in C's order."""
    step = rows_per_part(max(1, array[:1].nbytes))
    for start in range(0, len(array), step):
        yield np.ascontiguousarray(array[start : start + step])


def digest_of(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return SHA-256 of named arrays (N, …): names, types, shapes and values."""
    whole = hashlib.sha256()
    for name, array in arrays.items():
        whole.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        for rows in parts_of(array):
            whole.update(rows.data)
    return whole.hexdigest()


def add_arrays(archive: zipfile.ZipFile, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write whole arrays (N, …) into a .npz."""
    for name, array in arrays.items():
        write_member(archive, name, parts_of(array), len(array), array.shape[1:], array.dtype)


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays (N, …) as a .npz, atomically; equal ones give equal bytes. Raises RunError as the disk refuses."""
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        add_arrays(archive, arrays)


@contextlib.contextmanager
def new_member(archive: zipfile.ZipFile, name: str) -> Iterator[IO[bytes]]:
    """Give the file of a new member of a .npz, ``NAME.npy`` for an array: equal members give equal bytes."""
    # The date and the system are part of a zip's bytes.
    member = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    member.create_system = 3
    # Stored, not deflated: pixels hardly shrink, and a stored array is written and read at the disk's speed.
    # Zip64 from the start, as np.savez does: the size is in front of data that may pass 4 GiB.
    with archive.open(member, "w", force_zip64=True) as stored:
        yield stored


def _stored(field: str, path: Path, name: str, file: IO[bytes], size: int) -> StoredArray:
    if file.read(len(_MAGIC)) != _MAGIC:
        raise ValueError(f"{name or 'it'} does not begin as a NumPy file does")
    version = tuple(_exactly(file, 2, name))
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"format {version[0]}.{version[1]} of NumPy's files is not 1.0 or 2.0")
    shape, columns_first, dtype = readers[version](file)
    if any(side < 0 for side in shape):
        raise ValueError(f"its shape {shape} is none")
    offset = file.tell()
    if not dtype.hasobject and offset + math.prod(shape) * dtype.itemsize > size:
        raise ValueError(f"{name or 'it'} is truncated: {dtype} {shape} need more than its {size} bytes")
    return StoredArray(field, path, name, shape, dtype, columns_first and len(shape) > 1, offset)


def _exactly(file: IO[bytes], count: int, name: str) -> bytes:
    content = file.read(count)
    if len(content) != count:
        raise EOFError(f"{name or 'it'} is truncated")
    return content


@contextlib.contextmanager
def _readable(field: str, path: Path) -> Iterator[None]:
    """Turn whatever a damaged file raises into one line for the user."""
    try:
        yield
    except UserError:
        raise
    except DAMAGE as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UserError(f"{field}: {path} cannot be read: {reason}") from error
