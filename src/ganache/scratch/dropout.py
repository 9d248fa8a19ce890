"""Dropout (Srivastava et al. 2014), in the form that costs nothing outside training."""

from ganache.scratch.array_module import Array
from ganache.scratch.layer import Gradients, Kept, Layer
from ganache.scratch.randomness import RandomNumbers


class DropoutLayer(Layer):
    """While training, y = m x with m = 0 with probability `rate`, else 1 / (1 - rate); outside training y = x.

    The mask m has mean 1, so that the next layer sees the same average in both. m does not depend on x: dx = m dy.
    """

    def __init__(self, rate: float, random: RandomNumbers) -> None:
        super().__init__()
        assert 0.0 <= rate < 1.0, rate
        self.rate = rate
        self._random = random

    def forward(self, x: Array, training: bool) -> tuple[Array, Kept]:
        """Return y of x's shape, and the mask that it was drawn with."""
        if not training:
            return x, ()
        mask = (self._random.uniform(*x.shape) >= self.rate) / (1.0 - self.rate)
        return mask * x, (mask,)

    def backward(self, dy: Array, kept: Kept) -> tuple[Array, Gradients]:
        """Return dx."""
        (mask,) = kept
        return mask * dy, {}
