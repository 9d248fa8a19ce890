"""Random numbers, drawn on the CPU, so that a GPU sees the same ones."""

import numpy as np

from ganache.scratch.array_module import Array, from_outside


class RandomNumbers:
    """Random numbers that are a function of a seed; `begin` takes another."""

    def __init__(self, seed: int) -> None:
        self.begin(seed)

    def begin(self, seed: int) -> None:
        """Draw from here on as a new one with this seed would."""
        self._generator = np.random.default_rng(seed)

    def normal(self, *shape: int) -> Array:
        """Return standard normal values of the shape."""
        return from_outside(self._generator.standard_normal(shape))

    def uniform(self, *shape: int) -> Array:
        """Return values uniform in [0, 1) of the shape."""
        return from_outside(self._generator.random(shape))
