"""What goes between the page and the lab: wishes that are read, packets that are written."""

import json
from typing import Any

import numpy as np
import pytest

from ganache.support.errors import UserError
from ganache.web.lab.packets import ALIGNED, arrays_of, head_of, packed
from ganache.web.lab.wishes import MOST_BYTES, BeginWish, Drawn, LookWish, PlayWish, read_wish

GAME = {"recipe": {"kind": "TwoPlayers"}, "data": "ring"}
LAYERS = {"average": False, "field": True, "lattice": False, "arrows": False}


def wish(do: str, **facts: Any) -> Any:
    return read_wish(json.dumps({"do": do, **facts}))


def test_wishes_are_read() -> None:
    begun = wish("begin", games=[GAME, {**GAME, "data": {"cells": [[0.5, -0.5, 2]], "std": 0.03}}], seed=7)
    assert isinstance(begun, BeginWish)
    assert begun.games[1].data == Drawn(cells=((0.5, -0.5, 2.0),), std=0.03)
    assert wish("play") == PlayWish(do="play", per_second=None)
    assert wish("look", game=1, layers=LAYERS) == LookWish(do="look", game=1, layers=LAYERS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"begin"',
        "[" * 100_000,
        '{"do": "fly"}',
        '{"do": "play", "per_second": 0}',
        '{"do": "play", "per_second": NaN}',
        '{"do": "play", "per_second": 5, "path": "/etc"}',
        '{"do": "step", "iterations": 1.5}',
        '{"do": "step", "iterations": 1000000000000}',
        '{"do": "look", "game": 2, "layers": {}}',
        '{"do": "look", "game": true, "layers": {}}',
        '{"do": "look", "game": 0, "layers": {"field": 1}}',
        '{"do": "keep", "game": 0, "out": "/tmp/x"}',
        '{"do": "begin", "games": [], "seed": 0}',
        json.dumps({"do": "begin", "games": [GAME] * 3, "seed": 0}),
        json.dumps({"do": "begin", "games": [GAME], "seed": -1}),
        json.dumps({"do": "begin", "games": [GAME], "seed": 2**53}),
        json.dumps({"do": "begin", "games": [GAME], "seed": True}),
        json.dumps({"do": "begin", "games": [{**GAME, "data": {"cells": [], "std": 0.1}}], "seed": 0}),
        json.dumps({"do": "begin", "games": [{**GAME, "data": {"cells": [[0, 0, 1]] * 1025, "std": 0.1}}], "seed": 0}),
        json.dumps({"do": "begin", "games": [{**GAME, "data": {"cells": [[0, 3, 1]], "std": 0.1}}], "seed": 0}),
        " " * (MOST_BYTES + 1),
        "\ud800",
    ],
    ids=range(26),
)
def test_what_is_no_wish_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UserError, match=r"^lab: ") as refused:
        read_wish(text)
    assert "\n" not in str(refused.value)


def test_a_packet_holds_numbers_where_a_page_reads_them() -> None:
    arrays = {"a": np.arange(3, dtype=np.uint8), "b": np.array([[1.5, np.inf]]), "c": np.zeros((0, 2), np.float32)}
    packet = packed({"is": "frame", "line": "größer"}, arrays)
    head = head_of(packet)
    assert (head["is"], head["line"]) == ("frame", "größer")
    begin = 4 + int.from_bytes(packet[:4], "little")
    assert [(begin + place["at"]) % ALIGNED for place in head["arrays"]] == [0, 0, 0]
    # Written out: 1.5 and infinity as little-endian float32.
    at = begin + head["arrays"][1]["at"]
    assert packet[at : at + 8] == bytes.fromhex("0000c03f0000807f")
    found = arrays_of(packet)
    assert found["a"].tolist() == [0, 1, 2]
    assert found["b"].tolist() == [[1.5, np.inf]]
    assert found["c"].shape == (0, 2)


def test_a_head_is_json_that_a_page_reads() -> None:
    with pytest.raises(ValueError, match="JSON"):
        packed({"value": float("nan")}, {})
