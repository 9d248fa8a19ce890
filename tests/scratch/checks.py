"""Judges of a layer's backward pass: finite differences, and torch's autograd."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from ganache.scratch.layer import Layer
from ganache.scratch.sequence import Sequence

Floats = NDArray[np.float64]


def numbers(*shape: int, seed: int = 0) -> Floats:
    """Return normal values, none so near to 0 that a finite difference would cross a kink."""
    values = np.random.default_rng(seed).standard_normal(shape)
    return np.where(np.abs(values) < 0.02, 0.5, values)


def numeric_gradient(value: Callable[[], float], array: Floats, step: float = 1e-3) -> Floats:
    """Return ∂value/∂array by central differences of fourth order, changing the array in place and back.

    A network with hidden kinks needs a small step.
    """
    gradient = np.zeros_like(array)
    for place in np.ndindex(array.shape):
        before = array[place]
        total = 0.0
        for steps, weight in ((1, 8.0), (-1, -8.0), (2, -1.0), (-2, 1.0)):
            array[place] = before + steps * step
            total += weight * value()
        array[place] = before
        gradient[place] = total / (12.0 * step)
    return gradient


def check_by_differences(make: Callable[[], Layer], x: Floats, tolerance: float = 1e-9) -> None:
    """Compare every gradient of a layer with differences of Σ weights · y; `make` returns an equal layer each time."""
    layer = make()
    y, kept = layer.forward(x, training=True)
    weights = numbers(*y.shape, seed=99)
    dx, gradients = layer.backward(weights, kept)
    assert gradients.keys() == layer.parameters.keys()
    arrays = {"x": (x, dx)} | {name: (layer.parameters[name], gradients[name]) for name in gradients}

    def value() -> float:
        again = make()
        again.parameters = layer.parameters
        return float((weights * again.forward(x, training=True)[0]).sum())

    for name, (array, gradient) in arrays.items():
        assert gradient.shape == array.shape, name
        np.testing.assert_allclose(gradient, numeric_gradient(value, array), rtol=0, atol=tolerance, err_msg=name)


def check_against_torch(network: Sequence, module: torch.nn.Module, x: Floats, tolerance: float = 1e-9) -> None:
    """Compare output and all gradients in training with a torch module of the same weights, in the same order."""
    twin = module.double().train()
    own = list(network.parameters().values())
    theirs = list(twin.parameters())
    assert len(own) == len(theirs)
    with torch.no_grad():
        for parameter, array in zip(theirs, own, strict=True):
            parameter.copy_(torch.from_numpy(array))
    inputs = torch.from_numpy(x.copy()).requires_grad_()
    expected = twin(inputs)
    y = network.forward(x, training=True)
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=0, atol=tolerance)
    dy = numbers(*y.shape, seed=98)
    expected.backward(torch.from_numpy(dy))
    dx, gradients = network.backward(dy)
    assert inputs.grad is not None
    np.testing.assert_allclose(dx, inputs.grad.numpy(), rtol=0, atol=tolerance)
    for (name, gradient), parameter in zip(
        ((name, gradients[name]) for name in network.parameters()), theirs, strict=True
    ):
        assert parameter.grad is not None
        np.testing.assert_allclose(gradient, parameter.grad.numpy(), rtol=0, atol=tolerance, err_msg=name)
    after = {name: tensor for name, tensor in twin.state_dict().items() if "running" in name}
    buffers = [array for name, array in network.state().items() if "running" in name]
    for (name, tensor), array in zip(after.items(), buffers, strict=True):
        np.testing.assert_allclose(array, tensor.numpy(), rtol=0, atol=tolerance, err_msg=name)
