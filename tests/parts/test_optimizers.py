import math

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from ganache.parts.moment import Moment, Timed, Value
from ganache.parts.optimizers import Adam
from ganache.parts.schedules import Linear


def test_two_steps_of_adam_by_hand() -> None:
    # Kingma & Ba 2015, algorithm 1, with the gradients 2 and -1.
    rate, first, second, epsilon = 0.1, 0.5, 0.75, 1e-3
    weight = nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
    optimizer = Adam(learning_rate=rate, betas=(first, second), epsilon=epsilon).build([weight])
    expected, mean, square = 1.0, 0.0, 0.0
    for step, slope in enumerate([2.0, -1.0], start=1):
        weight.grad = torch.tensor([slope], dtype=torch.float64)
        optimizer.step()
        mean = first * mean + (1 - first) * slope
        square = second * square + (1 - second) * slope**2
        corrected = mean / (1 - first**step), square / (1 - second**step)
        expected -= rate * corrected[0] / (math.sqrt(corrected[1]) + epsilon)
        assert weight.tolist() == pytest.approx([expected], rel=1e-14)


def test_scheduled_values_are_those_of_the_moment() -> None:
    adam = Adam(
        learning_rate=Linear(start=1.0, end=0.0, until=100.0), betas=(Linear(start=0.0, end=0.5, until=50.0), 0.9)
    )
    weights = [nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(3))]
    optimizer = adam.build(weights)
    values = [(optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["betas"])]
    for seen in (25, 50, 100):
        adam.set(optimizer, Moment(seen))
        values.append((optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["betas"]))
    assert values == [(1.0, (0.0, 0.9)), (0.75, (0.25, 0.9)), (0.5, (0.5, 0.9)), (0.0, (0.5, 0.9))]


def test_a_new_rate_moves_the_weights_by_so_much() -> None:
    # The first step of Adam is the rate against the gradient's sign, whatever its size.
    weight = nn.Parameter(torch.tensor([0.0, 0.0], dtype=torch.float64))
    adam = Adam(learning_rate=Linear(start=1.0, end=0.0, until=10.0), epsilon=1e-12)
    optimizer = adam.build([weight])
    adam.set(optimizer, Moment(6))
    weight.grad = torch.tensor([5.0, -0.01], dtype=torch.float64)
    optimizer.step()
    assert weight.tolist() == pytest.approx([-0.4, 0.4], rel=1e-9)


@pytest.mark.parametrize("rate", [0.0, 1e-39])
def test_a_rate_of_nothing_on_the_device_leaves_weights_without_slopes(rate: float) -> None:
    weight = nn.Parameter(torch.tensor([1.0, 0.0]))
    optimizer = Adam().build([weight])
    optimizer.param_groups[0].update(lr=torch.tensor(rate), betas=(torch.tensor(0.5), torch.tensor(0.9)))
    for slope in ([0.0, 0.0], [0.0, 2.0]):
        weight.grad = torch.tensor(slope)
        optimizer.step()
    assert weight.tolist() == [1.0, pytest.approx(0.0, abs=1e-38)]


ORDERS = (torch.contiguous_format, torch.channels_last)


@pytest.mark.parametrize("of_slope", ORDERS, ids=str)
@pytest.mark.parametrize("of_weight", ORDERS, ids=str)
def test_the_order_in_memory_of_weights_and_slopes_changes_nothing(
    of_weight: torch.memory_format, of_slope: torch.memory_format
) -> None:
    # The fused kernel by itself moves weights by other weights' slopes where orders differ (torch 2.13).
    random = torch.Generator().manual_seed(0)
    shapes = ((8, 6, 3, 3), (8, 6, 1, 1), (5, 1, 4, 4))
    starts, slopes = ([torch.randn(shape, generator=random, dtype=torch.float64) for shape in shapes] for _ in "ab")
    weights = [nn.Parameter(start.clone(memory_format=of_weight)) for start in starts]
    optimizer = Adam(learning_rate=0.1, betas=(0.5, 0.9)).build(weights)
    plain = [nn.Parameter(start.clone()) for start in starts]
    reference = torch.optim.Adam(plain, lr=0.1, betas=(0.5, 0.9))
    for _ in range(3):
        for weight, other, slope in zip(weights, plain, slopes, strict=True):
            weight.grad, other.grad = slope.clone(memory_format=of_slope), slope.clone()
        optimizer.step()
        reference.step()
    for weight, other in zip(weights, plain, strict=True):
        torch.testing.assert_close(weight, other, rtol=1e-12, atol=1e-12)
        assert weight.is_contiguous(memory_format=of_weight)


class Scalar(Moment):
    """Answers every schedule with a tensor."""

    def at(self, schedule: float | Timed) -> Value:
        """Return a scalar in float64."""
        return torch.tensor(super().at(schedule), dtype=torch.float64)


def test_rates_and_betas_on_the_device_are_the_same_arithmetic() -> None:
    adam = Adam(
        learning_rate=Linear(start=0.1, end=0.01, until=30.0),
        betas=(Linear(start=0.0, end=0.5, until=30.0), Linear(start=0.9, end=0.999, until=30.0)),
        epsilon=1e-3,
    )
    generator = torch.Generator().manual_seed(0)
    start = [torch.randn(3, 2, dtype=torch.float64, generator=generator) for _ in range(3)]
    both = [[nn.Parameter(value.clone()) for value in start] for _ in range(2)]
    optimizers = [adam.build(weights) for weights in both]
    for number in range(6):
        slopes = [torch.randn(3, 2, dtype=torch.float64, generator=generator) for _ in start]
        for kind, weights, optimizer in zip((Moment, Scalar), both, optimizers, strict=True):
            adam.set(optimizer, kind(5 * number))
            for index, (weight, slope) in enumerate(zip(weights, slopes, strict=True)):
                weight.grad = slope.clone() if index < 2 or number % 3 == 1 else None  # the last one moves rarely
            optimizer.step()
    for one, other, before in zip(*both, start, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=0.0)  # counts of steps are float32
        assert not torch.equal(one, before)
        ours, theirs = (optimizer.state[weight] for optimizer, weight in zip(optimizers, (one, other), strict=True))
        assert ours.keys() == theirs.keys()
        assert torch.equal(ours["step"], theirs["step"])
        torch.testing.assert_close(ours["exp_avg_sq"], theirs["exp_avg_sq"], rtol=1e-12, atol=0.0)


def test_an_epsilon_that_float32_does_not_know_is_refused() -> None:
    """It would be 0, and 0 / 0 the move of a weight that never had a slope."""
    with pytest.raises(ValidationError, match="epsilon"):
        Adam(epsilon=1e-50)
