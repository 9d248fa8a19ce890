"""Fully connected networks, for pictures of any shape and for points."""

import itertools
from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from ganache.networks.base import Discriminator, Generator, Latent, Normal
from ganache.networks.layers import with_labels
from ganache.shape import ImageShape

Width = Annotated[int, Field(ge=1)]


class MLPGenerator(Generator):
    """Linear layers with (leaky) ReLU, then tanh over every pixel."""

    latent: Latent = Normal(size=100)
    widths: tuple[Width, ...] = (256, 512, 1024)
    slope: float = Field(default=0.0, ge=0, lt=1)  # of the leaky ReLU; 0 is the plain one

    def build(self, shape: ImageShape, labels: int) -> nn.Module:
        """Return the module; every shape is possible."""
        hidden = _hidden_layers((self.latent.size + labels, *self.widths), self.slope, dropout=0.0)
        last = nn.Linear((self.latent.size + labels, *self.widths)[-1], shape.pixels)
        return _MLPGenerator(nn.Sequential(*hidden, last, nn.Tanh()), shape)


class MLPDiscriminator(Discriminator):
    """Linear layers with (leaky) ReLU and dropout, then one logit."""

    widths: tuple[Width, ...] = (512, 256)
    slope: float = Field(default=0.0, ge=0, lt=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)  # after each hidden layer

    def build(self, shape: ImageShape, labels: int) -> nn.Module:
        """Return the module; every shape is possible."""
        hidden = _hidden_layers((shape.pixels + labels, *self.widths), self.slope, self.dropout)
        return _MLPDiscriminator(nn.Sequential(*hidden, nn.Linear((shape.pixels + labels, *self.widths)[-1], 1)))


class _MLPGenerator(nn.Module):
    def __init__(self, layers: nn.Sequential, shape: ImageShape) -> None:
        super().__init__()
        self.layers = layers
        self.image = (shape.channels, shape.height, shape.width)

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        pixels: Tensor = self.layers(with_labels(latent, labels))
        return pixels.reshape(-1, *self.image)


class _MLPDiscriminator(nn.Module):
    def __init__(self, layers: nn.Sequential) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        logits: Tensor = self.layers(with_labels(images.flatten(1), labels))
        return logits


def _hidden_layers(widths: tuple[int, ...], slope: float, dropout: float) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.LeakyReLU(slope) if slope else nn.ReLU()]
        if dropout:
            layers.append(nn.Dropout(dropout))
    return layers
