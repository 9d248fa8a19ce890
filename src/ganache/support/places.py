"""Paths that a user names, looked at before anything is done with them."""

import errno
import os
import shutil
from pathlib import Path

from ganache.support.errors import UserError, shown
from ganache.support.units import brief, bytes_text


def check_place(path: str | Path, field: str) -> None:
    """Raise UserError for a name that no system takes, and for one that this user may not look at.

    That there is nothing at the path is for the caller to say.
    """
    text = str(path)
    if "\0" in text:
        raise UserError(f"{field}: {brief(text)!r} holds a zero byte, which no name may")
    try:
        os.stat(text)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise UserError(f"{field}: a name of {len(text):,} characters is too long: {brief(text)!r}") from None
        if error.errno in (errno.EACCES, errno.EPERM):
            raise UserError(f"{field}: {brief(text)!r} cannot be looked at: {error.strerror}") from None
    except UnicodeEncodeError:
        raise UserError(f"{field}: {shown(brief(text))!r} is no name on this system") from None


def check_room(path: Path, count: int, each: int, field: str) -> None:
    """Raise UserError, before anything is computed, where `count` things of so many bytes have no room on the disk."""
    place, free = room_at(path)
    if count * each > free:
        raise UserError(
            f"{field}: {count:,} of them need {bytes_text(count * each)} in {brief(str(place))!r},"
            f" where {bytes_text(free)} are free"
        )


def room_at(path: Path) -> tuple[Path, int]:
    """Return the folder that is there in which a path lies, or would, and how many bytes are free in it."""
    place = next(folder for folder in path.absolute().parents if folder.exists())
    return place, shutil.disk_usage(place).free


def check_output(path: Path, field: str) -> None:
    """Raise UserError, before anything is computed for it, for a file that could not be written for its name."""
    check_place(path, field)
    if path.is_dir():
        raise UserError(f"{field}: {brief(str(path))!r} is a folder, not the name of a file")
