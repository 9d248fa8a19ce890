"""What lies in the user's cache, with sizes, and its removal: of what Ganache wrote there, and of nothing else."""

import contextlib
import os
import re
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ganache.data.cache import cache_folder
from ganache.data.sources.named_sets import NAMED_SETS
from ganache.data.store.store import read_manifest
from ganache.support.errors import RunError, UserError
from ganache.support.units import counted


class Kind(NamedTuple):
    """A folder of the cache: what it is for, and the names that Ganache gives to what it puts there."""

    about: str
    names: re.Pattern[str]
    is_lasting: bool = False  # cannot be made anew, so that it is listed and never cleared


_KEY = "[0-9a-f]{32}"
_PARTIAL = r"|\..*\.partial(\..*)?"
_PINNED = "|".join(re.escape(file.name) for named in NAMED_SETS.values() for file in named.files)
KINDS = {
    "stores": Kind("pictures, decoded once", re.compile(f"{_KEY}{_PARTIAL}")),
    "downloads": Kind("published sets and weights", re.compile(f"({_PINNED}|.*\\.pth|.*\\.part)")),
    "classifiers": Kind("judges, trained once for each data set", re.compile(rf"\w+-v\d+\.safetensors{_PARTIAL}")),
    "references": Kind("features of real images", re.compile(rf"{_KEY}\.safetensors{_PARTIAL}")),
    "features": Kind("weights of inception, converted", re.compile(rf"[\w.-]+\.safetensors{_PARTIAL}")),
    "digests": Kind("digests of files, so that they are read once", re.compile(rf"{_KEY}\.bin{_PARTIAL}")),
    "arrays": Kind(
        "arrays given from Python, which their runs resume from; never cleared", re.compile(r"array-.*"), True
    ),
}


@dataclass(frozen=True)
class Entry:
    """Something in the cache: its path, its kind, its bytes on the disk, and in words what it is."""

    path: Path
    kind: str
    size: int
    about: str


def entries(cache: Path | None = None) -> list[Entry]:
    """Return everything that Ganache wrote into the cache, kind by kind; links are neither followed nor listed.

    Raises UserError when the folder is not one of its caches, or cannot be read.
    """
    folder = cache_folder(cache)
    try:
        _refuse_others(folder)
        return [entry for name in KINDS for entry in _entries_of(folder / name, name)]
    except OSError as error:
        raise UserError(f"GANACHE_CACHE: {str(folder)!r} cannot be read: {error.strerror}") from error


def clear(cache: Path | None = None) -> list[Entry]:
    """Remove what can be made or downloaded anew, and return it.

    Raises UserError as `entries` does, before anything is removed, and RunError when the system refuses.
    """
    removed = [entry for entry in entries(cache) if not KINDS[entry.kind].is_lasting]
    for entry in removed:
        try:
            shutil.rmtree(entry.path) if entry.path.is_dir() else entry.path.unlink(missing_ok=True)
        except OSError as error:
            raise RunError(f"could not remove {entry.path}: {error.strerror or error}") from error
    for name in KINDS:
        for path in [*_folders_in(cache_folder(cache) / name), cache_folder(cache) / name]:
            with contextlib.suppress(OSError):  # only ever succeeds on an empty folder
                path.rmdir()
    return removed


def _refuse_others(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UserError(f"GANACHE_CACHE: {str(folder)!r} is not a folder")
    found = {path.name for path in folder.iterdir()}
    if found and not found & KINDS.keys():
        raise UserError(
            f"GANACHE_CACHE: {str(folder)!r} is no cache of Ganache: it has none of {', '.join(KINDS)}, but"
            f" {sorted(found)[0]!r}"
        )


def _entries_of(folder: Path, kind: str) -> Iterator[Entry]:
    if not _is_real_folder(folder):
        return
    places = [folder, *_folders_in(folder)] if kind == "downloads" else [folder]
    for path in sorted(path for place in places for path in place.iterdir()):
        if KINDS[kind].names.fullmatch(path.name) and not path.is_symlink():
            yield Entry(path, kind, _size(path), _about(path, kind))


def _folders_in(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if _is_real_folder(path)] if _is_real_folder(folder) else []


def _is_real_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _size(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder; what a link points to is not counted."""
    if not _is_real_folder(path):
        return path.lstat().st_size
    found = 0
    for place, _, names in os.walk(path):
        for name in names:
            status = os.lstat(os.path.join(place, name))
            found += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return found


def _about(path: Path, kind: str) -> str:
    if kind != "stores":
        return path.name
    try:
        manifest = read_manifest(path)
    except UserError:
        return "unfinished or damaged"
    channels, height, width = manifest["shape"]
    return f"{manifest['source']}: {counted(manifest['count'], 'image')} of {height}×{width}×{channels}"
