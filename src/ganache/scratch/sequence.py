"""Layers in a row: the network. Its backward pass is the chain rule, from the last layer to the first."""

from collections.abc import Iterator
from typing import TypeAlias

from ganache.scratch.array_module import Array
from ganache.scratch.layer import Gradients, Kept, Layer

Place: TypeAlias = tuple[str, Gradients, str]  # an array's whole name, what holds it, and its name there


class Sequence:
    """A network. Parameters, buffers and gradients go by the layer's place and their name, such as ``0.weight``.

    What backward needs is kept by a forward pass in training alone, one entry for each layer. The next such pass
    replaces it and `backward` uses it up, so that it never grows, whatever runs between two steps.
    """

    def __init__(self, *layers: Layer) -> None:
        self.layers = layers
        self.kept: list[Kept] = []

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return the last layer's output for a batch x (N, …)."""
        kept: list[Kept] = []
        for layer in self.layers:
            x, needed = layer.forward(x, training)
            if training:
                kept.append(needed)
        if training:
            self.kept = kept
        return x

    def backward(self, dy: Array) -> tuple[Array, Gradients]:
        """Return the loss's gradient at the input of the last forward pass in training, and at every parameter.

        `dy` is its gradient at the output. A generator learns through the first: a discriminator's input gradient
        is the generator's output gradient.
        """
        assert self.kept, "backward needs a forward pass in training before it, and uses it up"
        gradients: Gradients = {}
        for place in reversed(range(len(self.layers))):
            dy, own = self.layers[place].backward(dy, self.kept.pop())
            gradients |= {f"{place}.{name}": gradient for name, gradient in own.items()}
        return dy, gradients

    def parameters(self) -> Gradients:
        """Return every parameter by its name: the arrays themselves, which a descent changes in place."""
        return {f"{place}.{name}": a for place, layer in enumerate(self.layers) for name, a in layer.parameters.items()}

    def places(self) -> Iterator[Place]:
        """Yield where each array of the network is held, parameters and buffers, layer by layer."""
        for place, layer in enumerate(self.layers):
            for held in (layer.parameters, layer.buffers):
                yield from ((f"{place}.{name}", held, name) for name in held)

    def state(self) -> Gradients:
        """Return parameters and buffers, layer by layer: the arrays themselves."""
        return {whole: held[name] for whole, held, name in self.places()}
