import weakref
from typing import ClassVar

import numpy as np
import pytest

from ganache.scratch.activations import ReLU
from ganache.scratch.array_module import Array
from ganache.scratch.dropout import DropoutLayer
from ganache.scratch.layer import Gradients, Kept, Layer
from ganache.scratch.linear import LinearLayer
from ganache.scratch.normalization import BatchNorm
from ganache.scratch.randomness import RandomNumbers
from ganache.scratch.sequence import Sequence
from tests.scratch.checks import numbers


def network() -> Sequence:
    return Sequence(
        LinearLayer(numbers(4, 3, seed=1), numbers(4, seed=2)), ReLU(), BatchNorm(np.ones(4), np.zeros(4)),
        DropoutLayer(0.5, RandomNumbers(0)), LinearLayer(numbers(2, 4, seed=3), numbers(2, seed=4)),
    )  # fmt: skip


def test_nothing_is_kept_outside_training() -> None:
    layers = network()
    for _ in range(5):
        layers.forward(numbers(6, 3))
        assert layers.kept == []


def test_what_is_kept_in_training_never_grows_and_is_used_up() -> None:
    layers = network()
    for _ in range(5):
        layers.forward(numbers(6, 3), training=True)
        assert len(layers.kept) == len(layers.layers)
        layers.forward(numbers(6, 3))  # a picture between two steps leaves what training keeps alone
        assert len(layers.kept) == len(layers.layers)
    layers.backward(numbers(6, 2))
    assert layers.kept == []
    with pytest.raises(AssertionError, match="uses it up"):
        layers.backward(numbers(6, 2))


def test_a_drawing_between_forward_and_backward_does_not_change_the_gradients() -> None:
    expected, disturbed = network(), network()
    x, dy = numbers(6, 3), numbers(6, 2)
    expected.forward(x, training=True)
    disturbed.forward(x, training=True)
    disturbed.forward(numbers(9, 3, seed=8))
    (at_input, gradients), (same, sames) = expected.backward(dy), disturbed.backward(dy)
    np.testing.assert_array_equal(at_input, same)
    assert gradients.keys() == sames.keys() == expected.parameters().keys()
    assert all(np.array_equal(gradients[name], sames[name]) for name in gradients)


def test_names_say_place_and_parameter_and_hold_the_arrays_themselves() -> None:
    layers = network()
    assert list(layers.parameters()) == ["0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias"]
    assert list(layers.state())[2:6] == ["2.weight", "2.bias", "2.running_mean", "2.running_var"]
    assert layers.state()["4.bias"] is layers.layers[4].parameters["bias"]


class Probe(Layer):
    """Keeps a token for backward, and notes which tokens of layers before it are still alive."""

    tokens: ClassVar[list["weakref.ref[set[int]]"]] = []

    def forward(self, x: Array, training: bool) -> tuple[Array, Kept]:
        self.alive = sum(token() is not None for token in self.tokens)
        token: set[int] = set()
        self.tokens.append(weakref.ref(token))
        return x, (token,)

    def backward(self, dy: Array, kept: Kept) -> tuple[Array, Gradients]:
        return dy, {}


@pytest.mark.parametrize(("training", "alive"), [(True, [0, 1, 2]), (False, [0, 1, 1])])
def test_outside_training_no_more_than_one_layers_needs_live_at_once(training: bool, alive: list[int]) -> None:
    Probe.tokens.clear()
    probes = [Probe(), Probe(), Probe()]
    Sequence(*probes).forward(numbers(2, 2), training)
    assert [probe.alive for probe in probes] == alive
