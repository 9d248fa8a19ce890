"""The networks of progressive growing (Karras et al. 2018), for any height, width and channels.

The image's sides are halved until they are at most 4 pixels. For each size there are two 3×3 convolutions in each
network, a 1×1 convolution to pixels in G and one from pixels in D. Weights have an equalised learning rate, biases the
one of the gain before a leaky ReLU; G's features have a mean square of 1 at every place. The paper's networks have
latents of 512 values, at 32×32 a width of 256, which doubles up to 512; the defaults here are meant for a processor.
"""

import itertools
import math

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from ganache.data.shape import ImageShape
from ganache.networks.base import Discriminator, FeatureDiscriminator, Generator
from ganache.networks.convolutions import Conv2d
from ganache.networks.growing_network import GrowingNetwork
from ganache.networks.halving import averaged, repeated
from ganache.networks.layers import ConditionProjection, draw_normal, equalised, halvings, with_conditions
from ganache.networks.resampling import Size
from ganache.networks.style_layers import GAIN, SLOPE, BatchDeviation, PointwiseConvolution, normalised
from ganache.parts.latents import Latent, Normal


class ProGANGenerator(Generator):
    """A linear map of the latent, of length 1, to the smallest map, blocks at growing sizes, pixels of each of them.

    Labels stand beside the latent. While training, pixels may leave [-1, 1], or they would not learn to come back.
    """

    latent: Latent = Normal(size=64)
    width: int = Field(default=16, ge=1)  # features at the image's size; doubled with each halving
    max_width: int = Field(default=64, ge=1)

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the module, fully grown; every shape is possible."""
        return _ProGANGenerator(self, shape, conditions)


class ProGANDiscriminator(Discriminator):
    """Blocks at shrinking sizes, the deviation within groups of images, a convolution, a linear layer, one logit.

    Conditions come in by an inner product with the features before the logit (`ConditionProjection`).
    """

    width: int = Field(default=16, ge=1)  # these two as the generator's
    max_width: int = Field(default=64, ge=1)
    deviation_group: int = Field(default=4, ge=1)  # images whose deviation is a feature; the paper's: the whole batch

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the module, fully grown; every shape is possible."""
        return _ProGANDiscriminator(self, shape, conditions)


def _stages(config: ProGANGenerator | ProGANDiscriminator, shape: ImageShape) -> tuple[list[Size], list[int]]:
    """Return the sizes, the smallest first, and the width at each."""
    sizes = halvings(shape.height, shape.width, smallest=4, at_least=0)[::-1]
    return sizes, [min(config.width * 2**stage, config.max_width) for stage in reversed(range(len(sizes)))]


def _convolution(inputs: int, outputs: int) -> Conv2d:
    return equalised(Conv2d(inputs, outputs, 3, padding=1), GAIN)


class _Normed(nn.LeakyReLU):
    def forward(self, features: Tensor) -> Tensor:
        return normalised(super().forward(features))


class _ProGANGenerator(GrowingNetwork):
    def __init__(self, config: ProGANGenerator, shape: ImageShape, conditions: int) -> None:
        sizes, widths = _stages(config, shape)
        super().__init__(sizes)
        places = sizes[0][0] * sizes[0][1]
        inputs = config.latent.size + conditions
        # As if each place's features were made of all inputs at once: as many outputs, a smaller gain.
        self.connected = equalised(nn.Linear(inputs, widths[0] * places), GAIN / math.sqrt(places))
        self.smallest = (widths[0], *sizes[0])
        self.smallest_block = nn.Sequential(_Normed(SLOPE), _convolution(widths[0], widths[0]), _Normed(SLOPE))
        self.blocks = nn.ModuleList(
            nn.Sequential(_convolution(small, large), _Normed(SLOPE), _convolution(large, large), _Normed(SLOPE))
            for small, large in itertools.pairwise(widths)
        )
        self.pixels = nn.ModuleList(PointwiseConvolution(width, shape.channels) for width in widths)

    def forward(self, latent: Tensor, conditions: Tensor) -> Tensor:
        first, last = self.counting
        vectors: Tensor = self.connected(normalised(with_conditions(latent, conditions)))
        smallest = vectors.view(-1, *self.smallest).contiguous(memory_format=torch.channels_last)
        features = self.smallest_block(smallest)
        views: dict[int, Tensor] = {}
        for number in range(last + 1):
            if number:
                features = self.blocks[number - 1](repeated(features, self.sizes[number]))
            if number >= first:
                views[number] = self.pixels[number](features).float()
        images = self.joined(views)
        return images if self.training else images.clamp(-1.0, 1.0)


def _leaky() -> nn.Module:
    return nn.LeakyReLU(SLOPE)


class _ProGANDiscriminator(GrowingNetwork, FeatureDiscriminator):
    def __init__(self, config: ProGANDiscriminator, shape: ImageShape, conditions: int) -> None:
        sizes, widths = _stages(config, shape)
        super().__init__(sizes)
        self.readings = nn.ModuleList(PointwiseConvolution(shape.channels, width, GAIN) for width in widths)
        self.blocks = nn.ModuleList(
            nn.Sequential(_convolution(large, large), _leaky(), _convolution(large, small), _leaky())
            for small, large in itertools.pairwise(widths)
        )
        self.deviation = BatchDeviation(config.deviation_group)
        width = widths[0]
        self.mixed = _convolution(width + 1, width)
        self.connected = equalised(nn.Linear(width * sizes[0][0] * sizes[0][1], width), GAIN)
        self.logit = equalised(nn.Linear(width, 1))
        self.projection = ConditionProjection(conditions, width) if conditions else None
        if self.projection is not None:
            draw_normal(self.projection.embedding.weight, 0.0, 1.0 / math.sqrt(width))

    def stages(self) -> list[nn.Module]:
        """Return the layers of each size, the largest first, and the one that joins all places."""
        sizes = range(len(self.sizes) - 1, -1, -1)
        blocks = [*self.blocks[::-1], self.mixed]
        read = (nn.ModuleList([self.readings[size], block]) for size, block in zip(sizes, blocks, strict=True))
        return [*read, self.connected]

    def features(self, images: Tensor, conditions: Tensor) -> Tensor:
        """Return (N, F) features of images (N, C, H, W); the conditions (N, K) have no part in them."""
        views, shares = self.views(images), self.shares()
        first, last = self.counting
        features = self._read(views[last], last)
        for number in range(last, 0, -1):
            features = averaged(self.blocks[number - 1](features), self.sizes[number - 1])
            if number > first:
                smaller = self._read(views[number - 1], number - 1)
                features = torch.lerp(features, smaller, shares[:number].sum().to(features.dtype))
        features = leaky_relu(self.mixed(self.deviation(features)), SLOPE)
        connected: Tensor = leaky_relu(self.connected(features.flatten(1)), SLOPE)
        return connected

    def logits(self, features: Tensor, conditions: Tensor) -> Tensor:
        """Return (N, 1)."""
        logits: Tensor = self.logit(features)
        return logits if self.projection is None else logits + self.projection(features, conditions)

    def _read(self, images: Tensor, number: int) -> Tensor:
        features = leaky_relu(self.readings[number](images), SLOPE)
        return features.contiguous(memory_format=torch.channels_last)
