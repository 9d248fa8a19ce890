"""The packed store: a folder with `images.npy`, `labels.npy` and `manifest.json`, whole or absent."""

import contextlib
import glob
import hashlib
import json
import math
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ganache.data.containers.listing import Skipped
from ganache.data.npy import DAMAGE
from ganache.data.rows.table import Schema
from ganache.data.shape import ImageShape
from ganache.data.store.manifests import check_fields
from ganache.support.errors import RunError, UserError, reason
from ganache.support.files import PARTIAL, lock, sync
from ganache.support.json_files import write_json

FORMAT = "ganache-store"
VERSION = 1
IMAGES, LABELS, MANIFEST = "images.npy", "labels.npy", "manifest.json"
TABLE = "table"  # the field of a manifest that says what the values of rows mean
HEADER_BYTES = 128
_ABANDONED_SECONDS = 3600


class ArrayFile:
    """A .npy file that grows row by row: its header, of fixed length, gets the row count at the end.

    Of a file that is there already the first `rows` are kept.
    Layout: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, version 1.0.
    """

    def __init__(self, path: Path, dtype: str, row_shape: tuple[int, ...], rows: int = 0) -> None:
        self._path = path
        self._dtype = dtype
        self._row_shape = row_shape
        self._file = path.open("r+b" if rows else "wb")
        self._rows = rows
        length = HEADER_BYTES + rows * math.prod(row_shape) * np.dtype(dtype).itemsize
        self._file.truncate(length)
        self._file.seek(length)

    def append(self, rows: npt.NDArray[Any]) -> None:
        """Write more rows."""
        content = np.ascontiguousarray(rows, self._dtype)
        assert content.shape[1:] == self._row_shape
        self._file.write(content.data)
        self._file.flush()
        self._rows += len(content)

    def finish(self) -> None:
        """Complete the header and flush to the disk."""
        text = f"{{'descr': '{self._dtype}', 'fortran_order': False, 'shape': {(self._rows, *self._row_shape)}, }}"
        start = b"\x93NUMPY\x01\x00" + (HEADER_BYTES - 10).to_bytes(2, "little")
        self._file.seek(0)
        self._file.write(start + text.encode().ljust(HEADER_BYTES - 11) + b"\n")
        self.close()
        sync(self._path)

    def close(self) -> None:
        """Release the file, finished or not."""
        self._file.close()


@contextlib.contextmanager
def building(target: Path, resumable: bool = False) -> Iterator[Path]:
    """Give a temporary folder beside the target, which becomes the target on success and vanishes on an error.

    When another process finished the same target meanwhile, that one stays. With `resumable` an interrupt, or a decoder
    that died, leaves the folder, and the next packing of this target is given it again; of two at a time one has a
    folder of its own. Raises RunError when the disk refuses.
    """
    is_kept = False
    with contextlib.ExitStack() as stack:
        temporary = target.parent / f".{target.name}.{uuid.uuid4().hex[:12]}{PARTIAL}"
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _sweep(target)
            shared = target.parent / f".{target.name}{PARTIAL}"
            if resumable and stack.enter_context(_claimed(shared)):
                temporary, is_kept = shared, True
            else:
                temporary.mkdir()
            yield temporary
            sync(temporary)
            _move(temporary, target)
            is_kept = False
            sync(target.parent)
        except OSError as error:
            is_kept = False
            raise RunError(f"data: the store {str(target)!r} cannot be written: {reason(error)}") from error
        except UserError:
            is_kept = False
            raise
        finally:
            if not is_kept:
                shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def _claimed(folder: Path) -> Iterator[bool]:
    """Make a folder, if it is not there, and lock it; False when another process has it, or there are no locks.

    There, as on Windows, a packing that was stopped begins anew.
    """
    with contextlib.ExitStack() as stack:
        taken, is_there = "unavailable", False
        with contextlib.suppress(OSError):  # Windows opens no folders
            folder.mkdir(exist_ok=True)
            descriptor = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, descriptor)
            taken = lock(descriptor)
            # Its owner may have moved it to its target before the lock was free.
            is_there = os.path.samestat(os.fstat(descriptor), os.stat(folder))
        if taken == "unavailable":
            with contextlib.suppress(OSError):
                folder.rmdir()
        yield taken == "taken" and is_there


