"""Messages with arrays as bytes: four bytes that count the JSON's, the JSON, and behind it the arrays' own bytes.

The JSON says of each array its name, type, shape and place. All numbers are little-endian, and each array begins at a
multiple of eight, so that a page reads it where it lies.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

ALIGNED = 8
TYPES = {"float32": "<f4", "uint8": "|u1"}  # those that a page knows


def packed(head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return a message; floats become float32, and what is no finite number stays what it is."""
    parts, places, position = [], [], 0
    for name, array in arrays.items():
        kind = "uint8" if array.dtype == np.uint8 else "float32"
        data = np.ascontiguousarray(array, dtype=TYPES[kind]).tobytes()
        places.append({"name": name, "type": kind, "shape": list(array.shape), "at": position})
        parts.append(data + bytes(-len(data) % ALIGNED))
        position += len(parts[-1])
    text = json.dumps({**head, "arrays": places}, allow_nan=False).encode()
    text += b" " * (-(len(text) + 4) % ALIGNED)
    return len(text).to_bytes(4, "little") + text + b"".join(parts)


def head_of(message: bytes) -> dict[str, Any]:
    """Return the JSON of a message."""
    head: dict[str, Any] = json.loads(message[4 : 4 + int.from_bytes(message[:4], "little")])
    return head


def arrays_of(message: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of a message by name."""
    begin = 4 + int.from_bytes(message[:4], "little")
    found = {}
    for place in head_of(message)["arrays"]:
        count = int(np.prod(place["shape"]))
        flat = np.frombuffer(message, TYPES[place["type"]], count, begin + place["at"])
        found[place["name"]] = flat.reshape(place["shape"])
    return found
