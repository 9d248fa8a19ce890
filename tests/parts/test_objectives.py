import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, hinge_embedding_loss, mse_loss

from ganache.parts.objectives import (
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Objective,
    RelativisticAverage,
    RelativisticAverageLeastSquares,
    RelativisticPairing,
    Wasserstein,
    per_sample,
)
from ganache.parts.part import kinds, parse
from ganache.support.errors import UserError

OBJECTIVES = [kind() for kind in kinds(Objective) if kind.__module__.startswith("ganache.")]


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)[:, None].requires_grad_()


def gradient(loss: Tensor, logits: Tensor) -> list[float]:
    (slope,) = torch.autograd.grad(loss.sum(), logits, retain_graph=True)
    return [float(value) for value in slope.flatten()]


def test_there_are_objectives() -> None:
    assert {type(objective) for objective in OBJECTIVES} >= {NonSaturating, LeastSquares}


def test_non_saturating_by_hand() -> None:
    # sigmoid(ln 3) = 3/4, sigmoid(ln 2) = 2/3; sigmoid(0) = 1/2.
    real, fake = column(math.log(3), 0.0), column(math.log(2), 0.0)
    loss = NonSaturating().discriminator(real, fake)
    assert loss.tolist() == pytest.approx([math.log(4 / 3) + math.log(3), 2 * math.log(2)], rel=1e-14)
    assert gradient(loss, real) == pytest.approx([-1 / 4, -1 / 2], rel=1e-14)
    assert gradient(loss, fake) == pytest.approx([2 / 3, 1 / 2], rel=1e-14)
    moved = NonSaturating().generator(None, fake)
    assert moved.tolist() == pytest.approx([math.log(3 / 2), math.log(2)], rel=1e-14)
    assert gradient(moved, fake) == pytest.approx([-1 / 3, -1 / 2], rel=1e-14)


def test_least_squares_by_hand() -> None:
    real, fake = column(3.0, 1.0), column(1.0, -2.0)
    loss = LeastSquares().discriminator(real, fake)
    assert loss.tolist() == [2.5, 2.0]
    assert gradient(loss, real) == [2.0, 0.0]
    assert gradient(loss, fake) == [1.0, -2.0]
    moved = LeastSquares().generator(None, fake)
    assert moved.tolist() == [0.0, 4.5]
    assert gradient(moved, fake) == [0.0, -3.0]


def test_minimax_by_hand() -> None:
    real, fake = column(math.log(3), 0.0), column(math.log(2), 0.0)
    assert torch.equal(Minimax().discriminator(real, fake), NonSaturating().discriminator(real, fake))
    moved = Minimax().generator(None, fake)  # log(1 - 2/3) and log(1 - 1/2)
    assert moved.tolist() == pytest.approx([-math.log(3), -math.log(2)], rel=1e-14)
    assert gradient(moved, fake) == pytest.approx([-2 / 3, -1 / 2], rel=1e-14)


def test_minimax_saturates_where_its_remedy_does_not() -> None:
    fake = column(-30.0)
    assert gradient(Minimax().generator(None, fake), fake) == pytest.approx([-math.exp(-30.0)], rel=1e-12)
    assert gradient(NonSaturating().generator(None, fake), fake) == pytest.approx([-1.0], rel=1e-12)


@pytest.mark.parametrize("objective", [NonSaturating(real_target=0.9), Minimax(real_target=0.9)], ids=str)
def test_smoothed_labels_of_the_reals_by_hand(objective: Objective) -> None:
    # 0.9 softplus(-x) + 0.1 softplus(x); its slope is sigmoid(x) - 0.9. The fakes' labels stay 0: one-sided.
    real, fake = column(math.log(3), 0.0), column(math.log(2), 0.0)
    loss = objective.discriminator(real, fake)
    first = 0.9 * math.log(4 / 3) + 0.1 * math.log(4) + math.log(3)
    assert loss.tolist() == pytest.approx([first, 2 * math.log(2)], rel=1e-14)
    assert gradient(loss, real) == pytest.approx([0.75 - 0.9, 0.5 - 0.9], rel=1e-14)
    assert gradient(loss, fake) == pytest.approx([2 / 3, 1 / 2], rel=1e-14)
    sharp = type(objective)()
    assert torch.equal(objective.generator(None, fake), sharp.generator(None, fake))


