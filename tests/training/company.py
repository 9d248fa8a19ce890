"""Runs in company: displays and observers that do something to the training that they are shown."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganache.drawing import curves
from ganache.drawing.curves import Draw
from ganache.engine.state import TrainingState
from ganache.runs.folder import Run
from ganache.support.json_files import write_json
from ganache.training import sessions
from ganache.training.composition import Compose, compose
from ganache.training.display import Display
from ganache.training.observers.observer import Marks, Observer, Say, unnoticed
from ganache.training.plan import Plan, Request
from ganache.training.sessions import Outcome


def train(
    out: Path,
    recipe: str | None,
    data: str | Path,
    *,
    display: Display | None = None,
    observers: Compose = compose,
    draw: Draw = curves.draw,
    **asked: Any,
) -> Outcome:
    """Train a new run quietly; `asked` are fields of the request."""
    request = Request(data=str(data), recipe=recipe, **asked)
    return sessions.begin(request, out, display=display, observers=observers, draw=draw)


def resume(run: Path, *, images: int | None = None, observers: Compose = compose, draw: Draw = curves.draw) -> Outcome:
    """Continue a run quietly."""
    return sessions.resume(run, images=images, observers=observers, draw=draw)


def draw_quickly(lines: list[dict[str, Any]], out: Path, title: str) -> None:
    """Write a log's lines where the curves would be drawn, which takes a second each time."""
    write_json(out, [title, lines])


def measured(observer: Observer, state: TrainingState) -> Marks:
    """Return what an observer says of a state, looking at it as in the loop."""
    with unnoticed(state):
        return observer.measure(state, {})


class Stopping(Display):
    """Sends this process a signal once so many images have been seen: the iteration after that is the last one."""

    def __init__(self, after: int, number: signal.Signals = signal.SIGTERM) -> None:
        self.after, self.number = after, number

    def advance(self, images_seen: int, done: float) -> None:
        if images_seen == self.after:
            os.kill(os.getpid(), self.number)


class Poison(Observer):
    """Makes the generator's weights NaN at one tick of the training, as often as it is asked to."""

    every = "tick"

    def __init__(self, at: int, times: int) -> None:
        self.at, self.times = at, times

    def measure(self, state: TrainingState, line: Mapping[str, Any]) -> Marks:
        if state.counters.images_seen == self.at and self.times:
            self.times -= 1
            next(iter(state.modules()["generator"].parameters())).data.fill_(float("nan"))
        return {}


def only(*observers: Observer) -> Compose:
    """Return how these observers are composed, and nobody else."""
    return lambda *_: observers


def joined_by(*others: Observer) -> Compose:
    """Return how the usual observers are composed, and these behind them."""

    def composed(plan: Plan, run: Run, state: TrainingState, say: Say) -> tuple[Observer, ...]:
        return (*compose(plan, run, state, say), *others)

    return composed
