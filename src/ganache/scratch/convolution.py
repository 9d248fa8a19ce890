"""Convolution and transposed convolution as matrix products: images are unfolded into columns, and folded back.

`unfold` copies the patch under every position of the kernel into a column. It is linear in the image; call its
matrix U. `fold` adds every column back to where it came from, which is Uᵀ. With W one kernel a row,

    convolution:             y = W (U x)        transposed convolution:   y = Uᵀ (Wᵀ x)

each is the other's backward pass, which is what "transposed" means.
"""

from typing import TypeAlias

from ganache.scratch.array_module import Array, xp
from ganache.scratch.layer import Gradients, Kept, Layer

Pair: TypeAlias = tuple[int, int]  # down, across


class _Window:
    """A kernel's size, stride and padding, down and across: where its patches lie."""

    def __init__(self, kernel: Pair, stride: Pair, padding: Pair) -> None:
        self.kernel, self.stride, self.padding = kernel, stride, padding

    def positions(self, size: Pair) -> Pair:
        """Return how many positions the kernel has on an image of this size (H, W)."""
        down, across = (
            (side + 2 * padding - kernel) // stride + 1
            for side, kernel, stride, padding in zip(size, self.kernel, self.stride, self.padding, strict=True)
        )
        assert down > 0, f"a kernel of {self.kernel} has no place on an image of {size}"
        assert across > 0, f"a kernel of {self.kernel} has no place on an image of {size}"
        return down, across

    def covered(self, positions: Pair) -> Pair:
        """Return the smallest image (H, W) with so many positions: the size that a transposed convolution makes."""
        down, across = (
            (count - 1) * stride - 2 * padding + kernel
            for count, kernel, stride, padding in zip(positions, self.kernel, self.stride, self.padding, strict=True)
        )
        return down, across

    def unfold(self, x: Array) -> Array:
        """Return U x: the patches (N, C·kernel, positions) of images (N, C, H, W)."""
        count, channels, height, width = x.shape
        down, across = self.positions((height, width))
        padded = xp.pad(x, ((0, 0), (0, 0), (self.padding[0],) * 2, (self.padding[1],) * 2))
        patches = xp.empty((count, channels, *self.kernel, down, across), x.dtype)
        # One copy for each entry of the kernel: what it meets, over all positions, is a strided picture.
        for i in range(self.kernel[0]):
            for j in range(self.kernel[1]):
                patches[:, :, i, j] = padded[:, :, *self._met(i, j, down, across)]
        return patches.reshape(count, -1, down * across)

    def fold(self, columns: Array, size: Pair) -> Array:
        """Return Uᵀ columns: images (N, C, *size) in which overlapping patches are added."""
        count = len(columns)
        down, across = self.positions(size)
        patches = columns.reshape(count, -1, *self.kernel, down, across)
        (height, width), (top, left) = size, self.padding
        padded = xp.zeros((count, patches.shape[1], height + 2 * top, width + 2 * left), columns.dtype)
        for i in range(self.kernel[0]):
            for j in range(self.kernel[1]):
                padded[:, :, *self._met(i, j, down, across)] += patches[:, :, i, j]
        return padded[:, :, top : top + height, left : left + width]

    def _met(self, i: int, j: int, down: int, across: int) -> tuple[slice, slice]:
        rows, columns = self.stride
        return slice(i, i + rows * down, rows), slice(j, j + columns * across, columns)


class Convolution(Layer):
    """y = W (U x) + b: images (N, I, H, W) to (N, O, H', W') with kernels W (O, I, h, w), H' = (H + 2p - h) / s + 1.

    Each sample is a matrix product, so the linear layer's rules hold, with the columns U x in the input's place:

        dW = Σ_n dy (U x)ᵀ,   db = Σ dy over samples and positions,   dx = Uᵀ (Wᵀ dy)
    """

    def __init__(self, weight: Array, bias: Array | None = None, stride: Pair = (1, 1), padding: Pair = (0, 0)) -> None:
        super().__init__({"weight": weight} if bias is None else {"weight": weight, "bias": bias})
        self.window = _Window((weight.shape[2], weight.shape[3]), stride, padding)

    def forward(self, x: Array, training: bool) -> tuple[Array, Kept]:
        """Map (N, I, H, W) to (N, O, H', W')."""
        size = (x.shape[2], x.shape[3])
        columns = self.window.unfold(x)
        y = (_as_matrix(self.parameters["weight"]) @ columns).reshape(len(x), -1, *self.window.positions(size))
        return _plus_bias(self, y), (columns, size)

    def backward(self, dy: Array, kept: Kept) -> tuple[Array, Gradients]:
        """Return dx (N, I, H, W), dW and db."""
        columns, size = kept
        weight = self.parameters["weight"]
        rows = dy.reshape(len(dy), len(weight), -1)
        gradients = {"weight": xp.matmul(rows, columns.swapaxes(1, 2)).sum(axis=0).reshape(weight.shape)}
        dx = self.window.fold(_as_matrix(weight).T @ rows, size)
        return dx, gradients | _bias_gradient(self, dy)


class TransposedConvolution(Layer):
    """y = Uᵀ (Wᵀ x) + b: images (N, I, H, W) to (N, O, H', W') with kernels W (I, O, h, w), H' = (H-1) s - 2p + h.

    It is the backward pass of a convolution from O to I channels. So its own backward pass is that convolution:

        dx = W (U dy),   dW = Σ_n x (U dy)ᵀ,   db = Σ dy over samples and pixels
    """

    def __init__(self, weight: Array, bias: Array | None = None, stride: Pair = (1, 1), padding: Pair = (0, 0)) -> None:
        super().__init__({"weight": weight} if bias is None else {"weight": weight, "bias": bias})
        self.window = _Window((weight.shape[2], weight.shape[3]), stride, padding)

    def forward(self, x: Array, training: bool) -> tuple[Array, Kept]:
        """Map (N, I, H, W) to (N, O, H', W')."""
        columns = _as_matrix(self.parameters["weight"]).T @ x.reshape(*x.shape[:2], -1)
        y = self.window.fold(columns, self.window.covered((x.shape[2], x.shape[3])))
        return _plus_bias(self, y), (x,)

    def backward(self, dy: Array, kept: Kept) -> tuple[Array, Gradients]:
        """Return dx (N, I, H, W), dW and db."""
        (x,) = kept
        weight = self.parameters["weight"]
        columns = self.window.unfold(dy)
        rows = x.reshape(*x.shape[:2], -1)
        gradients = {"weight": xp.matmul(rows, columns.swapaxes(1, 2)).sum(axis=0).reshape(weight.shape)}
        dx = (_as_matrix(weight) @ columns).reshape(x.shape)
        return dx, gradients | _bias_gradient(self, dy)


def _as_matrix(weight: Array) -> Array:
    return weight.reshape(len(weight), -1)


def _plus_bias(layer: Layer, y: Array) -> Array:
    return y + layer.parameters["bias"][:, None, None] if "bias" in layer.parameters else y


def _bias_gradient(layer: Layer, dy: Array) -> Gradients:
    return {"bias": dy.sum(axis=(0, 2, 3))} if "bias" in layer.parameters else {}
