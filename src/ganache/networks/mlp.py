"""Fully connected networks, for pictures of any shape, for rows and for points."""

import itertools
from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.networks.base import Discriminator, FeatureDiscriminator, Generator
from ganache.networks.layers import ConditionProjection, Dropout, in_stages, spectrally_normalised, with_conditions
from ganache.networks.row_values import last_step
from ganache.parts.latents import Latent, Normal

Width = Annotated[int, Field(ge=1)]


class MLPGenerator(Generator):
    """Linear layers with (leaky) ReLU, then tanh over every pixel; over the categories of a row's column a softmax."""

    latent: Latent = Normal(size=100)
    widths: tuple[Width, ...] = (256, 512, 1024)
    slope: float = Field(default=0.0, ge=0, lt=1)  # of the leaky ReLU; 0 is the plain one

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the module; every shape is possible."""
        hidden = _hidden_layers((self.latent.size + conditions, *self.widths), self.slope, dropout=0.0)
        last = nn.Linear((self.latent.size + conditions, *self.widths)[-1], shape.pixels)
        return _MLPGenerator(nn.Sequential(*hidden, last, last_step(shape)), shape)


class MLPDiscriminator(Discriminator):
    """Linear layers with (leaky) ReLU and dropout, then one logit."""

    widths: tuple[Width, ...] = (512, 256)
    slope: float = Field(default=0.0, ge=0, lt=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)  # after each hidden layer
    projection: bool = False  # conditions by an inner product with the last features, not beside the pixels
    spectral_norm: bool = False  # every weight matrix divided by its largest singular value
    spectral_bound: float = Field(default=1.0, gt=0)  # with it: the product of all norms; points need more than 1

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the module; every shape is possible."""
        projected = conditions if self.projection else 0
        widths = (shape.pixels + conditions - projected, *self.widths)
        layers = nn.Sequential(*_hidden_layers(widths, self.slope, self.dropout), nn.Linear(widths[-1], 1))
        network = _MLPDiscriminator(layers, ConditionProjection(projected, widths[-1]) if projected else None)
        return spectrally_normalised(network, self.spectral_bound) if self.spectral_norm else network


class _MLPGenerator(nn.Module):
    def __init__(self, layers: nn.Sequential, shape: ImageShape) -> None:
        super().__init__()
        self.layers = layers
        self.image = (shape.channels, shape.height, shape.width)

    def forward(self, latent: Tensor, conditions: Tensor) -> Tensor:
        pixels: Tensor = self.layers(with_conditions(latent, conditions))
        return pixels.reshape(-1, *self.image)


class _MLPDiscriminator(FeatureDiscriminator):
    def __init__(self, layers: nn.Sequential, projection: ConditionProjection | None) -> None:
        super().__init__()
        self.layers = layers
        self.projection = projection

    def stages(self) -> list[nn.Module]:
        """Return the layers before the logit's."""
        return in_stages(list(self.layers)[:-1])

    def features(self, images: Tensor, conditions: Tensor) -> Tensor:
        pixels = images.flatten(1)
        features: Tensor = self.layers[:-1](pixels if self.projection else with_conditions(pixels, conditions))
        return features

    def logits(self, features: Tensor, conditions: Tensor) -> Tensor:
        logits: Tensor = self.layers[-1](features)
        return logits + self.projection(features, conditions) if self.projection else logits


def _hidden_layers(widths: tuple[int, ...], slope: float, dropout: float) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.LeakyReLU(slope) if slope else nn.ReLU()]
        if dropout:
            layers.append(Dropout(dropout))
    return layers
