"""Pictures and points in .npy and .npz files, read piece by piece; a pickled array is refused, never loaded."""

import abc
import contextlib
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ganache.data.decode import MAX_PIXELS
from ganache.errors import UserError
from ganache.shape import MAX_SIDE, ImageShape

_MAGIC = b"\x93NUMPY"
_DAMAGE = (OSError, ValueError, EOFError, SyntaxError, zipfile.BadZipFile, zlib.error, NotImplementedError)
_LAYOUT = "uint8 (N, height, width, channels) or (N, height, width), or float (N, 2) points"


class Array(abc.ABC):
    """An array in a file. `shape` is that of one row as an image; `pieces` yields all rows in order."""

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.path, self.count = path, shape[0]
        self._rows = _as_images(path, shape, dtype)
        self.shape = ImageShape(self._rows[2], self._rows[0], self._rows[1])
        if not self.count:
            raise UserError(f"samples: {path} holds no rows")

    @abc.abstractmethod
    def pieces(self, size: int) -> Iterator[NDArray[Any]]:
        """Yield up to `size` rows (n, H, W, C) at a time; raises UserError when the file is damaged."""

    def _images(self, rows: NDArray[Any]) -> NDArray[Any]:
        images = rows.reshape(len(rows), *self._rows)
        return images if images.dtype == np.uint8 else images.astype(np.float32)


class PlainArray(Array):
    """A .npy, memory-mapped."""

    def __init__(self, path: Path) -> None:
        with _readable(path), path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise ValueError("it does not begin as a NumPy file does")
            file.seek(0)
            shape, dtype = _header(file)
            self._mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        super().__init__(path, shape, dtype)

    def pieces(self, size: int) -> Iterator[NDArray[Any]]:
        """Yield rows from the mapping."""
        for start in range(0, self.count, size):
            yield self._images(np.array(self._mapped[start : start + size]))


class ArchivedArray(Array):
    """``arr_0`` of a .npz, or the only array that it holds; unpacked as it is read."""

    def __init__(self, path: Path) -> None:
        with _readable(path), zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(".npy")]
            self._name = "arr_0.npy" if "arr_0.npy" in names or len(names) != 1 else names[0]
            if self._name not in names:
                raise ValueError(f"it holds {', '.join(names) or 'no array'}, and none is called arr_0")
            with archive.open(self._name) as file:
                shape, dtype = _header(file)
                needed = file.tell() + int(np.prod(shape, dtype=object)) * dtype.itemsize
            if archive.getinfo(self._name).file_size != needed:
                raise ValueError(f"{self._name} is truncated")
        super().__init__(path, shape, dtype)
        self._dtype = dtype

    def pieces(self, size: int) -> Iterator[NDArray[Any]]:
        """Yield rows as they are unpacked."""
        with _readable(self.path), zipfile.ZipFile(self.path) as archive, archive.open(self._name) as file:
            _header(file)
            row = int(np.prod(self._rows)) * self._dtype.itemsize
            for start in range(0, self.count, size):
                rows = min(size, self.count - start)
                content = file.read(rows * row)
                if len(content) != rows * row:
                    raise EOFError(f"{self._name} is truncated")
                yield self._images(np.frombuffer(content, self._dtype).reshape(rows, -1))


def open_array(path: Path) -> Array:
    """Return the array of a .npy or .npz file; raises UserError, in one line, for anything but pictures or points."""
    return ArchivedArray(path) if path.suffix.lower() == ".npz" else PlainArray(path)


def _as_images(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[int, int, int]:
    """Return height, width and channels of a row."""
    if dtype.kind == "f" and shape[1:] in ((2,), (1, 1, 2)):
        return 1, 1, 2
    sides = (*shape[1:], 1) if len(shape) == 3 else shape[1:]
    if dtype == np.uint8 and len(sides) == 3 and sides[2] in (1, 2, 3, 4):
        height, width, channels = sides
        if min(height, width) >= 1 and max(height, width) <= MAX_SIDE and height * width <= MAX_PIXELS:
            return height, width, channels
    raise UserError(f"samples: {path} holds {dtype} {shape}; it must be {_LAYOUT}")


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return shape and type of what follows. Raises ValueError for objects, which only unpickling could read."""
    version = np.lib.format.read_magic(file)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"format {version[0]}.{version[1]} of NumPy's files is not 1.0 or 2.0")
    shape, columns_first, dtype = readers[version](file)
    if dtype.hasobject:
        raise ValueError("it holds pickled Python objects, which could run code and are never loaded")
    if columns_first and len(shape) > 1:
        raise ValueError("it is in Fortran's order; save np.ascontiguousarray of it")
    if not shape or any(side < 0 for side in shape):
        raise ValueError(f"its shape {shape} has no rows")
    return shape, dtype


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn whatever a damaged file raises into one line for the user."""
    try:
        yield
    except UserError:
        raise
    except _DAMAGE as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UserError(f"samples: {path} cannot be read: {reason}") from error
