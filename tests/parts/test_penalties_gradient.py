import copy
import math

import pytest
import torch
from torch import Tensor, nn

from ganache.games import Moment
from ganache.networks import MLPDiscriminator
from ganache.parts.objectives import Wasserstein
from ganache.parts.penalties import DRAGAN, R1, R2, GradientPenalty
from ganache.parts.terms import Penalty
from ganache.parts.verdict import Verdict
from tests.parts.test_penalties import SHAPE, Linearly, Scaled, Squarely, critic_of, draw
from tests.tiny import RATE, batch_of, cast_of, connected, discriminator_step, move_of, tiny_recipe

SLOPED = [GradientPenalty(), DRAGAN()]


class Watched(nn.Module):
    """Keeps the images that it is asked about."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.asked: list[Tensor] = []

    def forward(self, images: Tensor, conditions: Tensor) -> Verdict:
        self.asked.append(images.detach().clone())
        return Verdict.of(self.inner(images, conditions))


@pytest.mark.parametrize("penalty", SLOPED, ids=str)
def test_of_a_linear_critic_it_is_the_squared_distance_of_the_norm_from_1_and_pulls_on_the_weights(
    penalty: Penalty,
) -> None:
    # |∇ w·x| = |w| everywhere: the value is (|w| - 1)², its gradient 2 (|w| - 1) w / |w|.
    network = Linearly(torch.tensor([3.0, 0.0, 0.0, 4.0, 0.0, 0.0], dtype=torch.float64))
    values = penalty(move_of(critic_of(network), draw(5, 1, 2, 3), draw(5, 1, 2, 3)))
    assert values.tolist() == pytest.approx([16.0] * 5, rel=1e-12)
    values.mean().backward()  # type: ignore[no-untyped-call]
    assert network.weight.grad is not None
    assert network.weight.grad.tolist() == pytest.approx([4.8, 0.0, 0.0, 6.4, 0.0, 0.0], rel=1e-12)


@pytest.mark.parametrize("penalty", SLOPED, ids=str)
def test_a_slope_below_1_is_pushed_up_and_of_1_left_alone(penalty: Penalty) -> None:
    for length, expected in ((0.5, 0.25), (1.0, 0.0)):
        network = Linearly(torch.tensor([length, 0, 0, 0, 0, 0], dtype=torch.float64))
        values = penalty(move_of(critic_of(network), draw(3, 1, 2, 3), draw(3, 1, 2, 3)))
        assert values.tolist() == pytest.approx([expected] * 3, rel=1e-10, abs=1e-20)
        (slope,) = torch.autograd.grad(values.mean(), network.weight)
        assert float(slope[0]) == pytest.approx(2.0 * (length - 1.0), rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("penalty", SLOPED, ids=str)
def test_a_flat_critic_has_a_penalty_of_1_and_a_finite_gradient(penalty: Penalty) -> None:
    network = Linearly(torch.zeros(6, dtype=torch.float64))
    values = penalty(move_of(critic_of(network), draw(3, 1, 2, 3), draw(3, 1, 2, 3)))
    assert values.tolist() == pytest.approx([1.0] * 3, abs=1e-5)
    (slope,) = torch.autograd.grad(values.mean(), network.weight)
    assert bool(torch.isfinite(slope).all())


def test_gradient_penalty_of_a_quadratic_critic_at_the_points_it_chose() -> None:
    # ∇ ½ Σ a x² = a x at the point x̂; the slope's own gradient with respect to a follows the chain rule.
    network, reals, fakes = Squarely(draw(6)), draw(4, 1, 2, 3), draw(4, 1, 2, 3)
    watched = Watched(network)
    values = GradientPenalty()(move_of(critic_of(watched), reals, fakes))
    (points,) = (asked.flatten(1) for asked in watched.asked)
    weight = network.weight.detach()
    length = (weight * points).square().sum(1).sqrt()
    torch.testing.assert_close(values.detach(), (length - 1.0).square(), rtol=1e-9, atol=1e-12)
    (slope,) = torch.autograd.grad(values.sum(), network.weight)
    expected = (2.0 * ((length - 1.0) / length)[:, None] * weight * points.square()).sum(0)
    torch.testing.assert_close(slope, expected, rtol=1e-9, atol=1e-12)


def test_the_points_lie_uniformly_on_the_lines_between_each_real_and_its_fake() -> None:
    torch.manual_seed(0)
    reals, fakes = draw(2000, 1, 2, 3), draw(2000, 1, 2, 3)
    watched = Watched(Squarely(draw(6)))
    GradientPenalty()(move_of(critic_of(watched), reals, fakes))
    places = ((watched.asked[0] - reals) / (fakes - reals)).flatten(1)
    assert float((places - places[:, :1]).abs().max()) < 1e-6  # the same place for every pixel of a pair
    place = places[:, 0]
    assert 0.0 <= float(place.min()) < 0.01
    assert 0.99 < float(place.max()) < 1.0
    # Mean 1/2 and variance 1/12 of the uniform distribution, within four standard errors of 2,000 draws.
    assert float(place.mean()) == pytest.approx(0.5, abs=4 * math.sqrt(1 / 12 / 2000))
    assert float(place.var()) == pytest.approx(1 / 12, abs=4 * math.sqrt(1 / 180 / 2000))


def test_dragan_looks_around_the_reals_alone_within_half_their_deviation() -> None:
    torch.manual_seed(0)
    reals = draw(500, 1, 2, 3)
    watched = Watched(Squarely(draw(6)))
    values = DRAGAN()(move_of(critic_of(watched), reals, torch.full_like(reals, float("nan"))))
    assert bool(torch.isfinite(values).all())
    steps = (watched.asked[0] - reals) / (0.5 * reals.std(correction=0))
    assert 0.0 <= float(steps.min()) < 0.01
    assert 0.9 < float(steps.max()) < 1.0
    # A product of two independent uniform values has mean 1/4; the pixels of an image share one of them.
    assert float(steps.mean()) == pytest.approx(0.25, abs=0.03)
    assert float((steps[:, 0, 0, 0] - steps[:, 0, 0, 1]).abs().max()) > 0.1


@pytest.mark.parametrize("penalty", SLOPED, ids=str)
def test_the_slope_is_that_of_the_raw_images_and_the_conditions_reach_the_critic(penalty: Penalty) -> None:
    network = Linearly(torch.tensor([1.0, 0, 0, 0, 0, 0], dtype=torch.float64))
    conditions = torch.tensor([[0.0, 0.0], [1.0, 0.0]], dtype=torch.float64)  # doubles the second slope
    values = penalty(move_of(critic_of(network, Scaled(3.0)), draw(2, 1, 2, 3), draw(2, 1, 2, 3), conditions))
    assert values.tolist() == pytest.approx([4.0, 25.0], rel=1e-10)


def test_r2_is_r1_of_the_fakes() -> None:
    network, reals, fakes = Squarely(draw(6)), draw(5, 1, 2, 3), draw(5, 1, 2, 3)
    values = R2()(move_of(critic_of(network), torch.full_like(reals, float("nan")), fakes))
    flat, weight = fakes.flatten(1), network.weight.detach()
    torch.testing.assert_close(values.detach(), (weight * flat).square().sum(1) / 2.0, rtol=1e-13, atol=0.0)
    (slope,) = torch.autograd.grad(values.sum(), network.weight)
    torch.testing.assert_close(slope, (weight * flat.square()).sum(0), rtol=1e-13, atol=0.0)
    turned = R1()(move_of(critic_of(network), fakes, reals))
    torch.testing.assert_close(values, turned, rtol=0.0, atol=0.0)


@pytest.mark.parametrize("penalty", [R1(), R2(), *SLOPED], ids=str)
def test_a_penalty_alone_moves_every_weight_matrix_of_the_critic(penalty: Penalty) -> None:
    torch.manual_seed(0)
    network = MLPDiscriminator(widths=(8, 8), slope=0.2).build(SHAPE, 0).double()
    penalty(move_of(critic_of(network), draw(6, 1, 2, 3), draw(6, 1, 2, 3))).mean().backward()  # type: ignore[no-untyped-call]
    for name, weight in network.named_parameters():
        moved = weight.grad is not None and bool(weight.grad.any())
        # The slope of a piecewise linear network does not depend on its biases.
        assert moved is name.endswith("weight"), name


def test_the_gradient_penalty_changes_the_step_of_the_critic() -> None:
    # Computed without a graph it would be a constant: the loss would show it, and no weight would feel it.
    torch.manual_seed(3)
    pair, batch, latents = connected(), batch_of(), torch.randn(8, 3)
    moved = []
    for weight in (0.0, 10.0):
        recipe = tiny_recipe(objective=Wasserstein(), penalties={"slope": GradientPenalty(weight=weight)})
        cast = cast_of(copy.deepcopy(pair))
        torch.manual_seed(5)
        records = discriminator_step(cast, batch, latents, recipe, Moment(), due=["slope"])
        moved.append([value.detach().clone() for value in cast.networks["discriminator"].parameters()])

    critic, watched = copy.deepcopy(pair[1]), Watched(copy.deepcopy(pair[1]))
    torch.manual_seed(5)
    fakes = pair[0](latents, batch.conditions).detach()
    term = GradientPenalty()(move_of(critic_of(watched, Scaled(0.5)), batch.reals, fakes, batch.conditions))
    torch.testing.assert_close(records["penalty/slope"], term.detach())
    slopes = torch.autograd.grad(term.mean(), list(watched.inner.parameters()), allow_unused=True)
    for without, pulled, slope, start in zip(*moved, slopes, critic.parameters(), strict=True):
        step = torch.zeros_like(start) if slope is None else -RATE * 10.0 * slope
        torch.testing.assert_close(pulled - without, step, rtol=1e-4, atol=1e-6)
    assert any(float((pulled - without).abs().max()) > 1e-2 for without, pulled in zip(*moved, strict=True))
