"""How iterations are launched: one by one, or as a graph for each phase of the game, captured once and replayed.

The first iterations of a phase are launched operation by operation, as real iterations of the training: they make all
tensors that last (moments of optimisers, sums, gradients' places). Then the phase is captured, which executes nothing,
and replayed from there on. What differs between iterations lies in tensors that are filled before: batches and latents
(`static_inputs`), what is scheduled (`scalars`), and the seeds of torch's default generators, which a replay reads.
Every launch has the same arithmetic, so that a training resumes in the same bits wherever it was interrupted.
"""

import abc
import contextlib
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from ganache.data import Selection
from ganache.engine.iteration import iterate, move_on, play
from ganache.engine.random_draws import StateDraws
from ganache.engine.scalars import DeviceMoment, Scalars
from ganache.engine.state import TrainingState
from ganache.engine.static_inputs import StaticInputs
from ganache.games.game import Game

WARM_UPS = 2  # iterations of a phase before it is captured


class Launcher(abc.ABC):
    """Plays the iterations of a training."""

    why_eager: str = ""  # a clause; empty where graphs are launched

    @abc.abstractmethod
    def iterate(self) -> None:
        """Play the next iteration."""

    def describe(self) -> dict[str, str]:
        """Return what a run's record says of it."""
        return {"launch": "eager" if self.why_eager else "graphs", "why_eager": self.why_eager}


class Recorder(Protocol):
    """What can launch the operations of a function again without the function."""

    def prepare(self, state: TrainingState) -> None:
        """Make a state ready to be recorded, before its first iteration."""

    def aside(self) -> contextlib.AbstractContextManager[None]:
        """Enter where all iterations are launched, recorded or not."""

    def record(self, function: Callable[[], None]) -> Callable[[], None]:
        """Return what launches again all that a function does on the device; the function is run and does nothing.

        Raises RuntimeError for what cannot be recorded.
        """


def launcher(data: Selection, state: TrainingState) -> Launcher:
    """Return what plays the iterations of a training on from where its state stands."""
    draws = StateDraws(data, state)
    why = _why_eager(state)
    return Eager(state, draws, why) if why else Graphs(state, draws, CudaRecorder(state.device))


class Eager(Launcher):
    """Launches one operation after the other."""

    def __init__(self, state: TrainingState, draws: StateDraws, why_eager: str) -> None:
        self._state, self._draws, self.why_eager = state, draws, why_eager

    def iterate(self) -> None:
        """Play the next iteration."""
        iterate(self._state, self._draws)


@dataclass
class _Phase:
    """A kind of iteration: all of them do the same operations on the same tensors."""

    inputs: StaticInputs
    played: int = 0
    replay: Callable[[], None] | None = None
    records: tuple[str, ...] = ()  # what a replay adds to the tally
    slopes: list[Tensor | None] = field(default_factory=list)  # of all weights, where a replay leaves them


