import pytest
import torch
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.parts.augmentations import Augmenter, InputNoise
from ganache.parts.constraints import Unconstrained
from ganache.parts.critic import Critic
from ganache.parts.moment import Moment
from ganache.parts.penalties import R1, squared_slope
from ganache.support.precision import FULL, Autocast
from tests.tiny import move_of

RANDOM = torch.Generator().manual_seed(0)
SHAPE = ImageShape(1, 2, 3)


def draw(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=RANDOM, dtype=torch.float64)


class Linearly(nn.Module):
    """D(x, y) = w·x (1 + Σ y)."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
        return images.flatten(1) @ self.weight[:, None] * (1.0 + conditions.sum(1, keepdim=True))


class Squarely(nn.Module):
    """D(x) = ½ Σ aᵢ xᵢ²."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
        return (images.flatten(1).square() @ self.weight[:, None]) / 2.0


class Scaled(Augmenter):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, images: Tensor, now: Moment) -> Tensor:
        return images * self.factor


def critic_of(network: nn.Module, augmenter: Augmenter | None = None, autocast: Autocast = FULL) -> Critic:
    return Critic(network, augmenter or Scaled(1.0), Moment(), autocast)


def test_r1_of_a_linear_critic_is_half_its_squared_weights_and_pulls_on_them() -> None:
    network, reals = Linearly(draw(6)), draw(5, 1, 2, 3)
    values = R1()(move_of(critic_of(network), reals))
    half = float(network.weight.detach().square().sum()) / 2.0
    assert values.tolist() == pytest.approx([half] * 5, rel=1e-14)
    values.mean().backward()  # type: ignore[no-untyped-call]
    torch.testing.assert_close(network.weight.grad, network.weight.detach(), rtol=1e-14, atol=0.0)
    assert reals.grad is None
    assert not reals.requires_grad


def test_r1_of_a_quadratic_critic_differs_by_sample() -> None:
    network, reals = Squarely(draw(6)), draw(5, 1, 2, 3)
    values = R1()(move_of(critic_of(network), reals))
    flat, weight = reals.flatten(1), network.weight.detach()
    torch.testing.assert_close(values.detach(), (weight * flat).square().sum(1) / 2.0, rtol=1e-13, atol=0.0)
    (slope,) = torch.autograd.grad(values.sum(), network.weight)
    torch.testing.assert_close(slope, (weight * flat.square()).sum(0), rtol=1e-13, atol=0.0)


def test_the_slope_is_that_of_the_raw_images_behind_the_augmentation() -> None:
    # D(3x) = 3 w·x has the squared slope 9 |w|²; D(3x) = 9/2 Σ a x² has the slope 9 a x.
    reals = draw(4, 1, 2, 3)
    linear, square = Linearly(draw(6)), Squarely(draw(6))
    weight = linear.weight.detach()
    values = R1()(move_of(critic_of(linear, Scaled(3.0)), reals))
    assert values.tolist() == pytest.approx([9.0 * float(weight.square().sum()) / 2.0] * 4, rel=1e-13)
    (slope,) = torch.autograd.grad(values.mean(), linear.weight)
    torch.testing.assert_close(slope, 9.0 * weight, rtol=1e-13, atol=0.0)
    values = R1()(move_of(critic_of(square, Scaled(3.0)), reals))
    expected = (9.0 * square.weight.detach() * reals.flatten(1)).square().sum(1) / 2.0
    torch.testing.assert_close(values.detach(), expected, rtol=1e-13, atol=0.0)


def test_noise_moves_the_point_at_which_the_slope_is_taken() -> None:
    network, reals = Squarely(draw(6)), draw(4, 1, 2, 3)
    torch.manual_seed(3)
    values = R1()(move_of(critic_of(network, InputNoise(deviation=0.5).build(SHAPE)), reals))
    torch.manual_seed(3)
    noisy = reals + 0.5 * torch.randn_like(reals)
    expected = (network.weight.detach() * noisy.flatten(1)).square().sum(1) / 2.0
    torch.testing.assert_close(values.detach(), expected, rtol=1e-13, atol=0.0)


def test_the_conditions_reach_the_critic() -> None:
    network, reals = Linearly(draw(6)), draw(2, 1, 2, 3)
    values = squared_slope(critic_of(network), reals, torch.tensor([[0.0, 0.0], [1.0, 0.0]], dtype=torch.float64))
    weight = float(network.weight.detach().square().sum())
    assert values.tolist() == pytest.approx([weight, 4.0 * weight], rel=1e-14)


def test_the_slope_of_patches_is_that_of_their_mean() -> None:
    class Patches(nn.Module):
        def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
            return images * torch.arange(1.0, 7.0, dtype=torch.float64).reshape(1, 1, 2, 3)

    values = squared_slope(critic_of(Patches()), draw(2, 1, 2, 3), torch.zeros(2, 0))
    assert values.tolist() == pytest.approx([91.0 / 36] * 2, rel=1e-6)  # (1² + … + 6²) / 6²; verdicts are in float32


def test_a_penalty_has_the_critics_precision_and_is_summed_in_float32() -> None:
    layer = nn.Linear(6, 1, bias=False)

    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = layer

        def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
            logits: Tensor = self.inner(images.flatten(1))
            return logits

    critic = critic_of(Plain(), autocast=Autocast("cpu", torch.bfloat16))
    reals = draw(3, 1, 2, 3).float()
    weight = layer.weight.detach()
    values = R1()(move_of(critic, reals))
    assert values.dtype == torch.float32
    narrow = weight.bfloat16().float()  # exact, since the slope of a linear critic is its weight
    assert values.tolist() == pytest.approx([float(narrow.square().sum()) / 2.0] * 3, rel=1e-6)
    assert not torch.equal(narrow, weight)


def test_no_constraint_leaves_the_weights() -> None:
    network = Linearly(draw(6))
    before = network.weight.detach().clone()
    Unconstrained().apply(network)
    assert torch.equal(network.weight, before)


@pytest.mark.parametrize("side", [1, 4, 32])
def test_the_slope_of_a_map_of_logits_is_that_of_their_mean(side: int) -> None:
    """R1 was the slope of the logits' sum: of a map of 32 × 32 a million times what the losses average."""

    class Map(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.tensor(3.0, dtype=torch.float64))

        def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
            return (images * self.weight).sum(dim=(1, 2, 3))[:, None, None].expand(-1, side, side)

    # Every logit is 3 Σ x, and so is their mean: over six pixels |∇|² = 6 · 3², and half of it in R1.
    critic, images = critic_of(Map()), draw(2, 1, 2, 3)
    assert R1()(move_of(critic, images)).tolist() == pytest.approx([27.0] * 2, rel=1e-12)
