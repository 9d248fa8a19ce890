"""The little of ONNX's file format that a network of convolutions needs, written without the package `onnx`.

A file is a message of Protocol Buffers: fields of a number and a value, of which an integer is written in groups of
seven bits and all else as its length and its bytes. Numbers and types are those of onnx.proto.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IR_VERSION, OPSET = 8, 13  # of 2021: onnxruntime 1.10 and all after it read them
_FLOAT, _OF_INT, _OF_INTS = 1, 2, 7  # a tensor's type; an attribute's types
_VARINT, _BYTES = 0, 2  # how a value is written

Attribute = int | Sequence[int]


@dataclass(frozen=True)
class Node:
    """One operation: its type, the names of what goes in and of the one thing that comes out, and attributes."""

    operation: str
    inputs: tuple[str, ...]
    output: str
    attributes: tuple[tuple[str, Attribute], ...] = ()


def model(
    nodes: Iterable[Node],
    constants: Iterable[tuple[str, NDArray[np.float32]]],
    takes: tuple[str, Sequence[int | str]],
    gives: tuple[str, Sequence[int | str]],
) -> bytes:
    """Return the bytes of a model with one input and one output, float32, each a name and a shape.

    A side of a shape that is no number but a name may have any length.
    """
    graph = b"".join(
        [
            *(_message(1, _node(node)) for node in nodes),
            _text(2, "ganache"),
            *(_message(5, _tensor(name, values)) for name, values in constants),
            _message(11, _value(*takes)),
            _message(12, _value(*gives)),
        ]
    )
    operators = _message(8, _integer(2, OPSET))
    return _integer(1, IR_VERSION) + _text(2, "ganache") + _message(7, graph) + operators


def varint(value: int) -> bytes:
    """Return a number in groups of seven bits, the lowest first; all but the last have the eighth bit."""
    assert value >= 0, value
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])


def _integer(field: int, value: int) -> bytes:
    return varint(field << 3 | _VARINT) + varint(value)


def _message(field: int, content: bytes) -> bytes:
    return varint(field << 3 | _BYTES) + varint(len(content)) + content


def _text(field: int, text: str) -> bytes:
    return _message(field, text.encode())


def _node(node: Node) -> bytes:
    ends = [_text(1, name) for name in node.inputs] + [_text(2, node.output)]
    attributes = [_message(5, _attribute(name, value)) for name, value in node.attributes]
    return b"".join([*ends, _text(4, node.operation), *attributes])


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + _integer(3, value) + _integer(20, _OF_INT)
    return _text(1, name) + b"".join(_integer(8, entry) for entry in value) + _integer(20, _OF_INTS)


def _tensor(name: str, values: NDArray[np.float32]) -> bytes:
    sides = b"".join(_integer(1, side) for side in values.shape)
    content = np.ascontiguousarray(values, dtype="<f4").tobytes()
    return sides + _integer(2, _FLOAT) + _text(8, name) + _message(9, content)


def _value(name: str, shape: Sequence[int | str]) -> bytes:
    sides = [_integer(1, side) if isinstance(side, int) else _text(2, side) for side in shape]
    of_shape = b"".join(_message(1, side) for side in sides)
    tensor = _integer(1, _FLOAT) + _message(2, of_shape)
    return _text(1, name) + _message(2, _message(1, tensor))
