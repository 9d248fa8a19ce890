"""How parameters move along their gradients. Both change the arrays in place."""

import abc
import math

from ganache.scratch.array_module import xp
from ganache.scratch.layer import Gradients


class Descent(abc.ABC):
    """Moves a network's parameters; `memory` is what it must remember for that, by name."""

    def __init__(self) -> None:
        self.memory: Gradients = {}

    @abc.abstractmethod
    def step(self, parameters: Gradients, gradients: Gradients) -> None:
        """Move every parameter once; both go by the same names."""


class SGD(Descent):
    """w ← w - η dw, the batch's mean gradient with learning rate η."""

    def __init__(self, learning_rate: float) -> None:
        super().__init__()
        self.learning_rate = learning_rate

    def step(self, parameters: Gradients, gradients: Gradients) -> None:
        """Move every parameter once."""
        for name, parameter in parameters.items():
            parameter -= self.learning_rate * gradients[name]


class AdamDescent(Descent):
    """Kingma & Ba 2015, algorithm 1: a step of about η whatever the gradient's scale.

        m ← m + (1 - β₁) (dw - m)      v ← v + (1 - β₂) (dw² - v)
        w ← w - η m̂ / (√v̂ + ε)        m̂ = m / (1 - β₁ᵗ),  v̂ = v / (1 - β₂ᵗ)

    The hats undo that both averages begin at zero.
    """

    def __init__(
        self, parameters: Gradients, learning_rate: float, betas: tuple[float, float], epsilon: float = 1e-8
    ) -> None:
        super().__init__()
        self.learning_rate, self.betas, self.epsilon = learning_rate, betas, epsilon
        self.memory = {"steps": xp.zeros(())}
        for name, parameter in parameters.items():
            self.memory |= {f"mean.{name}": xp.zeros_like(parameter), f"square.{name}": xp.zeros_like(parameter)}

    def step(self, parameters: Gradients, gradients: Gradients) -> None:
        """Move every parameter once."""
        self.memory["steps"] += 1.0
        mean_left, square_left = (1.0 - beta ** float(self.memory["steps"]) for beta in self.betas)
        for name, parameter in parameters.items():
            gradient, mean, square = gradients[name], self.memory[f"mean.{name}"], self.memory[f"square.{name}"]
            # In place, with one array to work in: fresh memory for each operation would take three times as long.
            work = gradient - mean
            work *= 1.0 - self.betas[0]
            mean += work
            xp.multiply(gradient, gradient, out=work)
            work -= square
            work *= 1.0 - self.betas[1]
            square += work
            xp.sqrt(square, out=work)
            work *= mean_left / math.sqrt(square_left)
            work += mean_left * self.epsilon
            xp.divide(mean, work, out=work)
            work *= self.learning_rate
            parameter -= work
