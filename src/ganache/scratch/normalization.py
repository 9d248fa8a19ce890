"""Batch normalisation (Ioffe & Szegedy 2015), over samples (N, C) or over samples and pixels (N, C, H, W)."""

from ganache.scratch.array_module import Array, xp
from ganache.scratch.layer import Gradients, Kept, Layer


class BatchNorm(Layer):
    """y = γ x̂ + β with x̂ = (x - μ) / σ, a mean μ and a deviation σ = √(variance + ε) for each channel.

    While training, μ and σ² are those of the batch, over the M numbers of a channel, and a running average of both is
    kept; outside training that average takes their place, so that a sample does not depend on its neighbours.

    Backward: dβ = Σ dy and dγ = Σ dy x̂ over the M numbers. With g = γ dy, the gradient at x̂, x acts in three ways:

        on its own x̂ directly      g / σ
        on all of them through μ   ∂x̂_j/∂μ = -1/σ, ∂μ/∂x_i = 1/M                gives  -mean(g) / σ
        on all of them through σ   ∂x̂_j/∂σ = -x̂_j/σ, ∂σ/∂x_i = x̂_i/M           gives  -x̂ mean(g x̂) / σ

        dx = (g - mean(g) - x̂ mean(g x̂)) / σ

    (x also moves μ inside the variance, but Σ(x - μ) = 0 takes that term away.)
    """

    def __init__(self, weight: Array, bias: Array, momentum: float = 0.1, epsilon: float = 1e-5) -> None:
        running = {"running_mean": xp.zeros_like(weight), "running_var": xp.ones_like(weight)}
        super().__init__({"weight": weight, "bias": bias}, running)
        self.momentum, self.epsilon = momentum, epsilon

    def forward(self, x: Array, training: bool) -> tuple[Array, Kept]:
        """Return y of x's shape, (N, C) or (N, C, …)."""
        axes = _all_but_channels(x)
        mean, variance = (x.mean(axis=axes), x.var(axis=axes)) if training else self._remembered()
        if training:
            self._remember(mean, variance, numbers=x.size // len(mean))
        deviation = xp.sqrt(_across(variance, x) + self.epsilon)
        normal = (x - _across(mean, x)) / deviation
        y = _across(self.parameters["weight"], x) * normal + _across(self.parameters["bias"], x)
        return y, (normal, deviation)

    def backward(self, dy: Array, kept: Kept) -> tuple[Array, Gradients]:
        """Return dx, dγ (weight) and dβ (bias)."""
        normal, deviation = kept
        axes = _all_but_channels(dy)
        g = _across(self.parameters["weight"], dy) * dy
        common = g.mean(axis=axes, keepdims=True)
        along = (g * normal).mean(axis=axes, keepdims=True)
        gradients = {"weight": (dy * normal).sum(axis=axes), "bias": dy.sum(axis=axes)}
        return (g - common - normal * along) / deviation, gradients

    def _remembered(self) -> tuple[Array, Array]:
        return self.buffers["running_mean"], self.buffers["running_var"]

    def _remember(self, mean: Array, variance: Array, numbers: int) -> None:
        # A batch's variance falls short of the data's by (M - 1) / M (Bessel): what is remembered is corrected.
        found = {"running_mean": mean, "running_var": variance * (numbers / max(1, numbers - 1))}
        for name, value in found.items():
            self.buffers[name] *= 1.0 - self.momentum
            self.buffers[name] += self.momentum * value


def _all_but_channels(x: Array) -> tuple[int, ...]:
    return tuple(axis for axis in range(x.ndim) if axis != 1)


def _across(values: Array, x: Array) -> Array:
    """Shape values (C,) so that they meet x (N, C, …) channel by channel."""
    return values.reshape(1, -1, *(1 for _ in x.shape[2:]))
