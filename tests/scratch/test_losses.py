import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ganache.scratch.losses import binary_cross_entropy, softmax_cross_entropy
from tests.scratch.checks import numbers, numeric_gradient


@pytest.mark.parametrize("target", [0.0, 0.9, 1.0])
def test_binary_cross_entropy_is_torchs_and_its_gradient_is_its_own(target: float) -> None:
    logits = 3.0 * numbers(6, 1)
    value, gradient = binary_cross_entropy(logits, target)
    theirs = torch.from_numpy(logits.copy()).requires_grad_()
    expected = F.binary_cross_entropy_with_logits(theirs, torch.full_like(theirs, target))
    expected.backward()  # type: ignore[no-untyped-call]
    assert value == pytest.approx(expected.item(), abs=1e-13)
    assert theirs.grad is not None
    np.testing.assert_allclose(gradient, theirs.grad.numpy(), rtol=0, atol=1e-13)
    # The number that is reported is the one that is differentiated: a logarithm to another base in either differs.
    numeric = numeric_gradient(lambda: binary_cross_entropy(logits, target)[0], logits)
    np.testing.assert_allclose(gradient, numeric, rtol=0, atol=1e-9)


def test_binary_cross_entropy_by_hand_is_in_nats() -> None:
    assert binary_cross_entropy(np.zeros((4, 1)), 1.0)[0] == pytest.approx(math.log(2.0), abs=1e-15)
    logits = np.array([[math.log(3.0)], [-math.log(3.0)]])  # probabilities 3/4 and 1/4
    value, gradient = binary_cross_entropy(logits, 1.0)
    assert value == pytest.approx((math.log(4 / 3) + math.log(4)) / 2, abs=1e-15)
    np.testing.assert_allclose(gradient, [[-1 / 8], [-3 / 8]], atol=1e-15)


def test_binary_cross_entropy_of_a_certain_discriminator_is_finite() -> None:
    value, gradient = binary_cross_entropy(np.array([[-1000.0], [1000.0]]), 1.0)
    assert value == 500.0
    np.testing.assert_array_equal(gradient, [[-0.5], [0.0]])
    tiny, slope = binary_cross_entropy(np.array([[-50.0]]), 0.0)
    assert tiny == pytest.approx(math.exp(-50.0), rel=1e-12)
    assert slope[0, 0] == pytest.approx(math.exp(-50.0), rel=1e-12)


def test_softmax_cross_entropy_is_torchs_and_its_gradient_is_its_own() -> None:
    logits, classes = 2.0 * numbers(5, 4), np.array([0.0, 3.0, 1.0, 1.0, 2.0])
    value, gradient = softmax_cross_entropy(logits, classes)
    theirs = torch.from_numpy(logits.copy()).requires_grad_()
    expected = F.cross_entropy(theirs, torch.from_numpy(classes).long())
    expected.backward()  # type: ignore[no-untyped-call]
    assert value == pytest.approx(expected.item(), abs=1e-13)
    assert theirs.grad is not None
    np.testing.assert_allclose(gradient, theirs.grad.numpy(), rtol=0, atol=1e-13)
    numeric = numeric_gradient(lambda: softmax_cross_entropy(logits, classes)[0], logits)
    np.testing.assert_allclose(gradient, numeric, rtol=0, atol=1e-9)


def test_softmax_cross_entropy_by_hand_and_far_out() -> None:
    value, gradient = softmax_cross_entropy(np.zeros((1, 4)), np.array([2.0]))
    assert value == pytest.approx(math.log(4.0), abs=1e-15)
    np.testing.assert_allclose(gradient, [[0.25, 0.25, -0.75, 0.25]])
    value, gradient = softmax_cross_entropy(np.array([[1000.0, -1000.0]]), np.array([1.0]))
    assert value == 2000.0
    np.testing.assert_array_equal(gradient, [[1.0, -1.0]])
