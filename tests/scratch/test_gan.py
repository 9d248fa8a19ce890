"""The two players' gradients, and the document's defects, each with what it would have computed instead."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import logsigmoid

from ganache.data.shape import ImageShape
from ganache.scratch.activations import sigmoid
from ganache.scratch.descent import SGD
from ganache.scratch.gan import Gan, Learner
from ganache.scratch.mlp_and_dcgan import mlp_discriminator, mlp_generator
from ganache.scratch.randomness import RandomNumbers
from ganache.scratch.sequence import Sequence
from tests.scratch.checks import Floats, numbers, numeric_gradient

SHAPE, LATENT, BATCH, RATE = ImageShape(1, 3, 2), 4, 6, 0.5
LATENTS = (numbers(BATCH, LATENT, seed=11), numbers(BATCH, LATENT, seed=12))


def small_gan(real_target: float = 1.0) -> Gan:
    random = RandomNumbers(3)
    generator = Learner(mlp_generator(LATENT, (5, 5), SHAPE, random), SGD(RATE))
    discriminator = Learner(mlp_discriminator((5, 5), SHAPE, 0.0, random), SGD(RATE))
    return Gan(generator, discriminator, real_target)


def twin(network: Sequence, ends_in_sigmoid: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    for layer in network.layers:
        if "weight" in layer.parameters:
            outputs, inputs = layer.parameters["weight"].shape
            linear = nn.Linear(inputs, outputs).double()
            linear.weight.data = torch.from_numpy(layer.parameters["weight"].copy())
            linear.bias.data = torch.from_numpy(layer.parameters["bias"].copy())
            layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1], *([nn.Sigmoid()] if ends_in_sigmoid else []))


def assert_gradients(gradients: dict[str, Floats], module: nn.Module) -> None:
    for gradient, parameter in zip(sorted_by_place(gradients), module.parameters(), strict=True):
        assert parameter.grad is not None
        np.testing.assert_allclose(gradient, parameter.grad.numpy(), rtol=0, atol=1e-12)


def sorted_by_place(gradients: dict[str, Floats]) -> list[Floats]:
    names = sorted(gradients, key=lambda name: (int(name.partition(".")[0]), name.endswith("bias")))
    return [gradients[name] for name in names]


def test_the_generators_gradient_is_autograds_through_the_whole_chain() -> None:
    gan, latents = small_gan(), numbers(BATCH, LATENT)
    loss, gradients = gan.generator_gradients(latents)
    generator, discriminator = twin(gan.generator.network, True), twin(gan.discriminator.network, False)
    expected = -logsigmoid(discriminator(generator(torch.from_numpy(latents)))).mean()
    expected.backward()  # type: ignore[no-untyped-call]
    assert loss == pytest.approx(expected.item(), abs=1e-13)
    assert_gradients(gradients, generator)


@pytest.mark.parametrize("real_target", [1.0, 0.9])
def test_the_discriminators_gradient_is_autograds(real_target: float) -> None:
    gan = small_gan(real_target)
    reals, fakes = sigmoid(numbers(BATCH, 6, seed=1)), sigmoid(numbers(BATCH, 6, seed=2))
    loss, gradients = gan.discriminator_gradients(reals, fakes)
    module = twin(gan.discriminator.network, False)
    real, fake = module(torch.from_numpy(reals)), module(torch.from_numpy(fakes))
    smoothed = -real_target * logsigmoid(real) - (1.0 - real_target) * logsigmoid(-real)
    expected = smoothed.mean() - logsigmoid(-fake).mean()
    expected.backward()  # type: ignore[no-untyped-call]
    assert loss == pytest.approx(expected.item(), abs=1e-13)
    assert_gradients(gradients, module)


def test_defect_every_fake_of_the_generators_batch_is_pushed_towards_real() -> None:
    """The document's upstream gradient is 1/D for the first half and 1/(D - 1) for the second, as if half were real."""
    gan = small_gan()
    fake = sigmoid(numbers(1, 6, seed=2))
    loss, at_pixels, _ = gan.scored(np.repeat(fake, BATCH, axis=0), 1.0)
    assert np.abs(at_pixels).max() > 1e-5
    np.testing.assert_allclose(at_pixels, np.repeat(at_pixels[:1], BATCH, axis=0), atol=1e-16)
    shares = BATCH * at_pixels[0]

    def alone() -> float:
        return gan.scored(fake, 1.0)[0]

    np.testing.assert_allclose(shares, numeric_gradient(alone, fake, step=1e-5)[0], rtol=0, atol=1e-9)
    assert loss == pytest.approx(alone(), abs=1e-13)


def test_defect_the_logarithms_factor_is_applied_once() -> None:
    """The document multiplies what D passes back, in which 1/D(G(z)) is already, by 1/D(G(z)) and 1/m once more."""
    gan, fakes = small_gan(), sigmoid(numbers(BATCH, 6, seed=4))
    _, at_pixels, _ = gan.scored(fakes, 1.0)
    once = numeric_gradient(lambda: gan.scored(fakes, 1.0)[0], fakes, step=1e-5)
    np.testing.assert_allclose(at_pixels, once, rtol=0, atol=1e-9)
    twice = once / sigmoid(gan.discriminator.network.forward(fakes)) / BATCH
    assert not np.allclose(at_pixels, twice, rtol=0.5, atol=0)


def test_defect_losses_are_reported_in_the_logarithm_that_is_differentiated() -> None:
    """The document reports log base 2: 2 at the start where the loss is 2 ln 2."""
    gan = small_gan()
    for array in gan.discriminator.network.layers[-1].parameters.values():
        array[...] = 0.0  # D says one half of everything
    losses = gan.step(sigmoid(numbers(BATCH, 6)), *LATENTS)
    assert losses["loss/discriminator"] == pytest.approx(2.0 * math.log(2.0), abs=1e-15)
    weights = gan.discriminator.network.layers[-1].parameters["weight"]
    latents = numbers(BATCH, LATENT)
    at_weights = gan.scored(gan.generator.network.forward(latents), 1.0)[2]["4.weight"]
    numeric = numeric_gradient(lambda: gan.scored(gan.generator.network.forward(latents), 1.0)[0], weights)
    np.testing.assert_allclose(at_weights, numeric, rtol=0, atol=1e-9)


def test_defect_the_cache_does_not_grow_while_the_generator_only_draws() -> None:
    gan = small_gan()
    for _ in range(4):
        gan.generator.network.forward(numbers(BATCH, LATENT))
        assert gan.generator.network.kept == []
        gan.step(sigmoid(numbers(BATCH, 6)), *LATENTS)
        assert gan.generator.network.kept == gan.discriminator.network.kept == []


def test_a_step_moves_the_discriminator_first_and_each_player_by_its_own_gradient() -> None:
    gan, same, reals = small_gan(), small_gan(), sigmoid(numbers(BATCH, 6))
    before = {name: array.copy() for name, array in gan.generator.network.parameters().items()}
    fakes = same.generator.network.forward(LATENTS[0])
    discriminator_loss, gradients = same.discriminator_gradients(reals, fakes)
    same.discriminator.move(gradients)
    generator_loss, gradients = same.generator_gradients(LATENTS[1])
    assert gan.step(reals, *LATENTS) == {"loss/generator": generator_loss, "loss/discriminator": discriminator_loss}
    for name, array in gan.generator.network.parameters().items():
        np.testing.assert_array_equal(array, before[name] - RATE * gradients[name])
    for name, array in gan.discriminator.network.parameters().items():
        np.testing.assert_array_equal(array, same.discriminator.network.parameters()[name])
