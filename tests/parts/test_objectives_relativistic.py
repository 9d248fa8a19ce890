import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss, soft_margin_loss

from ganache.parts.objectives import (
    Objective,
    RelativisticAverage,
    RelativisticAverageLeastSquares,
    RelativisticPairing,
)
from tests.parts.test_objectives import column, drawn, gradient

RELATIVISTIC = [RelativisticAverage(), RelativisticAverageLeastSquares(), RelativisticPairing()]


def test_the_average_is_subtracted_and_the_gradient_flows_through_it() -> None:
    # mean real = ln 3, mean fake = 0. sigmoid(ln 2 - ln 3) = 2/5, sigmoid(-ln 2 - ln 3) = 1/7,
    # sigmoid(-ln 9) = 1/10, sigmoid(0) = 1/2.
    real, fake = column(math.log(9), 0.0), column(math.log(2), -math.log(2))
    loss = RelativisticAverage().discriminator(real, fake)
    expected = [math.log(10 / 9) + math.log(5 / 3), math.log(2) + math.log(7 / 6)]
    assert loss.tolist() == pytest.approx(expected, rel=1e-14)
    # A real also moves the average that both fakes are compared with: -σ(-(xᵢ - f̄)) - ½ Σⱼ σ(fⱼ - x̄).
    through = (2 / 5 + 1 / 7) / 2
    assert gradient(loss, real) == pytest.approx([-1 / 10 - through, -1 / 2 - through], rel=1e-13)
    through = (1 / 10 + 1 / 2) / 2
    assert gradient(loss, fake) == pytest.approx([2 / 5 + through, 1 / 7 + through], rel=1e-13)


def test_the_generator_of_the_relativistic_average_by_hand() -> None:
    # softplus(x̄ - fᵢ) + softplus(xᵢ - f̄), the sigmoids being 1 minus the ones above.
    real, fake = column(math.log(9), 0.0), column(math.log(2), -math.log(2))
    loss = RelativisticAverage().generator(real, fake)
    expected = [math.log(5 / 2) + math.log(10), math.log(7) + math.log(2)]
    assert loss.tolist() == pytest.approx(expected, rel=1e-14)
    through = (9 / 10 + 1 / 2) / 2
    assert gradient(loss, fake) == pytest.approx([-3 / 5 - through, -6 / 7 - through], rel=1e-13)
    through = (3 / 5 + 6 / 7) / 2
    assert gradient(loss, real) == pytest.approx([9 / 10 + through, 1 / 2 + through], rel=1e-13)


def test_relativistic_average_least_squares_by_hand() -> None:
    # x̄ = 2, f̄ = -1: x - f̄ - 1 = (3, 1), f - x̄ + 1 = (1, -5).
    real, fake = column(3.0, 1.0), column(2.0, -4.0)
    loss = RelativisticAverageLeastSquares().discriminator(real, fake)
    assert loss.tolist() == [9.0 + 1.0, 1.0 + 25.0]
    assert gradient(loss, real) == [6.0 + 4.0, 2.0 + 4.0]  # 2 (xᵢ - f̄ - 1) - Σⱼ (fⱼ - x̄ + 1)
    assert gradient(loss, fake) == [2.0 - 4.0, -10.0 - 4.0]  # 2 (fᵢ - x̄ + 1) - Σⱼ (xⱼ - f̄ - 1)
    # For the generator f - x̄ - 1 = (-1, -7), x - f̄ + 1 = (5, 3).
    moved = RelativisticAverageLeastSquares().generator(real, fake)
    assert moved.tolist() == [1.0 + 25.0, 49.0 + 9.0]
    assert gradient(moved, fake) == [-2.0 - 8.0, -14.0 - 8.0]
    assert gradient(moved, real) == [10.0 + 8.0, 6.0 + 8.0]


def test_relativistic_pairing_by_hand() -> None:
    real, fake = column(math.log(3), 0.0), column(0.0, math.log(2))
    loss = RelativisticPairing().discriminator(real, fake)
    assert loss.tolist() == pytest.approx([math.log(4 / 3), math.log(3)], rel=1e-14)
    assert gradient(loss, real) == pytest.approx([-1 / 4, -2 / 3], rel=1e-14)
    assert gradient(loss, fake) == pytest.approx([1 / 4, 2 / 3], rel=1e-14)
    moved = RelativisticPairing().generator(real, fake)
    assert moved.tolist() == pytest.approx([math.log(4), math.log(3 / 2)], rel=1e-14)
    assert gradient(moved, fake) == pytest.approx([-3 / 4, -1 / 3], rel=1e-14)
    assert gradient(moved, real) == pytest.approx([3 / 4, 1 / 3], rel=1e-14)


