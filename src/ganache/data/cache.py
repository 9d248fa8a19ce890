"""Where the user's cache is, and how a disk that refuses it is reported."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from ganache.support.errors import RunError, UserError
from ganache.support.files import at_home


def cache_folder(cache: str | Path | None = None) -> Path:
    """Return the user's cache: the argument, else $GANACHE_CACHE, else the system's place for it.

    Raises UserError where the user has no home folder for it.
    """
    if cache is not None:
        return Path(cache)
    if chosen := os.environ.get("GANACHE_CACHE"):
        return at_home(chosen)
    base = os.environ.get("XDG_CACHE_HOME") if sys.platform != "darwin" else None
    if base:
        return Path(base) / "ganache"
    if (home := at_home("~")) == Path("~"):
        raise UserError("cache: this user has no home folder; GANACHE_CACHE names a folder for the cache")
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "ganache"


@contextlib.contextmanager
def named_cache(folder: Path) -> Iterator[None]:
    """Have a RunError of a disk that refuses say that it was the cache, and how to choose another place for it."""
    try:
        yield
    except RunError as error:
        if not isinstance(error.__cause__, OSError):
            raise
        raise RunError(f"{error}; {str(folder)!r} is the cache: GANACHE_CACHE names another folder for it") from error
