import numpy as np
import pytest
import torch

from ganache.scratch.descent import SGD, AdamDescent, Descent
from tests.scratch.checks import numbers


@pytest.mark.parametrize("kind", ["sgd", "adam", "adam without memory"])
def test_an_optimizer_moves_as_torchs_over_several_steps(kind: str) -> None:
    own = {"a": numbers(3, 4, seed=1), "b": numbers(5, seed=2)}
    same_arrays = dict(own)
    theirs = [torch.from_numpy(array.copy()).requires_grad_() for array in own.values()]
    descent: Descent
    twin: torch.optim.Optimizer
    if kind == "sgd":
        descent, twin = SGD(0.1), torch.optim.SGD(theirs, lr=0.1)
    else:
        betas = (0.5, 0.999) if kind == "adam" else (0.0, 0.0)
        descent, twin = AdamDescent(own, 0.01, betas), torch.optim.Adam(theirs, lr=0.01, betas=betas)
    for step in range(7):
        # Scales from large to small, so that the averages and their corrections matter.
        gradients = {name: 10.0**-step * numbers(*array.shape, seed=10 + step) for name, array in own.items()}
        before = {name: gradient.copy() for name, gradient in gradients.items()}
        for parameter, gradient in zip(theirs, gradients.values(), strict=True):
            parameter.grad = torch.from_numpy(gradient.copy())
        descent.step(own, gradients)
        twin.step()
        for name, parameter in zip(own, theirs, strict=True):
            np.testing.assert_allclose(own[name], parameter.detach().numpy(), rtol=0, atol=1e-12)
            np.testing.assert_array_equal(gradients[name], before[name])
    assert kind == "sgd" or descent.memory["steps"] == 7
    assert all(own[name] is same_arrays[name] for name in own)  # moved in place


def test_adam_takes_a_first_step_of_the_learning_rate_whatever_the_gradients_scale() -> None:
    for scale in (1e-3, 1e3):
        weights = {"w": np.zeros(2)}
        AdamDescent(weights, 0.01, (0.9, 0.999)).step(weights, {"w": scale * np.array([1.0, -1.0])})
        np.testing.assert_allclose(weights["w"], [-0.01, 0.01], rtol=1e-4)