def test_smoothed_least_squares_by_hand() -> None:
    real, fake = column(2.9, 0.9), column(1.0, -2.0)
    loss = LeastSquares(real_target=0.9).discriminator(real, fake)
    assert loss.tolist() == pytest.approx([2.0 + 0.5, 2.0], rel=1e-14)
    assert gradient(loss, real) == pytest.approx([2.0, 0.0], rel=1e-14, abs=1e-15)
    assert gradient(loss, fake) == [1.0, -2.0]
    assert LeastSquares(real_target=0.9).generator(None, fake).tolist() == [0.0, 4.5]


def test_other_targets_of_least_squares_by_hand() -> None:
    # Its equation 8: a = -1, b = 1, c = 0.
    objective = LeastSquares(real_target=1.0, fake_target=-1.0, generator_target=0.0)
    assert objective.discriminator(column(3.0), column(1.0)).tolist() == [2.0 + 2.0]
    assert objective.generator(None, column(-3.0)).tolist() == [4.5]


@pytest.mark.parametrize("target", [0.5, 1.1, 0.0])
def test_smoothing_that_would_swap_or_overshoot_is_refused(target: float) -> None:
    with pytest.raises(UserError, match=r"^real_target: input should be (greater than 0\.5|less than or equal to 1)"):
        parse(NonSaturating, {"real_target": target})


def test_wasserstein_by_hand() -> None:
    real, fake = column(3.0, -1.0), column(0.5, 4.0)
    loss = Wasserstein().discriminator(real, fake)
    assert loss.tolist() == [-2.5, 5.0]
    assert gradient(loss, real) == [-1.0, -1.0]
    assert gradient(loss, fake) == [1.0, 1.0]
    moved = Wasserstein().generator(None, fake)
    assert moved.tolist() == [-0.5, -4.0]
    assert gradient(moved, fake) == [-1.0, -1.0]


def test_hinge_by_hand() -> None:
    real, fake = column(2.0, 0.5), column(-0.5, -3.0)
    loss = Hinge().discriminator(real, fake)
    assert loss.tolist() == [0.0 + 0.5, 0.5 + 0.0]
    assert gradient(loss, real) == [0.0, -1.0]
    assert gradient(loss, fake) == [1.0, 0.0]
    moved = Hinge().generator(None, fake)
    assert moved.tolist() == [0.5, 3.0]
    assert gradient(moved, fake) == [-1.0, -1.0]


