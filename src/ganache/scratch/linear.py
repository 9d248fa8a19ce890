"""The linear layer, and the two that only change a shape."""

from ganache.scratch.array_module import Array
from ganache.scratch.layer import Gradients, Kept, Layer


class LinearLayer(Layer):
    """y = x Wᵀ + b for x (N, inputs), W (outputs, inputs), b (outputs,): a row of x is one sample.

    y_no = Σ_i x_ni W_oi + b_o, so each entry of W meets one column of x and one of y, summed over the samples:

        dx_ni = Σ_o dy_no W_oi        dx = dy W
        dW_oi = Σ_n dy_no x_ni        dW = dyᵀ x
        db_o  = Σ_n dy_no
    """

    def __init__(self, weight: Array, bias: Array | None = None) -> None:
        super().__init__({"weight": weight} if bias is None else {"weight": weight, "bias": bias})

    def forward(self, x: Array, training: bool) -> tuple[Array, Kept]:
        """Map (N, inputs) to (N, outputs)."""
        y = x @ self.parameters["weight"].T
        return y + self.parameters["bias"] if "bias" in self.parameters else y, (x,)

    def backward(self, dy: Array, kept: Kept) -> tuple[Array, Gradients]:
        """Return dx (N, inputs), dW and db."""
        (x,) = kept
        gradients = {"weight": dy.T @ x}
        if "bias" in self.parameters:
            gradients["bias"] = dy.sum(axis=0)
        return dy @ self.parameters["weight"], gradients


class Reshape(Layer):
    """Gives every sample another shape; the numbers stay, so the gradient is only shaped back."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Array, training: bool) -> tuple[Array, Kept]:
        """Map (N, …) to (N, *shape)."""
        return x.reshape(len(x), *self.shape), (x.shape,)

    def backward(self, dy: Array, kept: Kept) -> tuple[Array, Gradients]:
        """Return dx of x's shape."""
        (shape,) = kept
        return dy.reshape(shape), {}


class Flatten(Reshape):
    """Makes every sample a row: (N, …) to (N, numbers in a sample)."""

    def __init__(self) -> None:
        super().__init__(-1)
