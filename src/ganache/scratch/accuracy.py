"""How often a classifier is right about images that it never learnt from."""

from collections.abc import Iterator, Mapping
from typing import Any

from ganache.data import Selection
from ganache.data.selection import held_out_split
from ganache.engine.random_draws import on_device
from ganache.engine.state import TrainingState
from ganache.games.game import TrainingBatch
from ganache.runs.folder import Run
from ganache.scratch.array_module import from_outside
from ganache.scratch.by_hand import classifier_of, is_kept, rows
from ganache.training.composition import compose
from ganache.training.observers.observer import Marks, Observer, Say
from ganache.training.plan import Plan

GROUP = 500  # images that are judged at once
MOST = 10_000  # images that are looked at


class Accuracy(Observer):
    """Measures the share of images that are read right, whenever a sheet of samples would be drawn."""

    every = "samples"

    def __init__(self, data: Selection) -> None:
        split = held_out_split(data)
        self._is_all_held_out = split is not None
        self._stream = data.stream(0, split or "train")
        self._count = min(self._stream.count or MOST, MOST)

    def measure(self, state: TrainingState, line: Mapping[str, Any]) -> Marks:
        """Return the accuracy."""
        classifier = classifier_of(state.cast)
        right = count = 0
        for batch in self._tests(state):
            classes = from_outside(batch.conditions.argmax(dim=1))
            right += classifier.right(rows(batch.reals), classes)
            count += len(classes)
        return {"accuracy/test": right / count} if count else {}

    def _tests(self, state: TrainingState) -> Iterator[TrainingBatch]:
        for start in range(0, self._count, GROUP):
            batch = on_device(self._stream.batch(start, min(GROUP, self._count - start)), state)
            wanted = slice(None) if self._is_all_held_out else is_kept(batch.reals)
            yield TrainingBatch(batch.reals[wanted], batch.conditions[wanted])


def compose_with_accuracy(plan: Plan, run: Run, state: TrainingState, say: Say) -> tuple[Observer, ...]:
    """Return the library's observers, and the accuracy of a game that makes no images."""
    own = () if plan.recipe.products() else (Accuracy(plan.data),)
    return (*own, *compose(plan, run, state, say))
