"""The process that decodes one picture that somebody sent: bounded in memory, ended when its time is up."""

import contextlib
import io
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ganache.data.containers.listing import UnreadableError
from ganache.data.decoding.decode import MOVES, Header, quiet, read_extremes, read_header, read_pixels
from ganache.data.decoding.deep import decide_ranges
from ganache.data.decoding.films import read_timing
from ganache.data.ranges import FULL, Ranges
from ganache.data.shape import ImageShape
from ganache.support.children import answering
from ganache.support.errors import UserError
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
            return _refused(413, f"it has {size}, more than {told['pixels'] / MEGAPIXEL:g} megapixels")
        if told["still"] and MOVES in header.notes and read_timing(io.BytesIO(content)).durations:
            return _refused(422, "it is an animation, and one picture is translated at a time; use `ganache translate`")
        shape = ImageShape(*told["shape"])
        if told["whole"]:
            shape = replace(shape, height=header.height, width=header.width)
        ranges = Ranges(*told["ranges"]) if told["ranges"] else _shown(header, content)
        pixels = read_pixels(io.BytesIO(content), shape, ranges)
    except UserError as error:
        return _refused(422, str(error))
    except UnreadableError as error:
        status = 413 if "decompression bomb" in str(error) else 422
        return _refused(status, str(error))
    return Message({}, {"picture": np.asarray(pixels)})


def _shown(header: Header, content: bytes) -> Ranges:
    """Return the ranges that a file of more than 8 bits shows, as a set of this one file has."""
    return decide_ranges(read_extremes(io.BytesIO(content)), None)[0] if header.is_deep else FULL


def _refused(status: int, why: str) -> Message:
    return Message({"status": status, "error": why}, {})


def _bound_memory(most: int) -> None:
    """Let the process take so many bytes more than it has."""
    if not STATM.exists():
        return
    import resource  # which Windows has not

    has = int(STATM.read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (has + most, has + most))
