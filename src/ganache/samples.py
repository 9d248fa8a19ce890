"""The pictures taken during training: always the same latents, so that they show what changed."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganache.data import Selection
from ganache.files import replacing
from ganache.generators import TrainedGenerator
from ganache.pictures import for_display, grid
from ganache.run import Run, numbered
from ganache.state import TrainingState
from ganache.streams import derive

PICTURES = 64  # images on a sheet
POINTS = 2_500  # points of a density on a sheet
ROWS = 8  # of a sheet with a column for each class
MOST_COLUMNS = 16


class SampleSheet:
    """Draws the average generator's pictures of a run from latents that stay the same."""

    def __init__(self, run: Run, state: TrainingState, data: Selection) -> None:
        self._run, self._state = run, state
        self._names = data.label_names if state.labels else ()
        self._reals: NDArray[Any] | None = None
        if state.shape.is_point:
            points = data.stream(derive(state.seed, "sheet")).batch(0, POINTS).images
            self._reals = np.ascontiguousarray(points.transpose(0, 2, 3, 1))

    def draw(self) -> None:
        """Write samples/IMAGES_SEEN.png."""
        state = self._state
        generator = TrainedGenerator(
            state.average.network, state.recipe.generator, state.shape, self._names, description={}
        )
        columns = len(self._names) if 1 < len(self._names) <= MOST_COLUMNS else None
        count = POINTS if state.shape.is_point else ROWS * columns if columns else PICTURES
        with state.streams.untouched():
            images = generator.sample(count, derive(state.seed, "sheet"), self._names if columns else ())
        picture = grid(images, columns) if columns else for_display(images, self._reals)
        with replacing(self._path) as temporary:
            picture.save(temporary)

    def is_drawn(self) -> bool:
        """Whether there is a picture of this moment."""
        return self._path.is_file()

    def forget_after(self, images_seen: int) -> None:
        """Delete the pictures of a future that did not happen."""
        for path in self._run.sample_files():
            if int(path.stem) > images_seen:
                path.unlink()

    @property
    def _path(self) -> Path:
        return self._run.samples / f"{numbered(self._state.counters.images_seen)}.png"