@pytest.mark.parametrize(
    ("objective", "right", "swapped"),
    [
        (NonSaturating(), math.log(4), math.log(6)),
        (Minimax(), math.log(4), math.log(6)),
        (LeastSquares(), 2.5, 4.5),
        (Wasserstein(), math.log(2 / 3), math.log(3 / 2)),
        (Hinge(), 1 + math.log(2), 2 + math.log(3 / 2)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_reals_and_fakes_cannot_change_places(objective: Objective, right: float, swapped: float) -> None:
    least_squares = isinstance(objective, LeastSquares)
    real, fake = (column(3.0), column(1.0)) if least_squares else (column(math.log(3)), column(math.log(2)))
    assert objective.discriminator(real, fake).tolist() == pytest.approx([right], rel=1e-14)
    assert objective.discriminator(fake, real).tolist() == pytest.approx([swapped], rel=1e-14)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: type(objective).__name__)
def test_a_real_that_looks_real_and_a_fake_that_looks_fake_cost_the_discriminator_less(objective: Objective) -> None:
    good, bad = column(1.0), column(0.0)
    assert objective.discriminator(good, bad).item() < objective.discriminator(bad, good).item()
    if not objective.generator_needs_reals:
        assert objective.generator(None, good).item() < objective.generator(None, bad).item()


def test_non_saturating_is_cross_entropy_with_the_papers_targets() -> None:
    random = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(50, 1, generator=random, dtype=torch.float64) * 5 for _ in range(2))
    ones, zeros = torch.ones_like(real), torch.zeros_like(real)
    expected = binary_cross_entropy_with_logits(real, ones, reduction="none")
    expected = expected + binary_cross_entropy_with_logits(fake, zeros, reduction="none")
    torch.testing.assert_close(NonSaturating().discriminator(real, fake), expected[:, 0], rtol=1e-12, atol=1e-15)
    expected = binary_cross_entropy_with_logits(fake, ones, reduction="none")
    torch.testing.assert_close(NonSaturating().generator(None, fake), expected[:, 0], rtol=1e-12, atol=1e-15)


def drawn(seed: int, *shape: int) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(seed)
    first, second = (torch.randn(*shape, generator=random, dtype=torch.float64) * 5 for _ in range(2))
    return first, second


@pytest.mark.parametrize("kind", [NonSaturating, Minimax])
def test_smoothed_labels_are_cross_entropy_with_a_softer_target(kind: type[NonSaturating | Minimax]) -> None:
    real, fake = drawn(1, 50, 1)
    targets = torch.full_like(real, 0.9)
    expected = binary_cross_entropy_with_logits(real, targets, reduction="none")
    expected = expected + binary_cross_entropy_with_logits(fake, torch.zeros_like(fake), reduction="none")
    made = kind(real_target=0.9).discriminator(real, fake)
    torch.testing.assert_close(made, expected[:, 0], rtol=1e-12, atol=1e-15)


def test_minimax_is_minus_the_discriminators_cross_entropy_of_the_fakes() -> None:
    fake = drawn(2, 50, 1)[1]
    expected = -binary_cross_entropy_with_logits(fake, torch.zeros_like(fake), reduction="none")
    torch.testing.assert_close(Minimax().generator(None, fake), expected[:, 0], rtol=1e-12, atol=1e-15)


def test_least_squares_is_half_the_mean_squared_error() -> None:
    real, fake = drawn(3, 50, 1)
    expected = 0.5 * mse_loss(real, torch.full_like(real, 0.9)) + 0.5 * mse_loss(fake, torch.zeros_like(fake))
    made = LeastSquares(real_target=0.9).discriminator(real, fake).mean()
    torch.testing.assert_close(made, expected, rtol=1e-12, atol=0.0)
    expected = 0.5 * mse_loss(fake, torch.ones_like(fake))
    torch.testing.assert_close(LeastSquares().generator(None, fake).mean(), expected, rtol=1e-12, atol=0.0)


def test_hinge_is_torchs_hinge_of_labels_minus_one() -> None:
    real, fake = drawn(4, 50, 1)
    minus = -torch.ones_like(real)
    expected = hinge_embedding_loss(real, minus, reduction="none") + hinge_embedding_loss(
        -fake, minus, reduction="none"
    )
    torch.testing.assert_close(Hinge().discriminator(real, fake), expected[:, 0], rtol=1e-12, atol=0.0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_large_logits_neither_overflow_nor_lose_their_gradient(dtype: torch.dtype) -> None:
    real = torch.tensor([[-1e4], [1e4]], dtype=dtype, requires_grad=True)
    fake = torch.tensor([[1e4], [-1e4]], dtype=dtype, requires_grad=True)
    loss = NonSaturating().discriminator(real, fake)
    assert loss.tolist() == [2e4, 0.0]
    assert gradient(loss, real) == [-1.0, 0.0]
    assert gradient(loss, fake) == [1.0, 0.0]
    moved = NonSaturating().generator(None, fake)
    assert moved.tolist() == [0.0, 1e4]
    assert gradient(moved, fake) == [0.0, -1.0]
    squares = LeastSquares().discriminator(real, fake)
    assert squares.tolist() == pytest.approx([(1e4 + 1) ** 2 / 2 + 5e7, (1e4 - 1) ** 2 / 2 + 5e7], rel=1e-6)


EXTREMES = (-1e4, 0.0, 1e4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: type(objective).__name__)
def test_no_objective_overflows(objective: Objective, dtype: torch.dtype) -> None:
    pairs = torch.cartesian_prod(torch.tensor(EXTREMES, dtype=dtype), torch.tensor(EXTREMES, dtype=dtype))
    real, fake = (pairs[:, index : index + 1].clone().requires_grad_() for index in range(2))
    losses = [objective.discriminator(real, fake)]
    losses.append(objective.generator(real if objective.generator_needs_reals else None, fake))
    for loss in losses:
        assert bool(torch.isfinite(loss).all())
        for slope in torch.autograd.grad(loss.sum(), (real, fake), retain_graph=True, allow_unused=True):
            assert slope is None or bool(torch.isfinite(slope).all())


def test_minimax_at_large_logits_is_linear_or_flat() -> None:
    fake = column(1e4, -1e4)
    moved = Minimax().generator(None, fake)
    assert moved.tolist() == [-1e4, 0.0]
    assert gradient(moved, fake) == [-1.0, 0.0]


def test_a_small_loss_keeps_its_digits() -> None:
    loss = NonSaturating().generator(None, torch.tensor([[50.0]]))
    assert float(loss) == pytest.approx(math.exp(-50.0), rel=1e-6)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: type(objective).__name__)
def test_a_patch_counts_as_its_share_of_the_sample(objective: Objective) -> None:
    random = torch.Generator().manual_seed(1)
    real, fake = (torch.randn(4, 1, 3, 3, generator=random, dtype=torch.float64) for _ in range(2))
    loss = objective.discriminator(real, fake)
    assert loss.shape == (4,)
    alone = objective.discriminator(real.reshape(36, 1), fake.reshape(36, 1))
    torch.testing.assert_close(loss, alone.reshape(4, 9).mean(1), rtol=1e-12, atol=0.0)
    moved = objective.generator(real if objective.generator_needs_reals else None, fake)
    assert moved.shape == (4,)
    torch.testing.assert_close(
        objective.discriminator(real[:, 0, 0, 0], fake[:, 0, 0, 0]),
        objective.discriminator(real[:, :, 0, 0], fake[:, :, 0, 0]),
        rtol=0.0,
        atol=0.0,
    )


def test_per_sample_is_the_mean_of_each_samples_values() -> None:
    values = torch.arange(12.0).reshape(2, 1, 2, 3)
    assert per_sample(values).tolist() == [2.5, 8.5]
    assert per_sample(torch.tensor([3.0, 4.0])).tolist() == [3.0, 4.0]


BOUNDARIES = [
    (NonSaturating(), 0.0),
    (NonSaturating(real_target=0.9), 0.0),
    (Minimax(), 0.0),
    (Hinge(), 0.0),
    (LeastSquares(), 0.5),
    (LeastSquares(real_target=3.0, fake_target=-2.0), 0.5),
    (Wasserstein(), 1.25),
    (RelativisticPairing(), 1.25),
    (RelativisticAverage(), 1.25),
    (RelativisticAverageLeastSquares(), 1.25),
]


@pytest.mark.parametrize(("objective", "expected"), BOUNDARIES, ids=lambda value: str(value)[:40])
def test_the_logit_above_which_an_image_counts_as_real(objective: Objective, expected: float) -> None:
    reals, fakes = torch.tensor([[2.0], [4.0]]), torch.tensor([[-1.0], [0.0]])  # means 3 and -½
    assert float(objective.boundary(reals, fakes)) == expected
