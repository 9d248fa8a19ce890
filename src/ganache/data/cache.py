"""Where the user's cache is, and how a disk that refuses it is reported."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from ganache.support.errors import RunError


def cache_folder(cache: str | Path | None = None) -> Path:
    """Return the user's cache: the argument, else $GANACHE_CACHE, else the system's place for it."""
    if cache is not None:
        return Path(cache)
    if chosen := os.environ.get("GANACHE_CACHE"):
        return Path(chosen).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "ganache"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "ganache"


@contextlib.contextmanager
def named_cache(folder: Path) -> Iterator[None]:
    """Have a RunError of a disk that refuses say that it was the cache, and how to choose another place for it."""
    try:
        yield
    except RunError as error:
        if not isinstance(error.__cause__, OSError):
            raise
        raise RunError(f"{error}; {str(folder)!r} is the cache: GANACHE_CACHE names another folder for it") from error
