"""Where image files lie: a folder or a zip. Both list their files once and open one by its name."""

import enum
import functools
import hashlib
import os
import re
import stat
import zipfile
import zlib
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from ganache.data.arrange import printable
from ganache.data.digests import DigestCache, Stamps, hash_all, stamp
from ganache.data.told import Ignored
from ganache.data.types import Skipped, UnreadableError
from ganache.support.errors import UserError
from ganache.support.files import RECIPE, RECORD

IMAGE_SUFFIXES = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".gif", ".webp", ".bmp", ".dib", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".tga", ".jp2", ".j2k", ".avif", ".avifs", ".pcx", ".qoi"),
)

MAX_ENTRY_BYTES = 512 * 2**20
"""A zip entry above this size, unpacked, is refused: no image within the pixel limit needs it."""

LABEL_FILES = ("dataset.json", "labels.csv", "metadata.csv")
"""Files of these names may say which picture belongs to which class."""

_PICKLED = (".pkl", ".pickle", ".pt", ".pth", ".ckpt")
_PACKED = (".7z", ".rar", ".gz", ".bz2", ".xz", ".zst")
_TABLES = (".h5", ".hdf5", ".mat", ".parquet", ".arrow", ".tfrecord", ".tfrecords", ".mdb", ".csv", ".json")
_DROPPINGS = (
    *("__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found"),
)  # of systems, whose pictures are thumbnails and waste
_WRITTEN_ON_WINDOWS = (0, 10, 14)  # "version made by": FAT, NTFS, VFAT, where no file's name holds a backslash
_ENCRYPTED = 0x1
_ZIP_ERRORS = (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, ValueError)


class Listing(NamedTuple):
    """Slash-separated names of the files with an image's suffix, what cannot be opened, what is no image at all.

    `label_files` are those that may name the images' classes.
    """

    names: list[str]
    skipped: list[Skipped]
    ignored: Ignored
    label_files: list[str]


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


class Zip:
    """The image files inside a zip; raises UserError when the archive's directory cannot be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.suffix.lower() in _PICKLED:  # some of them are zips
            raise UserError(
                f"data: {str(path)!r} is pickled, which could run code, and is never loaded; save its arrays as .npz"
            )
        try:
            self._zip = zipfile.ZipFile(path)
        except _ZIP_ERRORS as error:
            raise UserError(f"data: {str(path)!r} {_why_no_zip(path, error)}") from error
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for name, entry in self._named():
            self._entries.setdefault(name, entry)

    def listing(self) -> Listing:
        """Return every image file of the archive, by its directory alone."""
        found = Listing([], [], Ignored(), [])
        for name, entry in self._named():
            if name.endswith("/"):
                continue
            kind = _kind_of(name)
            if kind is _Kind.IGNORED:
                found.ignored.add(printable(name))
            elif reason := _entry_problem(name, entry, self._entries[name]):
                found.skipped.append(Skipped(printable(name), reason))
            else:
                (found.names if kind is _Kind.IMAGE else found.label_files).append(name)
        found.names.sort()
        return found

    def content_key(self, digests: DigestCache) -> str:
        """Hash the directory: names, checksums and sizes of all entries."""
        whole = hashlib.sha256()
        for entry in sorted(self._zip.infolist(), key=lambda entry: entry.filename):
            line = f"{len(entry.filename)}:{entry.filename}:{entry.CRC}:{entry.file_size}:{entry.flag_bits & 1}\n"
            whole.update(line.encode("utf-8", "surrogateescape"))
        return whole.hexdigest()

    def size(self, name: str) -> int:
        """Return the size that an entry declares, in bytes, unpacked."""
        return self._entries[name].file_size

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Unpack one entry, never more than it declares; raises UnreadableError when it is damaged."""
        entry = self._entries[name]
        try:
            with self._zip.open(entry) as packed:
                content = packed.read(entry.file_size + 1)
        except _ZIP_ERRORS as error:
            raise UnreadableError(f"damaged in the archive: {' '.join(str(error).split())}"[:200]) from error
        if len(content) != entry.file_size:
            raise UnreadableError(f"truncated in the archive: {len(content)} of {entry.file_size} bytes")
        yield BytesIO(content)

    def _named(self) -> Iterator[tuple[str, zipfile.ZipInfo]]:
        """Yield the entries with slash-separated names: some tools of Windows write backslashes."""
        entries = self._zip.infolist()
        no_slashes = not any("/" in entry.filename for entry in entries)
        for entry in entries:
            from_windows = no_slashes or entry.create_system in _WRITTEN_ON_WINDOWS
            yield entry.filename.replace("\\", "/") if from_windows else entry.filename, entry


def open_container(path: Path) -> Folder | Zip:
    """Return the folder or zip at a path."""
    return Folder(path) if path.is_dir() else Zip(path)


def _why_no_zip(path: Path, error: Exception) -> str:
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        return "is one picture; name the folder that holds it and others"
    if suffix in _PACKED:
        return "is an archive, but no zip; unpack it first"
    if suffix in _TABLES:
        return "is of a kind that is not read; save its arrays as .npz, or its pictures into a folder"
    return f"is not a readable zip file: {error}"


def is_dropping(part: str) -> bool:
    """Return whether a file or folder of this name was left by a system, hidden from its user."""
    return part in _DROPPINGS or (part.startswith(".") and part not in (".", ".."))


class _Kind(enum.Enum):
    IMAGE = enum.auto()
    LABELS = enum.auto()
    IGNORED = enum.auto()


def _kind_of(name: str) -> _Kind:
    *folders, file = name.split("/")
    if any(map(is_dropping, (*folders, file))):
        return _Kind.IGNORED
    if file in LABEL_FILES:
        return _Kind.LABELS
    return _Kind.IMAGE if file.lower().endswith(IMAGE_SUFFIXES) else _Kind.IGNORED


def _entry_problem(name: str, entry: zipfile.ZipInfo, first: zipfile.ZipInfo) -> str | None:
    parts = re.split(r"[/\\]", name)  # a system on which either separates must not be led outside
    if not parts[0] or ".." in parts or ":" in parts[0]:
        return "its name leads outside the archive"
    if entry is not first:
        return "a second entry of the same name"
    if entry.flag_bits & _ENCRYPTED:
        return "encrypted"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "a symbolic link"
    if entry.file_size > MAX_ENTRY_BYTES:
        return f"{entry.file_size} bytes unpacked are more than {MAX_ENTRY_BYTES // 2**20} MiB"
    return None


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
    match _kind_of(name.rpartition("/")[2]):  # the folders around it were looked at on the way
        case _Kind.IMAGE:
            found.names.append(name)
            stamps.extend(stamp(status))
        case _Kind.LABELS:
            found.label_files.append(name)
        case _Kind.IGNORED:
            found.ignored.add(printable(name))


def _kind(mode: int) -> str:
    kinds = {stat.S_IFIFO: "FIFO", stat.S_IFSOCK: "socket", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}
    return kinds.get(stat.S_IFMT(mode), "special")


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
