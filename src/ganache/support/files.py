"""Files that are either whole or absent, whatever happens while they are written; and locks.

Windows flushes only what is open for writing, opens no folders, and renames nothing onto a folder or an open file.
"""

import contextlib
import errno
import glob
import hashlib
import os
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Literal, TypeAlias

from ganache.support.errors import RunError, reason

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PARTIAL = ".partial"  # part of the name of every file that is not whole yet
MOST_NAME_BYTES = 120  # of 255, so that numbers, suffixes and marks of temporary files can be added
RECIPE, RECORD = "recipe.json", "run.json"  # what makes a folder a run

Lock: TypeAlias = Literal["taken", "held", "unavailable"]

# What systems answer that cannot flush a folder; anything else (EIO, ENOSPC) is a disk that lost something.
_NO_FOLDERS = {
    *(errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOTTY),
    *(errno.EBADF, errno.EACCES, errno.EPERM, errno.EISDIR),
}
_HELD = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}


def is_run(folder: Path) -> bool:
    """Return whether a folder holds a run."""
    return all((folder / name).is_file() for name in (RECIPE, RECORD))


def at_home(path: str | os.PathLike[str]) -> Path:
    """Return a path with the user's folder in place of ``~``, which a shell leaves in ``--out=~/x``."""
    return Path(os.path.expanduser(path))


def safe_name(text: str) -> str:
    """Return a text as a file's name on any system: letters, digits and ``-_.+``, anything else as ``_``.

    It begins with neither dash nor dot, ends with no dot and has at most 120 bytes; it is empty where nothing is left.
    """
    composed = unicodedata.normalize("NFC", text)
    kept = "".join(mark if unicodedata.category(mark)[0] in "LMN" or mark in "-_.+" else "_" for mark in composed)
    return kept.encode()[:MOST_NAME_BYTES].decode(errors="ignore").lstrip("-.").rstrip(".")


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the operating system refuses while a path is written (a full disk) into a RunError of one line."""
    try:
        yield
    except OSError as error:
        raise RunError(f"could not write {path}: {reason(error)}") from error


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path of the same name in a temporary folder beside `path`; on success flush it and rename it to `path`.

    On an exception the folder is removed and `path` is as it was; a process that is killed leaves the folder, for
    `remove_unfinished`. Raises RunError when the disk refuses.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # A folder, not a file: libraries have temporary files of their own, which they make beside the path they get.
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=PARTIAL, dir=path.parent))
        try:
            temporary = folder / path.name
            yield temporary
            sync(temporary)
            os.chmod(temporary, 0o666 & ~umask())
            os.replace(temporary, path)
            sync(path.parent)
        finally:
            with contextlib.suppress(OSError):  # a disk that fails here has failed above
                shutil.rmtree(folder)


def remove_unfinished(folder: Path, name: str = "") -> None:
    """Delete what killed processes had begun to write into a folder and not yet renamed, of one name alone if given."""
    of_one = f"{glob.escape(name)}.{'?' * 8}"  # as `tempfile` makes a name its own
    for path in folder.glob(f".{of_one if name else '*'}{PARTIAL}*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()  # files are of versions that made no folder


def digest_of(path: Path, algorithm: str = "sha256") -> str:
    """Return the digest of a file's content, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def sync(path: Path) -> None:
    """Wait until the file's content (or the folder's entries) is on the disk.

    Where the system cannot flush a folder this is left out: the file in it is whole all the same.
    """
    if not path.is_dir():
        _flush(path, os.O_RDWR)
        return
    try:
        _flush(path, os.O_RDONLY)
    except OSError as error:
        if error.errno not in _NO_FOLDERS:
            raise


def _flush(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lock(descriptor: int, locks: ModuleType | None = fcntl) -> Lock:
    """Take the lock of a file that is open for writing, if it can be had; it ends when the file is closed.

    Some mounts have no locks, and Windows not these.
    """
    if locks is not None:
        try:
            locks.flock(descriptor, locks.LOCK_EX | locks.LOCK_NB)
            return "taken"
        except OSError as error:
            if error.errno in _HELD:
                return "held"
    return "unavailable"


def write_text(path: Path, text: str) -> None:
    """Write text, atomically and with the same bytes on every system. Raises RunError when the disk refuses."""
    with replacing(path) as temporary:
        # Bytes of a file's name that are no UTF-8 are surrogates in Python, and \\udcff is their way into JSON.
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


def umask() -> int:
    """Return the permissions that new files of this process do not get."""
    # The process's umask can only be read by setting it.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
