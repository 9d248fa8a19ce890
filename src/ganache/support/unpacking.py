"""What the standard library raises on compressed data that are damaged."""

import zlib

try:
    from lzma import LZMAError
except ImportError:  # a Python that was built without it, whose archives say so with a RuntimeError
    LZMAError = zlib.error  # type: ignore[assignment, misc]

UNPACKING_ERRORS = (zlib.error, LZMAError, OSError, EOFError)
"""bzip2 has no error of its own."""
