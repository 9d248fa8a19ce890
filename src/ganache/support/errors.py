"""The two ways in which a command can fail on purpose.

A broken invariant is neither: it is an ``assert`` and shows its traceback.
"""

import difflib
import re
from collections.abc import Iterable

_JOINERS = "\u200c\u200d"  # of letters and of emoji


class UserError(ValueError):
    """A mistake that the user can mend: one line naming the field, the value and what is allowed.

    The command line prints it without a traceback and exits with status 2.
    """


class RunError(RuntimeError):
    """The world failed a correct request (a full disk, a run that diverges): one line, exit status 1."""


class NoMemoryError(RunError):
    """The memory does not suffice."""


def reason(error: BaseException) -> str:
    """Return in a few words why something failed: what the operating system says, or the first line of the error."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def did_you_mean(received: str, allowed: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the closest allowed name, or nothing when none is close."""
    names = list(allowed)
    folded = {fold(name): name for name in names}
    close = difflib.get_close_matches(fold(received), folded, n=1, cutoff=0.6)
    return f" (did you mean {folded[close[0]]!r}?)" if close else ""


def shown(text: str) -> str:
    """Return a text for one line of a terminal: ``\\x1b`` for what moves a cursor, turns the writing or ends a line.

    Bytes of a file's name that are no Unicode are escaped too.
    """
    return "".join(
        mark if mark.isprintable() or mark in _JOINERS else mark.encode("unicode_escape").decode() for mark in text
    )


def without_passwords(text: str) -> str:
    """Return a text in which an address says neither its user nor a password: ``postgresql://…@host/name``."""
    return re.sub(r"://[^@/\s]*@", "://…@", text)


def fold(name: str) -> str:
    """Return a name without case, hyphens and underscores: ``WGAN-GP`` and ``wgan_gp`` are one name."""
    return name.lower().replace("-", "").replace("_", "")
