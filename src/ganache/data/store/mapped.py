"""What the system is told of a file that is mapped into memory: which rows are read next, and what may go."""

import mmap
from typing import Any

import numpy as np
import numpy.typing as npt

READ_AT_ONCE = 2**17  # bytes; of a longer request Linux may read no more than this, as its disks are usually set


def mapping_of(array: npt.NDArray[Any]) -> mmap.mmap | None:
    """Return the mapping in which an array lies, None for one in ordinary memory."""
    base: Any = array
    while base is not None and not isinstance(base, mmap.mmap):
        base = base.base if isinstance(base, np.ndarray) else None
    return base


def let_go(array: npt.NDArray[Any]) -> None:
    """Give the pages of a mapped file back, where the system can: they stay in its cache, but not in this process."""
    mapping = mapping_of(array)
    if mapping is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapping.madvise(mmap.MADV_DONTNEED)


def expect(array: npt.NDArray[Any], rows: npt.NDArray[np.int64]) -> None:
    """Have the system read these rows of a mapped array now, all at once, and nothing around them.

    Left alone, it reads a row when it is touched, one after the other, and as much of the file behind each as its disk
    is set to read, in the belief that this comes next.
    """
    mapping = mapping_of(array)
    if mapping is None or not hasattr(mmap, "MADV_WILLNEED"):
        return
    mapping.madvise(mmap.MADV_RANDOM)
    for start, length in spans(array, rows, _address(mapping)):
        mapping.madvise(mmap.MADV_WILLNEED, start, length)


def spans(array: npt.NDArray[Any], rows: npt.NDArray[np.int64], address: int) -> list[tuple[int, int]]:
    """Return where rows lie in a mapping at an address: offsets, of whole pages, and lengths in bytes."""
    offset, size = array.__array_interface__["data"][0] - address, array.strides[0]
    found = []
    for row in np.unique(rows).tolist():
        start = offset + row * size
        stop = start + size
        start -= start % mmap.PAGESIZE
        found += [(part, min(READ_AT_ONCE, stop - part)) for part in range(start, stop, READ_AT_ONCE)]
    return found


def _address(mapping: mmap.mmap) -> int:
    return int(np.frombuffer(mapping, np.uint8, count=1).__array_interface__["data"][0])
