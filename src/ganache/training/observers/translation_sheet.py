"""The pictures taken during a training that translates: what was given, what was made of it, what was wanted.

Of data without pairs, the way back stands in the place of what was wanted. Always the same pictures: of a held-out
split, where there is one.
"""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganache.data import Selection
from ganache.data.selection import TRAIN, held_out_split
from ganache.drawing.grids import as_colours, grid
from ganache.engine.state import TrainingState
from ganache.runs.folder import Run, numbered
from ganache.runs.trained_translators import TrainedTranslator, as_used
from ganache.support.files import replacing
from ganache.support.streams import derive
from ganache.training.observers.observer import Marks, Observer

COLUMNS = 8  # pictures on a sheet for each direction
Pictures = NDArray[np.uint8]


class TranslationSheet(Observer):
    """Draws samples/IMAGES_SEEN.png: rows of inputs, of their translations, and of targets or the ways back."""

    every = "samples"

    def __init__(self, run: Run, data: Selection, state: TrainingState) -> None:
        self._run, given = run, state.shape.given
        stream = data.stream(derive(state.seed, "sheet"), held_out_split(data) or TRAIN)
        both = np.ascontiguousarray(stream.batch(0, COLUMNS).images.transpose(0, 2, 3, 1))
        self._sides = both[..., :given], both[..., given:]
        self._are_pairs = state.recipe.meeting == "pairs"

    def go_back(self, state: TrainingState) -> None:
        """Delete the pictures of a future that did not happen."""
        for path in self._run.sample_files():
            if int(path.stem) > state.counters.images_seen:
                path.unlink()

    def measure(self, state: TrainingState, line: Mapping[str, Any]) -> Marks:
        """Draw a sheet, which adds nothing to the line."""
        self._draw(state)
        return {}

    def publish(self, state: TrainingState, at_end: bool) -> None:
        """Draw a sheet of before the first and after the last iteration, where there is none yet."""
        if (at_end or not state.counters.images_seen) and not self._path(state).is_file():
            self._draw(state)

    def _draw(self, state: TrainingState) -> None:
        ways = translators_of(state)
        rows: list[Pictures] = []
        for number, way in enumerate(ways):
            given, wanted = self._sides if number == 0 else self._sides[::-1]
            made = way.translate(given)
            third = wanted if self._are_pairs else ways[1 - number].translate(made) if len(ways) > 1 else wanted
            rows += [given, made, third]
        picture = grid(np.concatenate([as_colours(row) for row in rows]), COLUMNS)
        with replacing(self._path(state)) as temporary:
            picture.save(temporary)

    def _path(self, state: TrainingState) -> Any:
        return self._run.samples / f"{numbered(state.counters.images_seen)}.png"


def translators_of(state: TrainingState) -> list[TrainedTranslator]:
    """Return the averages of a training's translators as they are used afterwards."""
    found = []
    for product in state.recipe.translators:
        sides = (state.shape.inputs, state.shape.targets)
        inputs, targets = sides[::-1] if product.is_reverse else sides
        network: Any = copy.deepcopy(state.averages[product.network].network)  # the training keeps its own layout
        found.append(TrainedTranslator(as_used(network), inputs, targets, {}))
    return found
