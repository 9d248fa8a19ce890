"""The pictures taken during training: always the same latents, so that they show what changed."""

import contextlib
from typing import Any, NamedTuple

from numpy.typing import NDArray
from PIL import Image

from ganache.data import Selection
from ganache.data.shape import ImageShape
from ganache.drawing.grids import for_display, grid, layout
from ganache.engine.pixel_values import channels_last
from ganache.engine.state import TrainingState
from ganache.runs.folder import Run
from ganache.runs.products import TrainedGenerator
from ganache.support.errors import UserError
from ganache.support.streams import derive
from ganache.training.observers.sheet import Sheet

POINTS = 2_500  # points of a density on a sheet, and rows of a table
ROWS = 8  # of a sheet, which has as many columns, or one for each class
MOST_COLUMNS = 16


class Cells(NamedTuple):
    """How many images a sheet has, and in how many columns, one for each class; None: in about a square."""

    images: int
    columns: int | None


def cells_of_sheet(shape: ImageShape, classes: int) -> Cells:
    """Return what a sheet holds: fewer images than usual where that many would be above 64 megapixels.

    Raises UserError where one image is.
    """
    if shape.is_row:
        return Cells(POINTS, None)
    columns = classes if 1 < classes <= MOST_COLUMNS else None
    by_class = [Cells(rows * columns, columns) for rows in range(ROWS, 0, -1)] if columns else []
    for cells in (*by_class, *(Cells(side * side, None) for side in range(ROWS, 0, -1))):
        with contextlib.suppress(UserError):
            layout(cells.images, shape.height, shape.width, cells.columns)
            return cells
    raise UserError(
        f"size: pictures of {shape.height}x{shape.width} are above 64 megapixels, too large for a sheet of samples"
    )


class SampleSheet(Sheet):
    """Draws the average generator's pictures of a run, samples/IMAGES_SEEN.png, from latents that stay the same."""

    def __init__(self, run: Run, data: Selection, state: TrainingState) -> None:
        super().__init__(run)
        self._names = data.label_names if state.conditions else ()
        self._reals: NDArray[Any] | None = None
        self._asked: tuple[str, ...] = ()
        if state.shape.is_row:
            points = data.stream(derive(state.seed, "sheet")).batch(0, POINTS)
            self._reals = channels_last(points.images)
            if state.shape.table is not None and self._names:
                # Histograms of classes that are drawn as often as others would tell nothing beside reals that are not.
                self._asked = tuple(self._names[label] for label in points.labels)

    def picture(self, state: TrainingState) -> Image.Image:
        """Return as many samples as a sheet holds; of a density, over real points."""
        generator = TrainedGenerator(state.average, state.recipe.sampler, state.shape, self._names, description={})
        count, columns = cells_of_sheet(state.shape, len(self._names))
        images = generator.sample(count, derive(state.seed, "sheet"), self._names if columns else self._asked)
        return grid(images, columns) if columns else for_display(images, self._reals, state.shape.table)
