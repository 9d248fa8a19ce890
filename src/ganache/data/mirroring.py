"""Twice the pictures: each as it is, and mirrored left to right."""

import numpy as np
import numpy.typing as npt

from ganache.data.dataset import Batch, RowStream
from ganache.data.shuffling import Shuffle


class MirroredRows:
    """The 2 N rows of a stream of N and their mirror pictures, row i + N that of row i, shuffled together."""

    def __init__(self, rows: RowStream, seed: int) -> None:
        self.count = 2 * rows.count
        self._rows, self._shuffle = rows, Shuffle(self.count, seed)

    def batch(self, position: int, count: int) -> Batch:
        """Return rows `position … position + count`."""
        return self.at(self.places(position, count))

    def places(self, position: int, count: int) -> npt.NDArray[np.int64]:
        """Return the numbers, each from 0 to 2 N - 1, of rows `position … position + count`."""
        return self._shuffle.places(position, count)

    def at(self, places: npt.NDArray[np.int64]) -> Batch:
        """Return the rows with these numbers as fresh arrays, labels as they are; several threads may ask at once."""
        mirrored, originals = np.divmod(places, self._rows.count)
        found = self._rows.at(originals)
        is_mirrored = mirrored == 1
        images = np.where(is_mirrored[:, None, None, None], found.images[..., ::-1], found.images)
        return Batch(images, found.labels)
