"""The games that a page plays: what it wishes becomes orders to their processes, and what those answer is shown."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ganache.support.errors import UserError
from ganache.support.json_files import write_json
from ganache.web.lab.pace import Pace
from ganache.web.lab.packets import head_of, packed
from ganache.web.lab.sights import Layers
from ganache.web.lab.wishes import (
    AnyWish,
    BeginWish,
    Drawn,
    GameWish,
    KeepWish,
    LookWish,
    PauseWish,
    PlayWish,
    StepWish,
    read_wish,
)

FRAME_SECONDS = 1 / 30  # between two frames of a game, at least
PATIENCE_SECONDS = 3.0  # after which a process that does not answer is given up for one that is to begin
Show = Callable[[bytes], None]


class Helper(Protocol):
    """What plays a game elsewhere; its answers come to `Laboratory.heard`."""

    def order(self, do: str, **facts: Any) -> None:
        """Send an order."""

    def dismiss(self) -> None:
        """End it at once."""


Hire = Callable[[int, Callable[[bytes], None]], Helper]  # number of the game, who hears the answers


@dataclass
class Table:
    """Where one game is played."""

    helper: Helper
    is_beginning: bool = False
    is_playable: bool = False
    reached: int = 0  # iterations, as far as is known
    asked_at: float | None = None  # when the order was given that is not answered yet
    looked_at: float = 0.0  # when the last frame was asked for
    looking: asyncio.TimerHandle | None = None

    def order(self, do: str, **facts: Any) -> None:
        """Give an order that is answered."""
        if self.asked_at is None:
            self.asked_at = time.monotonic()
        self.helper.order(do, **facts)

    def is_stuck(self) -> bool:
        """Whether an answer is overdue."""
        return self.asked_at is not None and time.monotonic() - self.asked_at > PATIENCE_SECONDS


class Laboratory:
    """One page's games; another page that comes takes its place. All methods are called in the event loop.

    `sources` are the data that may be named, `home` a folder for densities that are drawn.
    """

    def __init__(self, hire: Hire, sources: tuple[str, ...], home: Path) -> None:
        self._hire, self._sources, self._home = hire, sources, home
        self.pace = Pace()
        self.tables: dict[int, Table] = {}
        self._show: Show = lambda packet: None
        self._sent_at = 0.0
        self._going: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Have the first process start, so that it is there when a page comes."""
        self._table(0)

    def close(self) -> None:
        """End all processes."""
        self._hold()
        for number in list(self.tables):
            self._clear(number)

    def attend(self, show: Show) -> None:
        """Show everything to this page from now on."""
        self._show = show
        self._hold()
        self.pace.pause()

    def leave(self) -> None:
        """Stand still, and show nothing to anybody."""
        self.attend(lambda packet: None)

    def wish(self, text: str) -> None:
        """Do what a page's message asks for, or say in one line why not."""
        try:
            wish = read_wish(text)
            self._wishes[type(wish)](self, wish)
        except UserError as error:
            self._say("trouble", line=str(error))

    def heard(self, number: int, answer: bytes) -> None:
        """Take a process's answer, and show it."""
        table, head = self.tables.get(number), head_of(answer)
        if table is None:
            return
        what = head["is"]
        if what in ("began", "reached", "refused", "failed", "ended"):
            table.asked_at = None
        if what == "reached":
            table.reached = head["iteration"]
            self._perhaps_go_on()
            return
        self._show(answer)
        if what == "began":
            table.is_beginning, table.is_playable, table.reached = False, True, 0
            if self.pace.limit:
                table.order("until", iteration=self.pace.limit)
            self._perhaps_go_on()
        elif what in ("failed", "ended") or (what == "refused" and head["order"] == "begin"):
            self._lose(number, table, is_gone=what == "ended")

    def _lose(self, number: int, table: Table, is_gone: bool) -> None:
        """Play on without a game; one whose process is gone gets another when it is begun again."""
        table.is_beginning = table.is_playable = False
        if is_gone:
            self._clear(number)
        self._perhaps_go_on()

    def _begin(self, wish: BeginWish) -> None:
        sources = [self._source(number, game) for number, game in enumerate(wish.games)]
        self._hold()
        self.pace.begin()
        for number in [number for number in self.tables if number >= len(wish.games)]:
            self._clear(number)
        for number, (game, source) in enumerate(zip(wish.games, sources, strict=True)):
            if number in self.tables and self.tables[number].is_stuck():
                self._clear(number)
            table = self._table(number)
            table.is_beginning, table.is_playable = True, False
            table.order("begin", recipe=game.recipe, data=source, seed=wish.seed, turn=wish.turn)

    def _source(self, number: int, game: GameWish) -> str:
        """Return the data of a game as `ganache train` takes them; drawn ones lie in a file of this game's own."""
        if isinstance(game.data, Drawn):
            x, y, weights = zip(*game.data.cells, strict=True)
            path = self._home / str(number) / "drawn.json"
            path.parent.mkdir(exist_ok=True)
            write_json(path, {"modes": list(zip(x, y, strict=True)), "std": game.data.std, "weights": weights})
            return str(path)
        if game.data not in self._sources:
            raise UserError(f"data: {game.data!r} is not one of {', '.join(self._sources)}, which this lab was given")
        return game.data

    def _play(self, wish: PlayWish) -> None:
        self._hold()
        self.pace.play(wish.per_second)
        self._perhaps_go_on()

    def _pause(self, wish: PauseWish) -> None:
        self._hold()
        self.pace.pause()

    def _step(self, wish: StepWish) -> None:
        self._hold()
        self.pace.step(wish.iterations)
        self._go()

    def _look(self, wish: LookWish) -> None:
        table = self.tables.get(wish.game)
        if table is None:
            return
        if table.looking is not None:
            table.looking.cancel()
        wait = table.looked_at + FRAME_SECONDS - time.monotonic()
        table.looking = asyncio.get_running_loop().call_later(max(0.0, wait), _look_at, table, wish.layers)

    def _keep(self, wish: KeepWish) -> None:
        if wish.game not in self.tables:
            raise UserError(f"lab: there is no game {wish.game + 1}")
        self.tables[wish.game].helper.order("keep")

    _wishes: dict[type[AnyWish], Callable[..., None]] = {  # noqa: RUF012
        BeginWish: _begin,
        PlayWish: _play,
        PauseWish: _pause,
        StepWish: _step,
        LookWish: _look,
        KeepWish: _keep,
    }

    def _perhaps_go_on(self) -> None:
        """Let all go further where they may and have come as far as they might."""
        playable = [table for table in self.tables.values() if table.is_playable]
        waiting = self._going is not None or any(table.is_beginning for table in self.tables.values())
        waiting = waiting or any(table.reached < self.pace.limit for table in playable)
        if not self.pace.is_playing or not playable or waiting:
            return
        rest = self.pace.rest(time.monotonic() - self._sent_at)
        self._going = asyncio.get_running_loop().call_later(rest, self._go_further)

    def _go_further(self) -> None:
        self._going = None
        self.pace.go_on()
        self._go()

    def _go(self) -> None:
        self._sent_at = time.monotonic()
        for table in self.tables.values():
            if table.is_playable:
                table.order("until", iteration=self.pace.limit)

    def _hold(self) -> None:
        if self._going is not None:
            self._going.cancel()
            self._going = None

    def _table(self, number: int) -> Table:
        if number not in self.tables:
            self.tables[number] = Table(self._hire(number, lambda answer: self.heard(number, answer)))
        return self.tables[number]

    def _clear(self, number: int) -> None:
        table = self.tables.pop(number)
        if table.looking is not None:
            table.looking.cancel()
        table.helper.dismiss()

    def _say(self, what: str, **facts: Any) -> None:
        self._show(packed({"is": what, **facts}, {}))


def _look_at(table: Table, layers: Layers) -> None:
    table.looking, table.looked_at = None, time.monotonic()
    table.helper.order("look", layers=layers.model_dump())