class Graphs(Launcher):
    """Captures each phase of a game once, and replays it."""

    def __init__(self, state: TrainingState, draws: StateDraws, recorder: Recorder, warm_ups: int = WARM_UPS) -> None:
        self._state, self._draws, self._recorder, self._warm_ups = state, draws, recorder, warm_ups
        self._scalars = Scalars(state.device)
        self._weights = [weight for player in state.cast.players for weight in state.cast.weights(player)]
        self._forget()
        recorder.prepare(state)

    def iterate(self) -> None:
        """Play the next iteration."""
        state = self._state
        if self._loads != state.loads:
            self._forget()
        with self._recorder.aside():
            self._draws.begin()
            phase = self._phase(state.recipe.phase(state.counters.iterations))
            self._scalars.fill(state.counters.images_seen)
            phase.inputs.refill()
            if phase.replay is None and phase.played >= self._warm_ups and not self.why_eager:
                self._capture(phase)
            if phase.replay is None:
                self._play(phase)
            else:
                self._replay(phase, phase.replay)
        move_on(state)

    def _forget(self) -> None:
        """Drop all graphs: the state has other tensors than those that they know."""
        self._phases: dict[Hashable, _Phase] = {}
        self._shown: _Phase | None = None  # whose slopes the weights have
        self._loads = self._state.loads

    def _phase(self, name: Hashable) -> _Phase:
        if self.why_eager:
            return _Phase(StaticInputs(self._draws))
        return self._phases.setdefault(name, _Phase(StaticInputs(self._draws)))

    def _now(self) -> DeviceMoment:
        counters = self._state.counters
        return DeviceMoment(counters.images_seen, counters.iterations, self._scalars)

    def _play(self, phase: _Phase) -> None:
        play(self._state, phase.inputs, self._now())
        self._shown = None
        phase.played += 1
        self.why_eager = self.why_eager or _why_fixed(self._state.recipe, self._scalars.read)

    def _capture(self, phase: _Phase) -> None:
        """Record the phase, or note why that cannot be."""
        names: list[str] = []
        self._scalars.complete = phase.inputs.complete = True
        try:
            replay = self._recorder.record(lambda: names.extend(play(self._state, phase.inputs, self._now())))
        except RuntimeError as error:
            self.why_eager = f"an iteration could not be captured: {str(error).splitlines()[0]}"
            phase.inputs.rewind()
        else:
            phase.replay, phase.records = replay, tuple(names)
            phase.slopes = [weight.grad for weight in self._weights]
            self._shown = phase
        finally:
            self._scalars.complete = phase.inputs.complete = False

    def _replay(self, phase: _Phase, replay: Callable[[], None]) -> None:
        replay()
        self._state.tally.note(phase.records)
        if self._shown is not phase:
            for weight, slope in zip(self._weights, phase.slopes, strict=True):
                weight.grad = slope
            self._shown = phase


class CudaRecorder:
    """CUDA's graphs, which share one pool of memory; all is launched on a stream of its own, as captures must be."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream: Any = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._pool = torch.cuda.graph_pool_handle()

    @staticmethod
    def prepare(state: TrainingState) -> None:
        """Let the optimisers keep their counts on the device from the first step on."""
        for optimizer in state.cast.optimizers.values():
            optimizer._warned_capturable_if_run_uncaptured = True  # the first ones are
            for group in optimizer.param_groups:
                if "capturable" in group:
                    group["capturable"] = True

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Enter the stream; what is launched before and after, elsewhere, waits for it."""
        current = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            yield
        current.wait_stream(self._stream)

    def record(self, function: Callable[[], None]) -> Callable[[], None]:
        """Return the replay of a graph. Another thread may allocate meanwhile, such as one that reads data ahead."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, self._pool, self._stream, capture_error_mode="thread_local"):
            function()
        replay: Callable[[], None] = graph.replay
        return replay


def _why_eager(state: TrainingState) -> str:
    """Return why the iterations of a training cannot be launched as graphs, as far as that is known beforehand."""
    if state.device.type != "cuda":
        return f"{state.device.type} has no graphs"
    if state.recipe.not_captured:
        return state.recipe.not_captured
    parts = (part for module in state.cast.modules.values() for part in module.modules())
    return next((str(part.not_captured) for part in parts if hasattr(part, "not_captured")), "")


def _why_fixed(game: Game, read: frozenset[str]) -> str:
    """Return why a game cannot be captured that has read these numbers of a moment, which a graph would keep."""
    if "images_seen" in read:
        return "the game, or a part of it, reads now.images_seen"
    owners = {name: next(kind for kind in type(game).__mro__ if name in vars(kind)) for name in ("play", "phase")}
    # Whoever says which iterations are alike knows what the number is read for.
    if "iteration" in read and not issubclass(owners["phase"], owners["play"]):
        return "the game reads now.iteration and does not say in `phase` which iterations are alike"
    return ""