def test_the_relativistic_average_is_cross_entropy_of_differences() -> None:
    real, fake = drawn(5, 40, 1)
    reals, fakes = real - fake.mean(), fake - real.mean()
    ones, zeros = torch.ones_like(real), torch.zeros_like(real)
    for loss, targets in (
        (RelativisticAverage().discriminator(real, fake), (ones, zeros)),
        (RelativisticAverage().generator(real, fake), (zeros, ones)),
    ):
        expected = binary_cross_entropy_with_logits(reals, targets[0], reduction="none")
        expected = expected + binary_cross_entropy_with_logits(fakes, targets[1], reduction="none")
        torch.testing.assert_close(loss, expected[:, 0], rtol=1e-12, atol=1e-15)


def test_relativistic_average_least_squares_is_the_mean_squared_error_of_the_published_listing() -> None:
    real, fake = drawn(6, 40, 1)
    expected = mse_loss(real, (fake.mean() + 1).expand_as(real)) + mse_loss(fake, (real.mean() - 1).expand_as(fake))
    made = RelativisticAverageLeastSquares().discriminator(real, fake).mean()
    torch.testing.assert_close(made, expected, rtol=1e-12, atol=0.0)
    expected = mse_loss(real, (fake.mean() - 1).expand_as(real)) + mse_loss(fake, (real.mean() + 1).expand_as(fake))
    made = RelativisticAverageLeastSquares().generator(real, fake).mean()
    torch.testing.assert_close(made, expected, rtol=1e-12, atol=0.0)


def test_relativistic_pairing_is_the_soft_margin_of_each_pair() -> None:
    # Differences are kept small: beyond 20 torch's softplus drops the e⁻²⁰ that its soft margin keeps.
    real, fake = (logits / 3 for logits in drawn(7, 40, 1))
    expected = soft_margin_loss(real - fake, torch.ones_like(real), reduction="none")
    torch.testing.assert_close(RelativisticPairing().discriminator(real, fake), expected[:, 0], rtol=1e-12, atol=1e-14)
    expected = soft_margin_loss(real - fake, -torch.ones_like(real), reduction="none")
    torch.testing.assert_close(RelativisticPairing().generator(real, fake), expected[:, 0], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("objective", RELATIVISTIC, ids=lambda objective: type(objective).__name__)
def test_only_differences_count(objective: Objective) -> None:
    real, fake = drawn(8, 6, 1)
    for half in (objective.discriminator, objective.generator):
        torch.testing.assert_close(half(real + 100.0, fake + 100.0), half(real, fake), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("objective", RELATIVISTIC, ids=lambda objective: type(objective).__name__)
def test_the_generator_plays_the_discriminators_game_with_the_sides_exchanged(objective: Objective) -> None:
    # The published conditional listing trains its generator with a Wasserstein loss under a relativistic critic.
    real, fake = drawn(9, 6, 1)
    assert objective.generator_needs_reals
    assert torch.equal(objective.generator(real, fake), objective.discriminator(fake, real))
    reals = real.clone().requires_grad_()
    (slope,) = torch.autograd.grad(objective.generator(reals, fake).sum(), reals)
    assert bool(slope.all())
    with pytest.raises(AssertionError):
        objective.generator(None, fake)


def test_large_differences_are_linear_or_flat() -> None:
    real, fake = column(1e4, 1e4), column(-1e4, -1e4)
    assert RelativisticAverage().discriminator(real, fake).tolist() == [0.0, 0.0]
    assert RelativisticAverage().generator(real, fake).tolist() == [4e4, 4e4]
    assert RelativisticPairing().discriminator(real, fake).tolist() == [0.0, 0.0]
    assert RelativisticPairing().generator(real, fake).tolist() == [2e4, 2e4]
    loss = RelativisticAverageLeastSquares().generator(real, fake)
    assert loss.tolist() == [2 * 20001.0**2] * 2


def test_patches_are_compared_with_the_average_over_all_patches() -> None:
    # Two samples of two patches: x̄ = 3, f̄ = 1.
    real = torch.tensor([[0.0, 2.0], [4.0, 6.0]], dtype=torch.float64)
    fake = torch.tensor([[1.0, 1.0], [2.0, 0.0]], dtype=torch.float64)
    loss = RelativisticAverageLeastSquares().discriminator(real, fake)
    # x - f̄ - 1 = (-2, 0), (2, 4); f - x̄ + 1 = (-1, -1), (0, -2).
    assert loss.tolist() == [(4.0 + 0.0) / 2 + 1.0, (4.0 + 16.0) / 2 + (0.0 + 4.0) / 2]
