"""Streams whose images are made, when they are read, of those of another stream."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ganache.data.dataset import Batch, RowStream, Stream

Integers = npt.NDArray[np.int64]
Make = Callable[[Batch, Integers], Batch]  # of images and their numbers: those of their rows, or of their positions


def made_of(stream: Stream, make: Make) -> Stream:
    """Return a stream of what is made of another's images: over rows with numbers where that one is."""
    return MadeRows(stream, make) if isinstance(stream, RowStream) else MadeAlong(stream, make)


class MadeRows:
    """A RowStream of which each image is made of a row and its number."""

    def __init__(self, rows: RowStream, make: Make) -> None:
        self.count = rows.count
        self._rows, self._make = rows, make

    def batch(self, position: int, count: int) -> Batch:
        """Return rows `position … position + count`."""
        return self.at(self.places(position, count))

    def places(self, position: int, count: int) -> Integers:
        """Return the numbers of rows `position … position + count`."""
        return self._rows.places(position, count)

    def at(self, places: Integers) -> Batch:
        """Return the rows with these numbers; several threads may ask at once."""
        return self._make(self._rows.at(places), places)


class MadeAlong:
    """A stream of which each image is made of another's image and its position, so that no row comes twice alike."""

    def __init__(self, stream: Stream, make: Make) -> None:
        self.count = stream.count
        self._stream, self._make = stream, make

    def batch(self, position: int, count: int) -> Batch:
        """Return rows `position … position + count`."""
        return self._make(self._stream.batch(position, count), np.arange(position, position + count))
