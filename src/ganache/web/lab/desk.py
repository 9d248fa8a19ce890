"""The process in which one game is played: it follows orders, and answers with bytes that are ready for the page.

Orders are JSON: ``begin`` a game, play ``until`` an iteration, ``look`` as soon as there is something new, ``save``.
Between two iterations it asks whether there is another one, so that nothing waits longer than an iteration.
"""

import json
import math
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from ganache.engine.state import NonFiniteError
from ganache.games import TwoPlayers
from ganache.parts.part import parse
from ganache.support.errors import RunError, UserError
from ganache.support.refusals import refusals
from ganache.web.lab.keeping import keep
from ganache.web.lab.packets import packed
from ganache.web.lab.sights import Layers, Viewer
from ganache.web.lab.workbench import Workbench, planned

MOST_BYTES = 2**18  # of an order
MOST_MEMORY = 4 * 2**30  # bytes of a game's process, beyond which its allocations fail
Send = Callable[[bytes], None]


class Desk:
    """A game, as far as one was begun, and what was ordered of it; `send` takes every answer."""

    def __init__(self, send: Send, number: int = 0, device: str = "cpu", size: str | None = None) -> None:
        self._send, self._number, self._device, self._size = send, number, device, size
        self._bench: Workbench | None = None
        self._viewer: Viewer | None = None
        self._until, self._told = 0, 0
        self._turn = 0  # of the page, of which this game is
        self._layers: Layers | None = None  # of the look that is asked for
        self._seen: tuple[int, Layers] | None = None  # iteration and layers of the last one
        self._curves: dict[str, float] = {}  # the newest of each

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do before the next order."""
        return self._bench is None or not (self._has_to_play or self._has_to_look)

    @property
    def _has_to_play(self) -> bool:
        return self._bench is not None and self._bench.iteration < self._until

    @property
    def _has_to_look(self) -> bool:
        bench, layers = self._bench, self._layers
        return bench is not None and layers is not None and self._seen != (bench.iteration, layers)

    def follow(self, order: dict[str, Any]) -> None:
        """Do what is ordered, or answer with one line why not."""
        try:
            with refusals():
                self._orders[order["do"]](self, order)
        except (UserError, RunError) as error:
            self._answer("refused", order=order["do"], line=str(error))

    def work(self) -> None:
        """Play an iteration, as far as one is ordered, and look, where that is."""
        try:
            with refusals():
                if self._has_to_play:
                    self._play()
                if self._has_to_look:
                    self._look()
        except NonFiniteError as error:
            self._stop(f"{error} is no longer a number; a lower learning rate or another seed may help")
        except (UserError, RunError) as error:
            self._stop(str(error))

    def _begin(self, order: dict[str, Any]) -> None:
        self._bench = self._viewer = None
        self._turn = order["turn"]
        recipe = parse(TwoPlayers, order["recipe"])
        plan = planned(recipe, order["data"], order["seed"], self._device, self._size)
        bench = Workbench(plan)
        self._bench, self._viewer = bench, Viewer(bench)
        self._until, self._told, self._layers, self._seen, self._curves = 0, 0, None, None, {}
        shape, density = plan.data.shape, bench.density
        self._answer(
            "began",
            self._viewer.first(),
            recipe=bench.recipe.model_dump(mode="json"),
            shape=[shape.channels, shape.height, shape.width],
            modes=density.modes.tolist() if density is not None and density.shares is None else [],
            notes=[*plan.settled, *plan.notes()],
            per_iteration=bench.recipe.images_per_iteration,
        )

    def _go_until(self, order: dict[str, Any]) -> None:
        self._until = order["iteration"]
        self._say_where()

    def _ask_look(self, order: dict[str, Any]) -> None:
        self._layers = Layers.model_validate(order["layers"])

    def _keep(self, order: dict[str, Any]) -> None:
        if self._bench is None:
            raise UserError("lab: there is no game to be kept")
        self._answer("kept", run=str(keep(self._bench)))

    _orders = {"begin": _begin, "until": _go_until, "look": _ask_look, "keep": _keep}  # noqa: RUF012

    def _play(self) -> None:
        assert self._bench is not None
        self._bench.advance()
        for sentence in self._bench.told[self._told :]:
            self._answer("doctor", line=sentence)
        self._told = len(self._bench.told)
        self._say_where()

    def _say_where(self) -> None:
        if self._bench is not None and self._bench.iteration >= self._until:
            self._answer("reached", iteration=self._bench.iteration)

    def _look(self) -> None:
        bench, viewer, layers = self._bench, self._viewer, self._layers
        assert bench is not None
        assert viewer is not None
        assert layers is not None
        curves = bench.curves()
        self._curves |= curves
        self._seen, self._layers = (bench.iteration, layers), None
        self._answer(
            "frame",
            viewer.arrays(layers),
            iteration=bench.iteration,
            images_seen=bench.state.counters.images_seen,
            boundary=viewer.boundary(self._curves),
            curves={name: value for name, value in curves.items() if math.isfinite(value)},
            modes=viewer.modes(layers, at_rest=not self._has_to_play),
        )

    def _stop(self, line: str) -> None:
        """End the game; the process waits for another one."""
        self._bench = self._viewer = None
        self._answer("failed", line=line)

    def _answer(self, what: str, arrays: dict[str, Any] | None = None, **facts: Any) -> None:
        self._send(packed({"is": what, "game": self._number, "turn": self._turn, **facts}, arrays or {}))


def serve(connection: Connection, number: int, device: str, size: str | None, threads: int = 1) -> None:
    """Follow the orders that come through a connection until it is closed; what a process is started with."""
    import torch

    torch.set_num_threads(threads)
    _bound_memory(device)
    desk = Desk(connection.send_bytes, number, device, size)
    try:
        while True:
            if desk.is_idle or connection.poll():
                desk.follow(json.loads(connection.recv_bytes(MOST_BYTES)))
            else:
                desk.work()
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        pass  # whoever orders has left


def _bound_memory(device: str) -> None:
    """Let allocations beyond a bound fail, where the system can; a GPU's driver maps more than it uses."""
    try:
        import resource
    except ImportError:  # Windows
        return
    if device == "cpu":
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = MOST_MEMORY if hard == resource.RLIM_INFINITY else min(MOST_MEMORY, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
