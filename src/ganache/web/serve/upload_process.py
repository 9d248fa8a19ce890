"""The process that decodes one picture that somebody sent: bounded in memory, ended when its time is up."""

import contextlib
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ganache.data.containers.listing import UnreadableError
from ganache.data.decoding.decode import quiet, read_header, read_pixels
from ganache.data.shape import ImageShape
from ganache.support.children import answering
from ganache.web.serve.bounds import MEGAPIXEL
from ganache.web.serve.messages import Message, packed, read

STATM = Path("/proc/self/statm")  # Linux: pages of memory


def main() -> None:
    """Read a message with a file, and answer with its pixels or with why there are none."""
    answers = answering()
    asked = read(sys.stdin.buffer)
    if asked is not None:
        _bound_memory(asked.told["memory"])
        with quiet(), contextlib.suppress(BrokenPipeError):
            answers.write(packed(_answer(asked.told, asked.arrays["file"].tobytes())))
            answers.flush()


def _answer(told: dict[str, Any], content: bytes) -> Message:
    """Return the pixels (C, H, W) as ``picture``; a header that promises too many is all that is read."""
    try:
        header = read_header(io.BytesIO(content))
        if header.height * header.width > told["pixels"]:
            size = f"{header.width:,} × {header.height:,} pixels"
            return _refused(413, f"it has {size}, more than {told['pixels'] // MEGAPIXEL} megapixels")
        pixels = read_pixels(io.BytesIO(content), ImageShape(*told["shape"]))
    except UnreadableError as error:
        status = 413 if "decompression bomb" in str(error) else 422
        return _refused(status, str(error))
    return Message({}, {"picture": np.asarray(pixels)})


def _refused(status: int, why: str) -> Message:
    return Message({"status": status, "error": why}, {})


def _bound_memory(most: int) -> None:
    """Let the process take so many bytes more than it has."""
    if not STATM.exists():
        return
    import resource  # which Windows has not

    has = int(STATM.read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (has + most, has + most))
