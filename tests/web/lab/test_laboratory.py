"""What a page wishes becomes orders to processes; here those are pretended, and answer when they are told to."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from ganache.web.lab import laboratory as laboratories
from ganache.web.lab.laboratory import Laboratory
from ganache.web.lab.pace import Pace
from ganache.web.lab.packets import head_of, packed
from ganache.web.lab.sights import Layers

GAME = {"recipe": {"kind": "TwoPlayers"}, "data": "ring"}
LAYERS = Layers().model_dump()


class Pretended:
    """A process that only remembers what it was ordered."""

    def __init__(self, number: int, heard: Callable[[bytes], None]) -> None:
        self.number, self._heard = number, heard
        self.orders: list[dict[str, Any]] = []
        self.dismissed = False

    def order(self, do: str, **facts: Any) -> None:
        self.orders.append({"do": do, **facts})

    def dismiss(self) -> None:
        self.dismissed = True

    def answer(self, what: str, **facts: Any) -> None:
        self._heard(packed({"is": what, "game": self.number, **facts}, {}))

    def limits(self) -> list[int]:
        return [order["iteration"] for order in self.orders if order["do"] == "until"]


class Room:
    """A laboratory with pretended processes, and a page that remembers what it was shown."""

    def __init__(self, home: Path) -> None:
        self.hired: list[Pretended] = []
        self.shown: list[dict[str, Any]] = []
        self.lab = Laboratory(self.hire, ("ring", "digits"), home)
        self.lab.attend(lambda packet: self.shown.append(head_of(packet)))

    def hire(self, number: int, heard: Callable[[bytes], None]) -> Pretended:
        self.hired.append(Pretended(number, heard))
        return self.hired[-1]

    def wish(self, do: str, **facts: Any) -> None:
        self.lab.wish(json.dumps({"do": do, **facts}))

    def begin(self, games: int = 1, **facts: Any) -> list[Pretended]:
        self.wish("begin", games=[{**GAME, **facts}] * games, seed=5)
        present = self.hired[-games:]
        for one in present:
            one.answer("began", recipe={})
        return present


def in_a_loop(test: Callable[[Room], Coroutine[Any, Any, None]], tmp_path: Path) -> None:
    async def run() -> None:
        await test(Room(tmp_path))

    asyncio.run(run())


async def soon() -> None:
    """Let what is due happen."""
    for _ in range(3):
        await asyncio.sleep(0)


def test_one_game_is_begun_and_plays_on(tmp_path: Path) -> None:
    async def test(room: Room) -> None:
        (first,) = room.begin()
        assert first.orders[0] == {"do": "begin", "recipe": GAME["recipe"], "data": "ring", "seed": 5, "turn": 0}
        assert first.limits() == []
        room.wish("play")
        await soon()
        before = 0
        for _ in range(4):
            assert first.limits()[-1] > before
            before = first.limits()[-1]
            first.answer("reached", iteration=before)
            await soon()
        room.wish("pause")
        first.answer("reached", iteration=first.limits()[-1])
        await soon()
        assert first.limits()[-1] == room.lab.pace.limit
        assert [head["is"] for head in room.shown] == ["began"]

    in_a_loop(test, tmp_path)


def test_of_two_games_none_goes_ahead(tmp_path: Path) -> None:
    async def test(room: Room) -> None:
        first, second = room.begin(games=2)
        room.wish("play")
        await soon()
        limit = first.limits()[-1]
        assert second.limits() == first.limits() == [limit]
        first.answer("reached", iteration=limit)
        await soon()
        assert first.limits() == [limit]
        second.answer("reached", iteration=limit)
        await soon()
        assert first.limits() == second.limits()
        assert len(first.limits()) == 2

    in_a_loop(test, tmp_path)


def test_a_game_that_fails_does_not_stop_the_other(tmp_path: Path) -> None:
    async def test(room: Room) -> None:
        first, second = room.begin(games=2)
        room.wish("play")
        await soon()
        second.answer("reached", iteration=second.limits()[-1])
        first.answer("failed", line="loss is no longer a number")
        await soon()
        assert len(second.limits()) == 2
        assert len(first.limits()) == 1
        assert room.shown[-1]["line"] == "loss is no longer a number"

    in_a_loop(test, tmp_path)


def test_a_process_that_dies_is_replaced_when_the_game_is_begun_again(tmp_path: Path) -> None:
    async def test(room: Room) -> None:
        (first,) = room.begin()
        first.answer("ended", line="the game's process ended (by signal 9)")
        assert room.shown[-1]["line"] == "the game's process ended (by signal 9)"
        (second,) = room.begin()
        assert second is not first
        room.wish("step")
        assert second.limits() == [1]

    in_a_loop(test, tmp_path)


def test_one_that_does_not_answer_is_given_up_for_the_next_game(tmp_path: Path) -> None:
    async def test(room: Room) -> None:
        (first,) = room.begin()
        room.wish("step", iterations=10)
        room.lab.tables[0].asked_at = -laboratories.PATIENCE_SECONDS
        room.wish("begin", games=[GAME], seed=5)
        assert first.dismissed
        assert [order["do"] for order in room.hired[-1].orders] == ["begin"]

    in_a_loop(test, tmp_path)


def test_steps_are_played_while_it_stands_still(tmp_path: Path) -> None:
    async def test(room: Room) -> None:
        first, second = room.begin(games=2)
        for iteration in (1, 2):
            room.wish("step")
            for one in (first, second):
                assert one.limits()[-1] == iteration
                one.answer("reached", iteration=iteration)
            await soon()
        assert first.limits() == [1, 2]

    in_a_loop(test, tmp_path)


def test_what_is_wished_before_a_game_has_begun_is_done_when_it_has(tmp_path: Path) -> None:
    async def test(room: Room) -> None:
        room.wish("begin", games=[GAME], seed=5)
        room.wish("step", iterations=3)
        (one,) = room.hired
        assert one.limits() == []
        one.answer("began", recipe={})
        assert one.limits() == [3]

    in_a_loop(test, tmp_path)


def test_frames_are_asked_for_when_the_page_has_drawn_and_at_most_thirty_times_a_second(tmp_path: Path) -> None:
    async def test(room: Room) -> None:
        (one,) = room.begin()

        def looks() -> list[dict[str, Any]]:
            return [order for order in one.orders if order["do"] == "look"]

        for _ in range(5):
            room.wish("look", game=0, layers=LAYERS)
        await soon()
        assert looks() == [{"do": "look", "layers": LAYERS}]
        one.answer("frame", iteration=0)
        room.wish("look", game=0, layers=LAYERS)
        await soon()
        assert len(looks()) == 1  # a thirtieth of a second is not over
        await asyncio.sleep(laboratories.FRAME_SECONDS * 1.5)
        assert len(looks()) == 2

    in_a_loop(test, tmp_path)


def test_drawn_data_lie_in_a_file_of_the_game(tmp_path: Path) -> None:
    async def test(room: Room) -> None:
        (one,) = room.begin(data={"cells": [[0.5, -0.5, 2], [0, 0, 1]], "std": 0.03})
        path = Path(one.orders[0]["data"])
        assert path.name == "drawn.json"
        assert path.is_relative_to(tmp_path)
        assert json.loads(path.read_text()) == {"modes": [[0.5, -0.5], [0, 0]], "std": 0.03, "weights": [2, 1]}

    in_a_loop(test, tmp_path)


@pytest.mark.parametrize("data", ["/etc/passwd", "mnist", "../x.json", "drawn"])
def test_a_page_names_no_data_of_its_own(data: str, tmp_path: Path) -> None:
    async def test(room: Room) -> None:
        room.wish("begin", games=[{**GAME, "data": data}], seed=0)
        assert room.shown[-1]["is"] == "trouble"
        assert "is not one of ring, digits" in room.shown[-1]["line"]
        assert not any(one.orders for one in room.hired)

    in_a_loop(test, tmp_path)


def test_bad_wishes_are_answered_and_change_nothing(tmp_path: Path) -> None:
    async def test(room: Room) -> None:
        room.begin()
        room.lab.wish("nonsense")
        room.wish("keep", game=1)
        assert [head["line"] for head in room.shown[1:]] == ["lab: a message is no JSON", "lab: there is no game 2"]

    in_a_loop(test, tmp_path)


def test_a_page_that_leaves_has_everything_stand_still(tmp_path: Path) -> None:
    async def test(room: Room) -> None:
        (one,) = room.begin()
        room.wish("play")
        await soon()
        room.lab.leave()
        one.answer("reached", iteration=one.limits()[-1])
        await soon()
        assert len(one.limits()) == 1
        assert len(room.shown) == 1

    in_a_loop(test, tmp_path)


def test_the_second_process_goes_with_the_second_game(tmp_path: Path) -> None:
    async def test(room: Room) -> None:
        first, second = room.begin(games=2)
        room.wish("begin", games=[GAME], seed=1)
        assert (first.dismissed, second.dismissed) == (False, True)
        room.lab.close()
        assert first.dismissed

    in_a_loop(test, tmp_path)


def test_stretches_take_about_a_twentieth_of_a_second() -> None:
    pace = Pace()
    pace.play(None)
    for took, expected in ((0.01, 2), (0.01, 6), (0.04, 10), (0.2, 12), (0.2, 13), (0.2, 14)):
        assert pace.rest(took) == 0.0
        pace.go_on()
        assert pace.limit == expected


@pytest.mark.parametrize(("per_second", "stride", "wait"), [(2.0, 1, 0.4), (40.0, 2, 0.0), (100.0, 5, 0.0)])
def test_slow_motion_waits_for_the_rest_of_its_time(per_second: float, stride: int, wait: float) -> None:
    pace = Pace()
    pace.play(per_second)
    assert pace.rest(0.1) == pytest.approx(wait)
    pace.go_on()
    assert pace.limit == stride
