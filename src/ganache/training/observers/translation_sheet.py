"""The pictures taken during a training that translates: what was given, what was made of it, what was wanted.

Of data without pairs, the way back stands in the place of what was wanted. Always the same pictures: of a held-out
split, where there is one.
"""

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganache.data import Selection
from ganache.data.selection import TRAIN, held_out_split
from ganache.drawing.grids import as_colours, grid
from ganache.engine.pixel_values import channels_last
from ganache.engine.state import TrainingState
from ganache.games import Game
from ganache.runs.folder import Run
from ganache.runs.trained_translators import TrainedTranslator, as_used
from ganache.support.streams import derive
from ganache.training.observers.sheet import Sheet

COLUMNS = 8  # pictures on a sheet for each direction
Pictures = NDArray[np.uint8]


class TranslationSheet(Sheet):
    """Draws samples/IMAGES_SEEN.png: rows of inputs, of their translations, and of targets or the ways back."""

    def __init__(self, run: Run, data: Selection, state: TrainingState) -> None:
        super().__init__(run)
        given = state.shape.given
        stream = data.stream(derive(state.seed, "sheet"), held_out_split(data) or TRAIN)
        both = channels_last(stream.batch(0, COLUMNS).images)
        self._sides = both[..., :given], both[..., given:]
        self._are_pairs = state.recipe.meeting == "pairs"

    def picture(self, state: TrainingState) -> Image.Image:
        """Return three rows for each direction."""
        ways = translators_of(state)
        rows: list[Pictures] = []
        for number, way in enumerate(ways):
            given, wanted = self._sides if number == 0 else self._sides[::-1]
            made = way.translate(given)
            third = wanted if self._are_pairs else ways[1 - number].translate(made) if len(ways) > 1 else wanted
            rows += [given, made, third]
        return grid(np.concatenate([as_colours(row) for row in rows]), COLUMNS)


def rows_of_sheet(game: Game) -> tuple[str, ...]:
    """Return what each row of a game's sheets shows."""
    ways = len(game.translators)
    third = "what was wanted" if game.meeting == "pairs" else "the way back" if ways > 1 else "one of the targets"
    return ("what was given", "its translation", third) * ways


def translators_of(state: TrainingState) -> list[TrainedTranslator]:
    """Return the averages of a training's translators as they are used afterwards."""
    found = []
    for product in state.recipe.translators:
        network: Any = copy.deepcopy(state.averages[product.network].network)  # the training keeps its own layout
        found.append(TrainedTranslator(as_used(network), *state.shape.sides(product.is_reverse), description={}))
    return found
