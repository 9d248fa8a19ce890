"""Messages as bytes: what was put in comes out, and half a message is none."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganache.web.serve.messages import HEAD, Message, packed, read, unpacked


def test_what_is_packed_comes_out_again() -> None:
    arrays: dict[str, NDArray[Any]] = {
        "images": np.arange(24, dtype=np.uint8).reshape(2, 3, 4)[:, ::2],
        "é": np.array([1.5, np.nan], np.float32),
        "none": np.zeros((0, 7), np.int64),
        "one": np.array(3.0),
    }
    content = packed(Message({"id": 3, "text": "é\n"}, arrays))
    text, size = HEAD.unpack_from(content)
    found = unpacked(content[HEAD.size : HEAD.size + text], content[HEAD.size + text :])
    assert len(content) == HEAD.size + text + size
    assert found.told == {"id": 3, "text": "é\n"}
    for name, array in arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array)
        assert (found.arrays[name].dtype, found.arrays[name].shape) == (array.dtype, array.shape)


def test_half_a_message_is_the_end() -> None:
    content = packed(Message({}, {"x": np.ones(9)}))
    file = io.BytesIO(content + content[:-1])
    first = read(file)
    assert first is not None
    assert first.arrays["x"].sum() == 9
    assert read(file) is None
    assert read(io.BytesIO(content[:5])) is None
    assert read(io.BytesIO()) is None
