"""The image files under a folder."""

import functools
import os
import stat
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ganache.data.containers.digests import DigestCache, Stamps, hash_all, stamp
from ganache.data.containers.listing import (
    FileKind,
    Ignored,
    Listing,
    Skipped,
    UnreadableError,
    is_dropping,
    kind_of,
    printable,
)
from ganache.support.errors import UserError
from ganache.support.files import RECIPE, RECORD


class Folder:
    """The image files under a folder; symbolic links are followed, loops and special files are listed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @functools.cached_property
    def _walked(self) -> tuple[Listing, Stamps]:
        return _walk(self.path)

    def listing(self) -> Listing:
        """Return every image file below the folder."""
        return self._walked[0]

    def content_key(self, digests: DigestCache) -> str:
        """Hash each file's content, so that renaming the folder or touching a file changes nothing.

        Raises TooManyUnknownError when the digests may not be computed.
        """
        (names, *_), stamps = self._walked
        return hash_all(names, digests.of(os.path.realpath(self.path), self.path, names, stamps))

    def size(self, name: str) -> int:
        """Return a file's size in bytes; raises UnreadableError when the system refuses."""
        try:
            return (self.path / name).stat().st_size
        except OSError as error:
            raise UnreadableError(f"cannot be opened: {error.strerror or error}") from error

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Open one file; raises UnreadableError when the system refuses."""
        try:
            file = (self.path / name).open("rb")
        except OSError as error:
            raise UnreadableError(f"cannot be opened: {error.strerror or error}") from error
        with file:
            yield file


def _walk(root: Path) -> tuple[Listing, Stamps]:
    """Return what lies below a folder, and the stamp of each of its image files."""
    found, stamps = Listing([], [], Ignored(), []), array("q")
    followed: dict[tuple[int, int], str] = {}
    pending: list[tuple[str, tuple[tuple[int, int], ...]]] = [("", (_identity(os.stat(root)),))]
    while pending:
        folder, ancestors = pending.pop()
        entries = _entries(root / folder, folder, found)
        if folder and {RECIPE, RECORD} <= {entry.name for entry in entries}:
            found.skipped.append(Skipped(printable(folder), "a run, and what a run draws is no data"))
            continue
        for entry in entries:
            name = f"{folder}/{entry.name}" if folder else entry.name
            if is_dropping(entry.name):
                found.ignored.add(printable(name))
                continue
            try:
                status = entry.stat()
            except OSError as error:
                reason = "broken link" if entry.is_symlink() else f"cannot be read: {error.strerror}"
                found.skipped.append(Skipped(printable(name), reason))
                continue
            if not stat.S_ISDIR(status.st_mode):
                _add_file(name, status, found, stamps)
            elif loop := _loop(name, entry.is_symlink(), _identity(status), ancestors, followed):
                found.skipped.append(Skipped(printable(name), loop))
            else:
                pending.append((name, (*ancestors, _identity(status))))
    order = sorted(range(len(found.names)), key=found.names.__getitem__)
    found.skipped.sort()
    names = [found.names[place] for place in order]
    return found._replace(names=names), np.array(stamps, np.int64).reshape(-1, 4)[order]


def _entries(path: Path, name: str, found: Listing) -> Iterable[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        if not name:
            raise UserError(f"data: {str(path)!r} cannot be read: {error.strerror}") from error
        found.skipped.append(Skipped(printable(name), f"folder cannot be read: {error.strerror}"))
        return ()


def _loop(
    name: str,
    is_link: bool,
    identity: tuple[int, int],
    ancestors: tuple[tuple[int, int], ...],
    followed: dict[tuple[int, int], str],
) -> str | None:
    if identity in ancestors:
        return "symlink loop"
    if is_link:
        # Each target once: links between n folders could otherwise be walked in n! ways.
        if identity in followed:
            return f"links to the same folder as {printable(followed[identity])!r}"
        followed[identity] = name
    return None


def _add_file(name: str, status: os.stat_result, found: Listing, stamps: "array[int]") -> None:
    if not stat.S_ISREG(status.st_mode):
        found.skipped.append(Skipped(printable(name), f"not a regular file ({_kind(status.st_mode)}), never opened"))
        return
    match kind_of(name.rpartition("/")[2]):  # the folders around it were looked at on the way
        case FileKind.IMAGE:
            found.names.append(name)
            stamps.extend(stamp(status))
        case FileKind.LABELS:
            found.label_files.append(name)
        case FileKind.IGNORED:
            found.ignored.add(printable(name))


def _kind(mode: int) -> str:
    kinds = {stat.S_IFIFO: "FIFO", stat.S_IFSOCK: "socket", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}
    return kinds.get(stat.S_IFMT(mode), "special")


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
