"""Both moves against the paper's algorithm box, computed by hand and by autograd in float64."""

import copy
import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from ganache.data.shape import ImageShape
from ganache.games import Moment
from ganache.games.game import TrainingBatch
from ganache.networks import DCGANDiscriminator, DCGANGenerator
from ganache.parts.constraints import Constraint
from ganache.parts.latents import Normal
from ganache.parts.objectives import LeastSquares, Objective
from ganache.parts.penalties import R1
from ganache.parts.schedules import Linear
from ganache.parts.terms import ROLES
from tests.tiny import RATE, batch_of, cast_of, connected, discriminator_step, generator_step, logits_of, tiny_recipe

NOW = Moment()


class Compared(Objective):
    """Needs the reals in both halves."""

    generator_needs_reals = True

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return (fake_logits - real_logits)[:, 0]

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        assert real_logits is not None
        return (real_logits - 2.0 * fake_logits)[:, 0]


class Clipped(Constraint):
    limit: float

    def apply(self, discriminator: nn.Module) -> None:
        for weight in discriminator.parameters():
            weight.data.clamp_(-self.limit, self.limit)


def convolutional() -> tuple[nn.Module, nn.Module]:
    shape = ImageShape(1, 8, 8)
    return DCGANGenerator(latent=Normal(size=3), width=4).build(shape, 0), DCGANDiscriminator(width=4).build(shape, 0)


def descended(network: nn.Module, loss: Tensor) -> list[Tensor]:
    """Return what one step of plain gradient descent makes of the weights."""
    slopes = torch.autograd.grad(loss, list(network.parameters()))
    return [weight.detach() - RATE * slope for weight, slope in zip(network.parameters(), slopes, strict=True)]


def assert_weights(network: nn.Module, expected: list[Tensor]) -> None:
    for weight, value in zip(network.parameters(), expected, strict=True):
        torch.testing.assert_close(weight.detach().double(), value.double(), rtol=1e-5, atol=1e-6)


def cross_entropy(logits: Tensor, target: float) -> Tensor:
    return binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


@pytest.mark.parametrize("labels", [0, 3])
def test_both_halves_are_those_of_the_algorithm_box(labels: int) -> None:
    torch.manual_seed(0)
    pair = connected(labels)
    reference = [copy.deepcopy(network).double() for network in pair]
    generator, discriminator = reference
    cast, recipe = cast_of(pair), tiny_recipe()
    batch, latents = batch_of(labels=labels), torch.randn(8, 3)
    reals, kinds, z = batch.reals.double(), batch.conditions.double(), latents.double()

    fakes = generator(z, kinds).detach()
    real, fake = logits_of(discriminator, reals / 2, kinds), logits_of(discriminator, fakes / 2, kinds)
    loss = cross_entropy(real, 1.0) + cross_entropy(fake, 0.0)
    expected = descended(discriminator, loss)
    discriminator_step(cast, batch, latents, recipe, NOW)
    assert_weights(cast.networks["discriminator"], expected)

    discriminator = copy.deepcopy(cast.networks["discriminator"]).double()
    discriminator.requires_grad_(False)
    expected = descended(generator, cross_entropy(logits_of(discriminator, generator(z, kinds) / 2, kinds), 1.0))
    generator_step(cast, batch, latents, recipe, NOW)
    assert_weights(cast.networks["generator"], expected)


class Dyadic(nn.Module):
    """One linear layer of quarters, through which small numbers pass without any rounding."""

    def __init__(self, inputs: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randint(-4, 5, (inputs, math.prod(shape))).float() / 4)
        self.shape = shape

    def forward(self, inputs: Tensor, conditions: Tensor) -> Tensor:
        return (inputs.flatten(1) @ self.weight).reshape(-1, *self.shape)


def test_both_halves_to_the_last_bit_where_nothing_is_rounded() -> None:
    torch.manual_seed(1)
    recipe = tiny_recipe(objective=LeastSquares(), penalties={"r1": R1(weight=0.5)})
    reals, z = torch.randint(-8, 9, (8, 1, 2, 2)).double() / 8, torch.randint(-1, 2, (8, 3)).double()
    batch = TrainingBatch(reals.float(), torch.zeros(8, 0))
    pair = Dyadic(3, (1, 2, 2)), Dyadic(4, (1,))
    generator, discriminator = (network.weight.detach().double() for network in pair)

    # By hand, with x' = x/2, logits r = x'·w and f = G(z)'·w, R1 = ½|w/2|².
    x, fakes = reals.flatten(1) / 2, (z @ generator) / 2
    real, fake = x @ discriminator, fakes @ discriminator
    slope = (x.T @ (real - 1) + fakes.T @ fake) / 8 + 0.5 * discriminator / 4
    cast = cast_of(copy.deepcopy(pair))
    records = discriminator_step(cast, batch, z.float(), recipe, NOW, due=["r1"])
    (moved,) = cast.networks["discriminator"].parameters()
    assert torch.equal(moved.detach().double(), discriminator - RATE * slope)
    assert torch.equal(records["loss/discriminator"].double(), ((real - 1) ** 2 / 2 + fake**2 / 2)[:, 0])
    assert torch.equal(records["penalty/r1"].double(), (discriminator.square().sum() / 8).expand(8))

    assert torch.equal(records["accuracy/real"], (real > 0.5).float()[:, 0])
    assert torch.equal(records["accuracy/fake"], (fake < 0.5).float()[:, 0])

    slope = z.T @ ((fake - 1) @ discriminator.T) / 2 / 8
    cast = cast_of(copy.deepcopy(pair))
    records = generator_step(cast, batch, z.float(), recipe, NOW)
    (moved,) = cast.networks["generator"].parameters()
    assert torch.equal(moved.detach().double(), generator - RATE * slope)
    assert torch.equal(records["loss/generator"].double(), ((fake - 1) ** 2 / 2)[:, 0])
    # ½(fake - 1)², fake = G(z)/2 · w, has the slope (fake - 1) w/2 at G(z).
    torch.testing.assert_close(records["gradient/fakes"], ((fake - 1).abs()[:, 0] * discriminator.norm() / 2).float())


