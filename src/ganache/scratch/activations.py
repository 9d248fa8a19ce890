"""Functions of one number, applied to each: the Jacobian is diagonal, so dx = f'(x) · dy, entry by entry."""

from ganache.scratch.array_module import Array, xp
from ganache.scratch.layer import Gradients, Kept, Layer


class LeakyReLU(Layer):
    """y = x where x > 0, else slope · x. dx = dy where x > 0, else slope · dy (at 0, too, as torch has it)."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, x: Array, training: bool) -> tuple[Array, Kept]:
        """Return y of x's shape; a mask of where x > 0 is all that backward needs."""
        positive = x > 0
        return xp.where(positive, x, self.slope * x), (positive,)

    def backward(self, dy: Array, kept: Kept) -> tuple[Array, Gradients]:
        """Return dx."""
        (positive,) = kept
        return xp.where(positive, dy, self.slope * dy), {}


class ReLU(LeakyReLU):
    """y = max(0, x): a leaky ReLU that does not leak."""

    def __init__(self) -> None:
        super().__init__(0.0)


class Sigmoid(Layer):
    """y = 1 / (1 + e⁻ˣ). From y' = e⁻ˣ / (1 + e⁻ˣ)² follows dx = y (1 - y) dy: the output is all that is kept."""

    def forward(self, x: Array, training: bool) -> tuple[Array, Kept]:
        """Return y in (0, 1), of x's shape."""
        y = sigmoid(x)
        return y, (y,)

    def backward(self, dy: Array, kept: Kept) -> tuple[Array, Gradients]:
        """Return dx."""
        (y,) = kept
        return y * (1.0 - y) * dy, {}


class Tanh(Layer):
    """y = tanh(x), whose derivative is 1 - y²: dx = (1 - y²) dy."""

    def forward(self, x: Array, training: bool) -> tuple[Array, Kept]:
        """Return y in (-1, 1), of x's shape."""
        y = xp.tanh(x)
        return y, (y,)

    def backward(self, dy: Array, kept: Kept) -> tuple[Array, Gradients]:
        """Return dx."""
        (y,) = kept
        return (1.0 - y * y) * dy, {}


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + e⁻ˣ), for negative x as eˣ / (1 + eˣ): no exponential overflows, no digit is lost."""
    small = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, 1.0, small) / (1.0 + small)
