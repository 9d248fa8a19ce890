"""The image files inside a zip."""

import hashlib
import re
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from ganache.data.containers.digests import DigestCache
from ganache.data.containers.listing import (
    IMAGE_SUFFIXES,
    FileKind,
    Ignored,
    Listing,
    Skipped,
    UnreadableError,
    kind_of,
    printable,
)
from ganache.support.errors import UserError
from ganache.support.unpacking import UNPACKING_ERRORS

MAX_ENTRY_BYTES = 512 * 2**20  # of an entry, unpacked: no image within the pixel limit needs more
_PICKLED = (".pkl", ".pickle", ".pt", ".pth", ".ckpt")
_PACKED = (".7z", ".rar", ".gz", ".bz2", ".xz", ".zst")
_TABLES = (".h5", ".hdf5", ".mat", ".parquet", ".arrow", ".tfrecord", ".tfrecords", ".mdb", ".csv", ".json")
_WRITTEN_ON_WINDOWS = (0, 10, 14)  # "version made by": FAT, NTFS, VFAT, where no file's name holds a backslash
_ENCRYPTED = 0x1
_UTF8 = 0x800  # flags: the name is UTF-8
_ZIP_ERRORS = (*UNPACKING_ERRORS, zipfile.BadZipFile, RuntimeError, ValueError, MemoryError)


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
            kind = kind_of(name)
            if kind is FileKind.IGNORED:
                found.ignored.add(printable(name))
            elif reason := _entry_problem(name, entry, self._entries[name]):
                found.skipped.append(Skipped(printable(name), reason))
            else:
                (found.names if kind is FileKind.IMAGE else found.label_files).append(name)
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
            name = _as_written(entry)
            yield name.replace("\\", "/") if from_windows else name, entry


def _as_written(entry: zipfile.ZipInfo) -> str:
    """Return an entry's name: UTF-8, as most tools write it, even where they do not say so."""
    if entry.flag_bits & _UTF8:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:  # of DOS, as the format has it
        return entry.filename


def _why_no_zip(path: Path, error: Exception) -> str:
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        return "is one picture; name the folder that holds it and others"
    if suffix in _PACKED:
        return "is an archive, but no zip; unpack it first"
    if suffix in _TABLES:
        return "is of a kind that is not read; save its arrays as .npz, or its pictures into a folder"
    return f"is not a readable zip file: {error}"


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
