"""The order of rows: a new one every epoch, a pure function of seed and position."""

import numpy as np
import numpy.typing as npt

from ganache.data.dataset import seed_sequence

_TAG = 0x5348  # keeps these random numbers apart from all others of the same seed
_KEPT_EPOCHS = 2


class Shuffle:
    """The numbers 0 … count - 1 in a new order every epoch, without end; two epochs' are held, 8 bytes a row each."""

    def __init__(self, count: int, seed: int) -> None:
        self._count, self._seed = count, seed
        self._orders: dict[int, npt.NDArray[np.int64]] = {}

    def places(self, position: int, count: int) -> npt.NDArray[np.int64]:
        """Return the numbers (count,) from `position` on, across the borders of epochs."""
        assert position >= 0
        assert count >= 1
        pieces = []
        while count:
            epoch, offset = divmod(position, self._count)
            taken = min(count, self._count - offset)
            pieces.append(self._order(epoch)[offset : offset + taken])
            position, count = position + taken, count - taken
        return np.concatenate(pieces)

    def _order(self, epoch: int) -> npt.NDArray[np.int64]:
        if epoch not in self._orders:
            while len(self._orders) >= _KEPT_EPOCHS:
                del self._orders[next(iter(self._orders))]
            generator = np.random.Generator(np.random.Philox(seed_sequence(self._seed, _TAG, epoch)))
            self._orders[epoch] = generator.permutation(self._count)
        return self._orders[epoch]
