"""Files that are either whole or absent, whatever happens while they are written."""

import contextlib
import json
import os
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PARTIAL = ".partial"  # part of the name of every file that is not whole yet
MOST_NAME_BYTES = 120  # of 255, so that numbers, suffixes and marks of temporary files can be added
RECIPE, RECORD = "recipe.json", "run.json"  # what makes a folder a run


def is_run(folder: Path) -> bool:
    """Return whether a folder holds a run."""
    return all((folder / name).is_file() for name in (RECIPE, RECORD))


def safe_name(text: str) -> str:
    """Return a text as a file's name on any system: letters, digits and ``-_.+``, anything else as ``_``.

    It begins with neither dash nor dot, ends with no dot and has at most 120 bytes; it is empty where nothing is left.
    """
    composed = unicodedata.normalize("NFC", text)
    kept = "".join(mark if unicodedata.category(mark)[0] in "LMN" or mark in "-_.+" else "_" for mark in composed)
    return kept.encode()[:MOST_NAME_BYTES].decode(errors="ignore").lstrip("-.").rstrip(".")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path in the same folder; on success flush it to the disk and rename it to `path`.

    On an exception the temporary file is removed and `path` is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=f"{PARTIAL}{path.suffix}", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, 0o666 & ~umask())
        sync(temporary)
        os.replace(temporary, path)
        sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until the file's content (or the folder's entries) is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, atomically."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    with replacing(path) as temporary:
        # Bytes of a file's name that are no UTF-8 are surrogates in Python, and \\udcff is their way into JSON.
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def umask() -> int:
    """Return the permissions that new files of this process do not get."""
    # The process's umask can only be read by setting it.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
