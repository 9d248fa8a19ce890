"""Deep convolutional networks (Radford, Metz & Chintala 2016), for any height, width and channels.

The image's sides are halved until they are at most 7 pixels, with one convolution for each halving (and never
fewer than two), and the features double with it. At 64×64 that is the paper's chain 4-8-16-32-64.
"""

import itertools

from pydantic import Field
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.networks.base import Discriminator, FeatureDiscriminator, Generator
from ganache.networks.convolutions import Conv2d
from ganache.networks.layers import (
    ConditionalBatchNorm,
    ConditionProjection,
    Upsample,
    beyond_odd_sides,
    halvings,
    in_stages,
    kernel_for,
    normal_initialised,
    spectrally_normalised,
    stride_between,
    with_condition_planes,
    with_conditions,
)
from ganache.parts.latents import Latent, Normal


class DCGANGenerator(Generator):
    """A projection to the smallest size, then transposed convolutions with batch norm and ReLU, then tanh."""

    latent: Latent = Normal(size=100)
    width: int = Field(default=64, ge=1)  # features at half the image's size; doubled with each halving
    max_width: int = Field(default=512, ge=1)
    bias: bool = True  # of the last layer; the others have batch norm's shift
    conditional_norm: bool = False  # conditions by batch norm's scale and shift, not beside the latent
    normal_weights: bool = True  # the first weights, from N(0, 0.02²) as in the paper; else as torch draws them

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the module; every shape is possible."""
        network = _DCGANGenerator(self, shape, conditions)
        return normal_initialised(network) if self.normal_weights else network


class DCGANDiscriminator(Discriminator):
    """Strided convolutions with batch norm (but the first) and leaky ReLU 0.2, then one linear logit."""

    width: int = Field(default=64, ge=1)
    max_width: int = Field(default=512, ge=1)
    batch_norm: bool = True
    bias: bool = True  # of the layers without batch norm
    projection: bool = False  # conditions by an inner product with the last features, not as planes beside the image
    spectral_norm: bool = False  # every weight matrix divided by its largest singular value; batch norm undoes it
    spectral_bound: float = Field(default=1.0, gt=0)  # with it: the product of all norms (layers.spectrally_normalised)
    normal_weights: bool = True  # as the generator's

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the module; every shape is possible."""
        network: nn.Module = _DCGANDiscriminator(self, shape, conditions)
        network = normal_initialised(network) if self.normal_weights else network
        return spectrally_normalised(network, self.spectral_bound) if self.spectral_norm else network


def _widths(width: int, max_width: int, stages: int) -> list[int]:
    """Return the features at each size from half the image's downwards: 64, 128, 256, 512, 512, …"""
    return [min(width * 2**stage, max_width) for stage in range(stages)]


class _DCGANGenerator(nn.Module):
    def __init__(self, config: DCGANGenerator, shape: ImageShape, conditions: int) -> None:
        super().__init__()
        sizes = halvings(shape.height, shape.width)
        widths = _widths(config.width, config.max_width, len(sizes) - 1)
        self.smallest = (widths[-1], *sizes[-1])
        self.normed = conditions if config.conditional_norm else 0
        inputs = config.latent.size + conditions - self.normed
        self.project = nn.Linear(inputs, widths[-1] * sizes[-1][0] * sizes[-1][1], bias=False)
        layers: list[nn.Module] = [_norm(widths[-1], self.normed), nn.ReLU()]
        steps = list(itertools.pairwise(reversed(sizes)))
        for (small, large), (before, after) in zip(steps[:-1], itertools.pairwise(reversed(widths)), strict=True):
            layers += [Upsample(before, after, small, large, bias=False), _norm(after, self.normed), nn.ReLU()]
        layers.append(Upsample(widths[0], shape.channels, *steps[-1], bias=config.bias))
        self.layers = nn.Sequential(*layers, nn.Tanh())

    def forward(self, latent: Tensor, conditions: Tensor) -> Tensor:
        vectors = latent if self.normed else with_conditions(latent, conditions)
        features: Tensor = self.project(vectors).unflatten(1, self.smallest)
        for layer in self.layers:
            features = layer(features, conditions) if isinstance(layer, ConditionalBatchNorm) else layer(features)
        return features


def _norm(features: int, conditions: int) -> nn.Module:
    return ConditionalBatchNorm(features, conditions) if conditions else nn.BatchNorm2d(features)


class _DCGANDiscriminator(FeatureDiscriminator):
    def __init__(self, config: DCGANDiscriminator, shape: ImageShape, conditions: int) -> None:
        super().__init__()
        sizes = halvings(shape.height, shape.width)
        widths = _widths(config.width, config.max_width, len(sizes) - 1)
        steps = list(itertools.pairwise(sizes))
        layers: list[nn.Module] = []
        projected = conditions if config.projection else 0
        inputs = shape.channels + conditions - projected
        for stage, ((large, small), outputs) in enumerate(zip(steps, widths, strict=True)):
            stride = stride_between(large, small)
            if any(padding := beyond_odd_sides(large, stride)):
                layers.append(nn.ZeroPad2d(padding))
            normalised = config.batch_norm and stage > 0
            bias = config.bias and not normalised
            layers.append(Conv2d(inputs, outputs, kernel_for(stride), stride, padding=1, bias=bias))
            layers += [nn.BatchNorm2d(outputs)] if normalised else []
            layers.append(nn.LeakyReLU(0.2))
            inputs = outputs
        features = inputs * sizes[-1][0] * sizes[-1][1]
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(features, 1, bias=config.bias))
        self.projection = ConditionProjection(projected, features) if projected else None

    def stages(self) -> list[nn.Module]:
        """Return the layers before the logit's."""
        return in_stages(list(self.layers)[:-1])

    def features(self, images: Tensor, conditions: Tensor) -> Tensor:
        features: Tensor = self.layers[:-1](images if self.projection else with_condition_planes(images, conditions))
        return features

    def logits(self, features: Tensor, conditions: Tensor) -> Tensor:
        logits: Tensor = self.layers[-1](features)
        return logits + self.projection(features, conditions) if self.projection else logits
