"""What a layer is: a function of its input and its parameters, and the chain rule through it.

For a layer y = f(x; w) and a loss L that depends on y, write dy for ∂L/∂y, an array of y's shape. Then

    backward:  dx = (∂y/∂x)ᵀ dy      what the layer before needs
               dw = (∂y/∂w)ᵀ dy      how the layer's own parameters should move, one array for each of them

A layer keeps nothing between calls. What its backward pass needs of the forward pass (the input, a mask, …) is
returned by `forward`, and whoever trains hands it back to `backward`.
"""

import abc
from typing import Any, TypeAlias

from ganache.scratch.array_module import Array

Kept: TypeAlias = tuple[Any, ...]
Gradients: TypeAlias = dict[str, Array]


class Layer(abc.ABC):
    """A differentiable function with any number of parameters (trained) and buffers (only remembered)."""

    def __init__(self, parameters: Gradients | None = None, buffers: Gradients | None = None) -> None:
        self.parameters = parameters or {}
        self.buffers = buffers or {}

    @abc.abstractmethod
    def forward(self, x: Array, training: bool) -> tuple[Array, Kept]:
        """Return y, and what `backward` will need."""

    @abc.abstractmethod
    def backward(self, dy: Array, kept: Kept) -> tuple[Array, Gradients]:
        """Return dx, of x's shape, and the gradient of every parameter by its name."""
