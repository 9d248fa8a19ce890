import numpy as np
import pytest
import torch
from torch import nn

from ganache.scratch.activations import LeakyReLU, ReLU, Sigmoid, Tanh, sigmoid
from ganache.scratch.dropout import DropoutLayer
from ganache.scratch.layer import Layer
from ganache.scratch.linear import Flatten, LinearLayer, Reshape
from ganache.scratch.normalization import BatchNorm
from ganache.scratch.randomness import RandomNumbers
from ganache.scratch.sequence import Sequence
from tests.scratch.checks import check_against_torch, check_by_differences, numbers

PAIRS: dict[str, tuple[Layer, nn.Module, tuple[int, ...]]] = {
    "linear": (LinearLayer(numbers(3, 5, seed=1), numbers(3, seed=2)), nn.Linear(5, 3), (4, 5)),
    "linear without bias": (LinearLayer(numbers(3, 5, seed=1)), nn.Linear(5, 3, bias=False), (4, 5)),
    "relu": (ReLU(), nn.ReLU(), (4, 5)),
    "leaky relu": (LeakyReLU(0.2), nn.LeakyReLU(0.2), (4, 5)),
    "sigmoid": (Sigmoid(), nn.Sigmoid(), (4, 5)),
    "tanh": (Tanh(), nn.Tanh(), (4, 5)),
    "flatten": (Flatten(), nn.Flatten(), (2, 3, 2, 2)),
    "reshape": (Reshape(3, 2, 2), nn.Unflatten(1, (3, 2, 2)), (2, 12)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_layer_has_the_gradients_of_finite_differences_and_of_autograd(name: str) -> None:
    layer, module, shape = PAIRS[name]
    check_by_differences(lambda: layer, numbers(*shape))
    check_against_torch(Sequence(layer), module, numbers(*shape))


@pytest.mark.parametrize(("shape", "module"), [((6, 3), nn.BatchNorm1d(3)), ((3, 2, 4, 3), nn.BatchNorm2d(2))])
def test_batch_norm_in_training(shape: tuple[int, ...], module: nn.Module) -> None:
    weight, bias = numbers(shape[1], seed=3), numbers(shape[1], seed=4)
    check_by_differences(lambda: BatchNorm(weight, bias), numbers(*shape))
    check_against_torch(Sequence(BatchNorm(weight, bias)), module, numbers(*shape))


def test_batch_norm_outside_training_uses_what_it_remembers_and_does_not_change_it() -> None:
    layer, twin = BatchNorm(numbers(2, seed=3), numbers(2, seed=4)), nn.BatchNorm2d(2).double()
    with torch.no_grad():
        twin.weight.copy_(torch.from_numpy(layer.parameters["weight"]))
        twin.bias.copy_(torch.from_numpy(layer.parameters["bias"]))
    for seed in range(3):
        batch = 2.0 + 3.0 * numbers(4, 2, 3, 3, seed=seed)
        layer.forward(batch, training=True)
        twin(torch.from_numpy(batch))
    before = {name: array.copy() for name, array in layer.buffers.items()}
    x = numbers(2, 2, 3, 3, seed=9)
    y, _ = layer.forward(x, training=False)
    np.testing.assert_allclose(y, twin.eval()(torch.from_numpy(x)).detach().numpy(), rtol=0, atol=1e-12)
    alone, _ = layer.forward(x[:1], training=False)
    np.testing.assert_array_equal(alone, y[:1])
    assert all(np.array_equal(layer.buffers[name], before[name]) for name in before)


def test_dropout_with_its_mask_fixed_by_the_seed() -> None:
    check_by_differences(lambda: DropoutLayer(0.4, RandomNumbers(5)), numbers(6, 7))


def test_dropout_zeroes_its_share_keeps_the_mean_and_is_nothing_outside_training() -> None:
    x = np.ones((200, 500))
    layer = DropoutLayer(0.3, RandomNumbers(0))
    y, (mask,) = layer.forward(x, training=True)
    assert set(np.unique(y)) == {0.0, 1.0 / 0.7}
    assert abs((y == 0).mean() - 0.3) < 0.006  # four standard deviations of 100,000 coins
    assert abs(y.mean() - 1.0) < 0.01
    np.testing.assert_array_equal(layer.backward(2.0 * x, (mask,))[0], 2.0 * mask)
    assert layer.forward(x, training=True)[1][0].tolist() != mask.tolist()
    assert layer.forward(x, training=False)[0] is x


def test_sigmoid_keeps_its_digits_at_both_ends() -> None:
    values = sigmoid(np.array([-800.0, -40.0, 0.0, 40.0, 800.0]))
    expected = torch.sigmoid(torch.tensor([-800.0, -40.0, 0.0, 40.0, 800.0], dtype=torch.float64)).numpy()
    np.testing.assert_allclose(values, expected, rtol=1e-14)
    assert values[1] == pytest.approx(np.exp(-40.0), rel=1e-12)