class Store:
    """An opened packed store: memory-mapped images (N, C, H, W), labels (N,) int32, its manifest.

    Images are uint8, rows of a table float32. Raises UserError when it is damaged or of another version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest = read_manifest(path)
        shape = (self.manifest["count"], *self.manifest["shape"])
        self.shape = shape_of(self.manifest)
        self.images = _mapped(path, IMAGES, self.shape.dtype, shape)
        self.labels = _mapped(path, LABELS, np.dtype("<i4"), shape[:1])
        self._check_ranges()

    def skipped(self) -> list[Skipped]:
        """Return the files that were lost in packing, each with its reason."""
        return [Skipped(entry["file"], entry["reason"]) for entry in self.manifest["skipped"]]

    def _check_ranges(self) -> None:
        manifest = self.manifest
        position = 0
        for name, (start, stop) in manifest["splits"].items():
            if start != position or stop <= start:
                raise _damaged(self.path, f"split {name!r} is {start} … {stop}")
            position = stop
        if position != len(self.images):
            raise _damaged(self.path, f"its splits cover {position} of {len(self.images)} rows")
        if self.labels.min() < -1 or self.labels.max() >= len(manifest["label_names"]):
            raise _damaged(self.path, f"{LABELS} holds a label without a name")


def shape_of(manifest: dict[str, Any]) -> ImageShape:
    """Return the shape that a manifest tells; raises UserError for what is none."""
    channels, height, width = manifest["shape"]
    table = Schema.of_json(manifest[TABLE], "data") if TABLE in manifest else None
    return ImageShape(channels, height, width, table=table)


def is_store(path: Path) -> bool:
    """Return whether a folder is meant to be a packed store, sound or not."""
    return (path / MANIFEST).is_file() and (path / IMAGES).exists()


def fingerprint(manifest: dict[str, Any]) -> str:
    """Return SHA-256 over shape, what its values mean, labels, label names, splits and pixels: the content alone."""
    content = {key: manifest[key] for key in ("shape", "label_names", "splits", "sha256")}
    content |= {key: manifest[key] for key in (TABLE,) if key in manifest}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest: the last file, without which a folder is no store."""
    write_json(folder / MANIFEST, {"format": FORMAT, "version": VERSION, **manifest})


def read_manifest(path: Path) -> dict[str, Any]:
    """Return a store's manifest; raises UserError when it is damaged or of another version."""
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, f"{MANIFEST} cannot be read ({error})") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise _damaged(path, f"{MANIFEST} is not a {FORMAT} manifest")
    if manifest.get("version") != VERSION:
        raise UserError(
            f"data: {str(path)!r} is a packed store of version {manifest.get('version')}, not {VERSION}; pack it again"
        )
    try:
        check_fields(manifest)
        shape_of(manifest)
    except (ValueError, UserError) as error:
        raise _damaged(path, f"{MANIFEST} lacks or garbles a field ({error})") from error
    return manifest


def _mapped(path: Path, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    try:
        array = np.load(path / name, mmap_mode="r", allow_pickle=False)
        size = (path / name).stat().st_size
    except DAMAGE as error:
        raise _damaged(path, f"{name} cannot be read ({error})") from error
    if array.shape != shape or array.dtype != dtype or size != HEADER_BYTES + array.nbytes:
        raise _damaged(path, f"{name} holds {array.dtype} {array.shape} in {size} bytes, not {dtype} {shape}")
    # A plain view: indexing a memmap itself would hand out more memmaps.
    return np.asarray(array)


def _damaged(path: Path, what: str) -> UserError:
    return UserError(f"data: {str(path)!r} is a damaged packed store: {' '.join(what.split())}; pack it again")


def _sweep(target: Path) -> None:
    """Remove what a packing of this target that was killed has left; one that still grows is let alone."""
    for left in target.parent.glob(f".{glob.escape(target.name)}.*{PARTIAL}"):
        with contextlib.suppress(OSError):  # its owner may be removing it at this moment
            newest = max(path.stat().st_mtime for path in (left, *left.iterdir()))
            if time.time() - newest > _ABANDONED_SECONDS:
                shutil.rmtree(left, ignore_errors=True)


def _move(temporary: Path, target: Path) -> None:
    with contextlib.suppress(OSError):
        target.rmdir()  # only ever succeeds on an empty folder, over which not every system renames
    try:
        os.rename(temporary, target)
    except OSError:
        if not is_store(target):
            raise
