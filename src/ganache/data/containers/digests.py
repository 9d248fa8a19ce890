"""SHA-256 of files, each read once: what was computed is kept in the user's cache and known by the file's stamp.

A stamp is size, time of modification, time of change and inode. As in git's index, a file that was modified within the
last two seconds before it was read is not noted: a clock of coarse grain could give its next content the same stamp.
What is kept is one file for each folder, written whole or not at all; of two writers the later one stays, and either
is right. A damaged file, or a cache that cannot be written, costs the time to read the files again.
"""

import contextlib
import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ganache.support.errors import RunError
from ganache.support.files import replacing

Stamps = npt.NDArray[np.int64]  # (N, 4)

_MAGIC = b"ganache digests 1\n"
_DIGEST_BYTES = 32
_ROW_BYTES = _DIGEST_BYTES + 4 * 8
_MOST_BYTES = 2**30  # of what is kept for one folder, that is read back: seven million files
_GRAIN_NS = 2 * 10**9
_LARGEST = 2**63 - 1
_NEVER = -(2**63)  # in the place of the inode of a file that was not noted
_THREADS = 8
_FILES_PER_TASK, _TASKS_AT_ONCE = 32, 64
_READ_BYTES = 2**17


class TooManyUnknownError(Exception):
    """More bytes would have to be read than the caller allows."""


class Digests(NamedTuple):
    """SHA-256 (N, 32) uint8 of N files; of those that cannot be read, by their number, the reason."""

    values: npt.NDArray[np.uint8]
    unreadable: dict[int, OSError]


class DigestCache:
    """Digests of files, kept below the folder `cache`, or only looked up there when at most `most_bytes` may be read.

    With `most_bytes`, nothing is written. What is kept is of `most_folders` folders at most.
    """

    def __init__(self, cache: Path, most_bytes: int | None = None, most_folders: int = 256) -> None:
        self._folder = cache / "digests"
        self._most_bytes, self._most_folders = most_bytes, most_folders

    def of(self, owner: str, root: Path, names: Sequence[str], stamps: Stamps) -> Digests:
        """Return the digests of the files `root / name`, whose stamps are given; `owner` is the name of what is kept.

        Raises TooManyUnknownError when more bytes are unknown than may be read.
        """
        path = self._folder / f"{hashlib.sha256(os.fsencode(owner)).hexdigest()[:32]}.bin"
        blob = _joined(names)
        values, known = _look_up(path, blob, names, stamps)
        missing = np.flatnonzero(~known)
        if self._most_bytes is not None and stamps[missing, 0].sum(dtype=np.float64) > self._most_bytes:
            raise TooManyUnknownError
        began, unreadable = time.time_ns(), {}
        try:
            for number, digest in _read(root, names, missing):
                if isinstance(digest, OSError):
                    unreadable[number] = digest
                else:
                    values[number], known[number] = digest, True
        finally:
            # Also when it was interrupted: what was read need not be read again.
            noted = known & (stamps[:, 1:3] < began - _GRAIN_NS).all(axis=1)
            if self._most_bytes is None and noted[missing].any():
                self._keep(path, blob, np.where(noted[:, None], stamps, _NEVER), values)
        return Digests(values, unreadable)

    def _keep(self, path: Path, blob: bytes, stamps: Stamps, values: npt.NDArray[np.uint8]) -> None:
        count = len(values).to_bytes(8, "little")
        body = b"".join((count, stamps.astype("<i8").tobytes(), values.tobytes(), blob))
        content = b"".join((_MAGIC, hashlib.sha256(body).digest(), body))
        with contextlib.suppress(OSError, RunError):
            with replacing(path) as temporary:
                temporary.write_bytes(content)
            kept = sorted(self._folder.glob("*.bin"), key=lambda found: found.stat().st_mtime)
            for old in kept[: -self._most_folders]:
                old.unlink()


def stamp(status: os.stat_result) -> tuple[int, int, int, int]:
    """Return a file's stamp, each number brought into 64 bits."""
    numbers = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino & _LARGEST)
    if min(numbers) >= -_LARGEST and max(numbers) <= _LARGEST:
        return numbers
    size, modified, changed, inode = (max(-_LARGEST, min(_LARGEST, number)) for number in numbers)
    return size, modified, changed, inode


