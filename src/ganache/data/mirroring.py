"""Twice the pictures: each as it is, and mirrored left to right."""

import functools

import numpy as np
import numpy.typing as npt

from ganache.data.dataset import Batch, RowStream, Stream, seed_sequence
from ganache.data.shuffling import Shuffle

_TAG = 0x4D49  # keeps these random numbers apart from all others of the same seed
_BLOCK = 4_096  # positions whose coins are thrown at once


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
        return _mirrored(self._rows.at(originals), mirrored == 1)


class MirroredAtRandom:
    """A stream whose rows have no numbers, each of them mirrored by the fall of a coin that its position has."""

    def __init__(self, stream: Stream, seed: int) -> None:
        self.count = stream.count
        self._stream, self._seed = stream, seed
        self._coins = functools.lru_cache(2)(self._thrown)

    def batch(self, position: int, count: int) -> Batch:
        """Return rows `position … position + count`."""
        blocks = range(position // _BLOCK, (position + count - 1) // _BLOCK + 1)
        coins = np.concatenate([self._coins(block) for block in blocks])
        first = position - blocks[0] * _BLOCK
        return _mirrored(self._stream.batch(position, count), coins[first : first + count])

    def _thrown(self, block: int) -> npt.NDArray[np.bool_]:
        random = np.random.Generator(np.random.Philox(seed_sequence(self._seed, _TAG, block)))
        return random.random(_BLOCK) < 0.5


def _mirrored(found: Batch, chosen: npt.NDArray[np.bool_]) -> Batch:
    images = np.where(chosen[:, None, None, None], found.images[..., ::-1], found.images)
    return Batch(images, found.labels)
