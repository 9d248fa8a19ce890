"""The pulse of many processes, on a clock that the tests move and a store that is a dictionary."""

from typing import cast

import pytest
from torch.distributed.distributed_c10d import Store

from ganache.engine.pulse import PATIENCE, SLOW_START, Pulse


class Board:
    """A store as torch's, in this process."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.is_gone = False

    def set(self, key: str, value: str) -> None:
        if self.is_gone:
            raise RuntimeError("Connection reset by peer")
        self.values[key] = value.encode()

    def get(self, key: str) -> bytes:
        return self.values[key]

    def check(self, keys: list[str]) -> bool:
        return all(key in self.values for key in keys)

    def add(self, key: str, amount: int) -> int:
        self.values[key] = str(int(self.values.get(key, b"0")) + amount).encode()
        return int(self.values[key])


class Scene:
    """Three processes on one board and one clock; `left` has the status with which the first one ended."""

    def __init__(self) -> None:
        self.board, self.time, self.left = Board(), 0.0, list[int]()
        self.pulses = [
            Pulse(cast(Store, self.board), rank, 3, now=lambda: self.time, leave=self.left.append) for rank in range(3)
        ]

    def pass_time(self, seconds: float, *alive: int) -> None:
        self.time += seconds
        for rank in alive:
            self.pulses[rank].beat()
        self.pulses[0].watch()


def test_nobody_leaves_while_all_give_signs_of_life() -> None:
    scene = Scene()
    for _ in range(10):
        scene.pass_time(0.9 * PATIENCE, 1, 2)
    assert scene.left == []


def test_a_process_that_falls_silent_ends_the_others_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    scene = Scene()
    scene.pass_time(1.0, 1, 2)
    scene.pass_time(0.9 * PATIENCE, 1)
    assert scene.left == []
    scene.pass_time(0.2 * PATIENCE, 1)
    assert scene.left == [1]
    scene.pulses[1].watch()
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"ganache: nothing was heard of process 2 for {PATIENCE:.0f} seconds; the run can be resumed"]


def test_the_first_sign_may_take_longer() -> None:
    scene = Scene()
    scene.pass_time(0.9 * SLOW_START * PATIENCE, 1)
    assert scene.left == []
    scene.pass_time(0.2 * SLOW_START * PATIENCE, 1)
    assert scene.left == [1]


def test_a_process_leaves_where_the_store_is_gone() -> None:
    scene = Scene()
    scene.board.is_gone = True
    scene.pulses[0].watch()
    assert scene.left == [1]


def test_one_process_alone_may_say_why_all_end() -> None:
    scene = Scene()
    assert [pulse.may_speak() for pulse in scene.pulses] == [True, False, False]
