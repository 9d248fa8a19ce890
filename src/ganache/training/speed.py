"""How fast a training will be, by a few steps of it."""

import time

from ganache.data.selection import Selection
from ganache.engine.devices import synchronize
from ganache.engine.graphs import Launcher, launcher
from ganache.engine.state import TrainingState

MOMENTS = (1 / 6, 1 / 2, 5 / 6)  # of the budget: the middles of its thirds


def images_per_second(state: TrainingState, data: Selection, budget: int, seconds: float, patient: bool) -> float:
    """Return the mean speed of a training of `budget` images, and leave its state of no use.

    What a step costs may be scheduled (a network that grows, a term that sets in), so that some are taken in each third
    of the budget. Unless `patient`, a first step that takes its share of `seconds` is measure enough, although it is
    slower than others. Many processes take each step together, by the clock of process 0.
    """
    training, share = launcher(data, state), seconds / len(MOMENTS)
    paces = []
    for moment in MOMENTS:
        state.counters.iterations = int(moment * budget) // state.recipe.images_per_iteration
        state.counters.images_seen = state.counters.iterations * state.recipe.images_per_iteration
        first = _seconds_per_image(state, training, 0.0)  # it also allocates and chooses kernels
        enough = first * state.recipe.images_per_iteration >= share and not patient
        paces.append(first if enough else _seconds_per_image(state, training, share))
    return len(paces) / sum(paces)


def _seconds_per_image(state: TrainingState, training: Launcher, seconds: float) -> float:
    """Take one step, and others until that many seconds are over."""
    began, before = time.perf_counter(), state.counters.images_seen
    while True:
        training.iterate()
        synchronize(state.device)
        took = float(state.world.told(time.perf_counter() - began))
        if took >= seconds:
            return took / (state.counters.images_seen - before)