def hash_all(names: Sequence[str], digests: Digests) -> str:
    """Return one SHA-256 over the files' names and contents."""
    values = digests.values
    for number, error in digests.unreadable.items():
        values[number] = np.frombuffer(hashlib.sha256(f"unreadable: {error.strerror}".encode()).digest(), np.uint8)
    whole = hashlib.sha256(f"{len(names)}\n".encode())
    whole.update(values.tobytes())
    whole.update(_joined(names))
    return whole.hexdigest()


def _joined(names: Sequence[str]) -> bytes:
    # No name of a file holds a zero byte.
    return os.fsencode("\0".join(names))


def _look_up(
    path: Path, blob: bytes, names: Sequence[str], stamps: Stamps
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Return the digests (N, 32) and which of them (N,) are known."""
    values = np.zeros((len(names), _DIGEST_BYTES), np.uint8)
    known = np.zeros(len(names), bool)
    found = _load(path)
    if found is None:
        return values, known
    had_blob, had_stamps, had_values = found
    if had_blob == blob:
        known = (had_stamps == stamps).all(axis=1)
        values[known] = had_values[known]
        return values, known
    rows = {name: row for row, name in enumerate(os.fsdecode(had_blob).split("\0"))}
    shared = [(number, rows[name]) for number, name in enumerate(names) if name in rows]
    if shared:
        here, there = np.array(shared).T
        same = (had_stamps[there] == stamps[here]).all(axis=1)
        values[here[same]], known[here[same]] = had_values[there[same]], True
    return values, known


def _load(path: Path) -> tuple[bytes, Stamps, npt.NDArray[np.uint8]] | None:
    """Return names, stamps and digests as they were kept; None when there are none, or they are damaged."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        content = path.read_bytes()
    except OSError:
        return None
    body = memoryview(content)[len(_MAGIC) + _DIGEST_BYTES :]
    if not content.startswith(_MAGIC) or content[len(_MAGIC) : -len(body)] != hashlib.sha256(body).digest():
        return None
    count = int.from_bytes(body[:8], "little")
    edges = 8, 8 + count * 4 * 8, 8 + count * _ROW_BYTES
    stamps = np.frombuffer(body[edges[0] : edges[1]], "<i8").reshape(count, 4)
    values = np.frombuffer(body[edges[1] : edges[2]], np.uint8).reshape(count, _DIGEST_BYTES)
    return bytes(body[edges[2] :]), stamps, values


def _read(
    root: Path, names: Sequence[str], missing: npt.NDArray[np.int64]
) -> Iterator[tuple[int, npt.NDArray[np.uint8] | OSError]]:
    """Yield the number of each missing file with its digest, or the error; a bounded number of them is in flight."""
    folder = str(root)
    with ThreadPoolExecutor(_THREADS) as pool:
        for start in range(0, len(missing), _FILES_PER_TASK * _TASKS_AT_ONCE):
            part = missing[start : start + _FILES_PER_TASK * _TASKS_AT_ONCE].tolist()
            tasks = [part[first : first + _FILES_PER_TASK] for first in range(0, len(part), _FILES_PER_TASK)]
            paths = [[os.path.join(folder, names[number]) for number in task] for task in tasks]
            for task, found in zip(tasks, pool.map(_digests, paths), strict=True):
                yield from zip(task, found, strict=True)


def _digests(paths: list[str]) -> list[npt.NDArray[np.uint8] | OSError]:
    found: list[npt.NDArray[np.uint8] | OSError] = []
    for path in paths:
        try:
            found.append(np.frombuffer(_digest(path), np.uint8))
        except OSError as error:
            found.append(error)
    return found


def _digest(path: str) -> bytes:
    # hashlib.file_digest takes a buffer of 256 KiB for each file, which for small ones costs more than the rest.
    whole = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while content := file.read(_READ_BYTES):
            whole.update(content)
    return whole.digest()
