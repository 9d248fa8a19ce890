"""Messages between the server and the process that draws: JSON and arrays, with their lengths before them.

Nothing is pickled. Both ends are ours, but a process that was killed leaves half a message.
"""

import json
import math
import struct
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

HEAD = struct.Struct(">IQ")  # bytes of the JSON, bytes of the arrays


class Message(NamedTuple):
    """What is told, and arrays by name."""

    told: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


def packed(message: Message) -> bytes:
    """Return a message as bytes."""
    arrays = [(name, array.dtype.str, array.shape) for name, array in message.arrays.items()]
    text = json.dumps([message.told, arrays]).encode()
    contents = [array.tobytes() for array in message.arrays.values()]
    return b"".join([HEAD.pack(len(text), sum(map(len, contents))), text, *contents])


def unpacked(text: bytes, content: bytes) -> Message:
    """Return a message from its two parts; the arrays share the memory of `content`."""
    told, arrays = json.loads(text)
    found, position = {}, 0
    for name, kind, shape in arrays:
        dtype, count = np.dtype(kind), math.prod(shape)
        found[name] = np.frombuffer(content, dtype, count, position).reshape(shape)
        position += count * dtype.itemsize
    return Message(told, found)


def read(file: BinaryIO) -> Message | None:
    """Return the next message of a pipe, None at its end."""
    head = file.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    text_size, size = HEAD.unpack(head)
    text, content = file.read(text_size), file.read(size)
    return unpacked(text, content) if len(text) + len(content) == text_size + size else None
