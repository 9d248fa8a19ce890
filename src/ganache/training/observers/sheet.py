"""What all pictures taken during training have in common: when one is drawn, where it lies, and which are undone."""

import abc
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from ganache.engine.state import TrainingState
from ganache.runs.folder import Run, numbered
from ganache.support.files import replacing
from ganache.training.observers.observer import Marks, Observer


class Sheet(Observer, abc.ABC):
    """Draws samples/IMAGES_SEEN.png, which shows at every moment the same inputs, so that it shows what changed."""

    every = "samples"

    def __init__(self, run: Run) -> None:
        self._run = run

    @abc.abstractmethod
    def picture(self, state: TrainingState) -> Image.Image:
        """Return what the averages of a training draw at its moment."""

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
        picture = self.picture(state)
        with replacing(self._path(state)) as temporary:
            picture.save(temporary)

    def _path(self, state: TrainingState) -> Path:
        return self._run.samples / f"{numbered(state.counters.images_seen)}.png"
