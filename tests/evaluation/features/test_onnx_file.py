"""The bytes of an ONNX file, by the encoding of Protocol Buffers and the numbers of onnx.proto."""

import numpy as np
import pytest

from ganache.evaluation.features.onnx_file import Node, model, varint


@pytest.mark.parametrize(
    ("value", "written"), [(0, "00"), (1, "01"), (127, "7f"), (128, "8001"), (150, "9601"), (300, "ac02")]
)
def test_numbers_by_hand(value: int, written: str) -> None:
    assert varint(value).hex() == written  # 150 is the example of the encoding's own description


def test_a_model_of_one_node_by_hand() -> None:
    found = model(
        [Node("Relu", ("a", "b"), "c", (("k", 3), ("p", (1, 2))))],
        [("w", np.array([[1.0, -2.0]], np.float32))],
        ("x", ("n", 2)),
        ("y", (5,)),
    )
    attributes = "2a080a016b1803a00102" + "2a0a0a017040014002a00107"
    node = "0a01610a0162120163220452656c75" + attributes
    tensor = "0801080210014201774a080000803f000000c0"
    takes = "0a0178120f0a0d080112090a0312016e0a020802"
    gives = "0a0179120a0a08080112040a020805"
    parts = {"0a": node, "12": b"ganache".hex(), "2a": tensor, "5a": takes, "62": gives}
    graph = "".join(tag + varint(len(part) // 2).hex() + part for tag, part in parts.items())
    whole = "08081207" + b"ganache".hex() + "3a" + varint(len(graph) // 2).hex() + graph + "4202100d"
    assert found.hex() == whole
