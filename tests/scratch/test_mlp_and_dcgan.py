from typing import Literal

import numpy as np
import pytest
import torch

from ganache.data.shape import ImageShape
from ganache.networks import DCGANDiscriminator, Discriminator, MLPDiscriminator
from ganache.networks import layers as ordinary
from ganache.parts.verdict import Verdict
from ganache.scratch import mlp_and_dcgan
from ganache.scratch.by_hand import GanByHand, Memory
from ganache.scratch.mlp_and_dcgan import halvings
from ganache.scratch.randomness import RandomNumbers
from ganache.scratch.sequence import Sequence
from ganache.support.errors import UserError
from tests.scratch.checks import check_against_torch, numbers

SHAPES = [ImageShape(1, 28, 28), ImageShape(1, 8, 8), ImageShape(3, 16, 4)]


class WithoutLabels(torch.nn.Module):
    """An ordinary network as a function of one input, its images as rows of pixels."""

    def __init__(self, network: torch.nn.Module, shape: ImageShape | None) -> None:
        super().__init__()
        self.network, self.shape = network, shape

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.shape:
            x = x.reshape(-1, self.shape.channels, self.shape.height, self.shape.width)
        output = self.network(x, torch.zeros(len(x), 0))
        values: torch.Tensor = output.logits if isinstance(output, Verdict) else output
        return values.flatten(1)


def replaced(module: torch.nn.Module) -> torch.nn.Module:
    """Put a sigmoid in the place of the last tanh."""
    layers = module.layers
    assert isinstance(layers, torch.nn.Sequential)
    layers[-1] = torch.nn.Sigmoid()
    return module


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(
    ("kind", "twin"),
    [
        ("mlp", MLPDiscriminator(widths=(3, 3))),
        ("dcgan", DCGANDiscriminator(width=3, max_width=1_000)),
    ],
)
def test_both_players_are_the_ordinary_networks_with_all_gradients(
    kind: Literal["mlp", "dcgan"], twin: Discriminator, shape: ImageShape
) -> None:
    game = GanByHand(network=kind, width=3, latent=5, dropout=0.0)
    learners = Memory.of(game.build(shape, 0)).learners
    module = replaced(game.sampler.build(shape, 0))
    check_against_torch(learners["generator"].network, WithoutLabels(module, None), numbers(4, 5))
    module = WithoutLabels(twin.build(shape, 0), shape)
    check_against_torch(learners["discriminator"].network, module, numbers(4, shape.pixels))


def test_the_documents_networks() -> None:
    shape, random = ImageShape(1, 28, 28), RandomNumbers(0)
    generator = mlp_and_dcgan.mlp_generator(100, (500, 500), shape, random)
    discriminator = mlp_and_dcgan.mlp_discriminator((500, 500), shape, 0.0, random)
    assert kinds(generator) == ["LinearLayer", "ReLU", "LinearLayer", "ReLU", "LinearLayer", "Sigmoid"]
    # Its sigmoid is in the loss.
    assert kinds(discriminator) == ["LinearLayer", "ReLU", "LinearLayer", "ReLU", "LinearLayer"]
    assert [a.shape for a in generator.parameters().values()][::2] == [(500, 100), (500, 500), (784, 500)]
    assert [a.shape for a in discriminator.parameters().values()][::2] == [(500, 784), (500, 500), (1, 500)]
    first = generator.parameters()["0.weight"]
    assert np.abs(first).max() <= 0.1
    assert np.abs(first).max() > 0.0999
    assert abs(first.mean()) < 1e-3


def kinds(network: Sequence) -> list[str]:
    return [type(layer).__name__ for layer in network.layers]


@pytest.mark.parametrize("side", [1, 2, 7, 8, 12, 14, 28, 32, 48, 64])
def test_halvings_are_those_of_the_ordinary_networks(side: int) -> None:
    assert halvings(ImageShape(1, side, 8)) == ordinary.halvings(side, 8)


@pytest.mark.parametrize("side", [9, 18, 30])
def test_a_side_that_does_not_halve_evenly_is_refused(side: int) -> None:
    with pytest.raises(UserError, match="halve evenly"):
        mlp_and_dcgan.dcgan_generator(4, 4, ImageShape(1, 8, side), RandomNumbers(0))