@pytest.mark.parametrize("joint", [True, False])
def test_batch_norm_sees_the_mixture_or_each_alone(joint: bool) -> None:
    torch.manual_seed(2)
    pair = convolutional()
    generator, discriminator = (copy.deepcopy(network).double() for network in pair)
    cast, recipe = cast_of(pair), tiny_recipe(joint_batch=joint)
    batch, latents = batch_of(ImageShape(1, 8, 8)), torch.randn(8, 3)
    none = torch.zeros(16, 0)
    fakes = generator(latents.double(), none[:8]).detach()
    if joint:
        real, fake = logits_of(discriminator, torch.cat([batch.reals.double(), fakes]) / 2, none).chunk(2)
    else:
        real, fake = (logits_of(discriminator, images / 2, none[:8]) for images in (batch.reals.double(), fakes))
    expected = descended(discriminator, cross_entropy(real, 1.0) + cross_entropy(fake, 0.0))
    records = discriminator_step(cast, batch, latents, recipe, NOW)
    assert_weights(cast.networks["discriminator"], expected)
    torch.testing.assert_close(records["logits/real"].double(), real.detach()[:, 0], rtol=1e-4, atol=1e-6)
    # What batch norm counted: one mixture, or two batches.
    counter = next(value for name, value in pair[1].named_buffers() if name.endswith("num_batches_tracked"))
    assert int(counter) == (1 if joint else 2)


def test_joint_and_separate_batches_are_not_the_same() -> None:
    torch.manual_seed(2)
    pair = convolutional()
    batch, latents, moved = batch_of(ImageShape(1, 8, 8)), torch.randn(8, 3), []
    for joint in (True, False):
        cast = cast_of(copy.deepcopy(pair))
        discriminator_step(cast, batch, latents, tiny_recipe(joint_batch=joint), NOW)
        moved.append(nn.utils.parameters_to_vector(cast.networks["discriminator"].parameters()).detach())
    assert float((moved[0] - moved[1]).abs().max()) > 1e-4


def test_a_penalty_counts_with_its_weight_and_only_when_it_is_due() -> None:
    torch.manual_seed(6)
    pair, batch, latents = connected(), batch_of(), torch.randn(8, 3)
    recipe = tiny_recipe(penalties={"r1": R1(weight=Linear(start=1.25, end=0.0, until=20.0), every=4)})
    for due, weight in (((), 0.0), (("r1",), 2.5)):  # half of 1.25, four-fold for the three moves without it
        cast = cast_of(copy.deepcopy(pair))
        generator, discriminator = (copy.deepcopy(network).double() for network in pair)
        reals = (batch.reals.double()).requires_grad_()
        real = logits_of(discriminator, reals / 2, batch.conditions)
        fake = logits_of(discriminator, generator(latents.double(), batch.conditions).detach() / 2, batch.conditions)
        (slope,) = torch.autograd.grad(real.sum(), reals, create_graph=True)
        penalty = slope.square().sum(dim=(1, 2, 3)) / 2
        loss = cross_entropy(real, 1.0) + cross_entropy(fake, 0.0) + weight * penalty.mean()
        expected = descended(discriminator, loss)
        records = discriminator_step(cast, batch, latents, recipe, Moment(10), due)
        assert_weights(cast.networks["discriminator"], expected)
        assert ("penalty/r1" in records) is bool(due)
        if due:
            torch.testing.assert_close(records["penalty/r1"].double(), penalty.detach(), rtol=1e-5, atol=1e-8)


def test_a_relativistic_generator_gets_the_reals_through_the_same_critic() -> None:
    torch.manual_seed(7)
    cast, batch, latents = cast_of(connected()), batch_of(), torch.randn(8, 3)
    generator, discriminator = (
        copy.deepcopy(cast.networks[role]).requires_grad_(role == "generator") for role in ROLES
    )
    real = logits_of(discriminator, batch.reals / 2, batch.conditions)
    fake = logits_of(discriminator, generator(latents, batch.conditions) / 2, batch.conditions)
    expected = descended(generator, (real - 2 * fake).mean())
    records = generator_step(cast, batch, latents, tiny_recipe(objective=Compared()), NOW)
    assert_weights(cast.networks["generator"], expected)
    torch.testing.assert_close(records["loss/generator"], (real - 2 * fake).detach()[:, 0])


def test_a_constraint_holds_after_the_update() -> None:
    torch.manual_seed(8)
    pair, batch, latents = connected(), batch_of(), torch.randn(8, 3)
    free, bound = cast_of(copy.deepcopy(pair)), cast_of(copy.deepcopy(pair))
    discriminator_step(free, batch, latents, tiny_recipe(), NOW)
    discriminator_step(bound, batch, latents, tiny_recipe(constraint=Clipped(limit=0.125)), NOW)
    expected = [weight.detach().clamp(-0.125, 0.125) for weight in free.networks["discriminator"].parameters()]
    assert_weights(bound.networks["discriminator"], expected)
    assert any(bool((weight.detach().abs() == 0.125).any()) for weight in bound.networks["discriminator"].parameters())
