"""Data that a program gives: a path or a name, or arrays, which are kept in the user's cache so that a run finds them.

What was kept goes by its content, so that the same arrays are one file, and a run that learns from them can be resumed
by another process.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ganache.data.cache import cache_folder
from ganache.data.location import as_text
from ganache.data.npy import StoredArray, digest_of, write_arrays
from ganache.data.sources.picture_arrays import as_pictures, is_points
from ganache.data.sources.table_arrays import is_table
from ganache.support.errors import RunError, UserError


class Array(Protocol):
    """What NumPy sees as an array: one of its own, a torch tensor on the CPU."""

    def __array__(self) -> NDArray[Any]:
        """Return it as NumPy's."""


Given = str | Path | Array | tuple[Array, Array | Sequence[int] | Sequence[str] | None]
"""A folder, file or name; pictures or rows (N, K) as a .npy would hold them; or these and a class for each."""

_FOLDER = "arrays"
_ROWS = "x"  # the name of an array of rows, by which they are known as such


def as_source(given: Given, field: str = "data", cache: str | Path | None = None) -> str:
    """Return what would be written after ``--data`` for it, arrays as the path of a file in the cache that holds them.

    Raises UserError, which begins with `field`, for what no pictures can be made of, RunError when the cache cannot be
    written.
    """
    if isinstance(given, str | Path):
        return as_text(given)
    images, labels = given if isinstance(given, tuple) and len(given) == 2 else (given, None)
    found = _checked(images, field)
    arrays = {_ROWS if is_table(found.shape) else "images": found}
    if labels is not None:
        arrays["labels"] = _classes(labels, len(found), field)
    folder = cache_folder(cache).absolute() / _FOLDER
    path = folder / f"array-{digest_of(arrays)[:16]}.npz"
    if not path.exists():
        _write(path, arrays)
    return str(path)


def is_kept(text: str) -> bool:
    """Return whether a path is, or was, that of arrays in a cache."""
    path = Path(text)
    return path.parent.name == _FOLDER and path.name.startswith("array-") and path.suffix == ".npz"


def _checked(given: object, field: str) -> NDArray[Any]:
    array = _array(given, field, "neither a path, a name, an array nor a pair (images, labels)")
    if is_table(array.shape) or (field == "samples" and is_points(array.shape, array.dtype)):
        StoredArray(field, Path("the array"), "", array.shape, array.dtype, False, 0).refuse_objects()
    else:
        as_pictures(StoredArray(field, Path("the array"), "", array.shape, array.dtype, False, 0))
    return array


def _classes(given: object, count: int, field: str) -> NDArray[Any]:
    array = np.asarray(given) if isinstance(given, Sequence) else _array(given, field, "no array of classes")
    if array.shape not in ((count,), (count, 1)) or array.dtype.kind not in "iuU":
        raise UserError(
            f"{field}: labels {array.dtype} {array.shape} are not one class (a whole number from 0 on, or a word) for"
            f" each of {count} pictures"
        )
    return array


def _array(given: object, field: str, otherwise: str) -> NDArray[Any]:
    if not hasattr(given, "__array__"):
        raise UserError(f"{field}: {type(given).__name__} is {otherwise}")
    try:
        return np.asarray(given)
    except (TypeError, RuntimeError, ValueError) as error:  # a tensor of a GPU, or one that requires a gradient
        raise UserError(f"{field}: {' '.join(str(error).split())[:200]}") from error


def _write(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    try:
        write_arrays(path, arrays)
    except RunError as error:
        raise RunError(f"data: the array cannot be kept in the cache, GANACHE_CACHE names another: {error}") from error
