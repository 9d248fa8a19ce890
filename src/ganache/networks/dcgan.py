"""Deep convolutional networks (Radford, Metz & Chintala 2016), for any height, width and channels.

The image's sides are halved until they are at most 7 pixels, with one convolution for each halving (and never
fewer than two), and the features double with it. At 64×64 that is the paper's chain 4-8-16-32-64.
"""

import itertools

from pydantic import Field
from torch import Tensor, nn

from ganache.networks.base import Discriminator, Generator, Latent, Normal
from ganache.networks.layers import (
    Upsample,
    halvings,
    kernel_for,
    normal_initialised,
    stride_between,
    with_label_planes,
    with_labels,
)
from ganache.shape import ImageShape


class DCGANGenerator(Generator):
    """A projection to the smallest size, then transposed convolutions with batch norm and ReLU, then tanh."""

    latent: Latent = Normal(size=100)
    width: int = Field(default=64, ge=1)  # features at half the image's size; doubled with each halving
    max_width: int = Field(default=512, ge=1)

    def build(self, shape: ImageShape, labels: int) -> nn.Module:
        """Return the module; every shape is possible."""
        return normal_initialised(_DCGANGenerator(self, shape, labels))


class DCGANDiscriminator(Discriminator):
    """Strided convolutions with batch norm (but the first) and leaky ReLU 0.2, then one linear logit."""

    width: int = Field(default=64, ge=1)
    max_width: int = Field(default=512, ge=1)
    batch_norm: bool = True

    def build(self, shape: ImageShape, labels: int) -> nn.Module:
        """Return the module; every shape is possible."""
        return normal_initialised(_DCGANDiscriminator(self, shape, labels))


def _widths(width: int, max_width: int, stages: int) -> list[int]:
    """Return the features at each size from half the image's downwards: 64, 128, 256, 512, 512, …"""
    return [min(width * 2**stage, max_width) for stage in range(stages)]


class _DCGANGenerator(nn.Module):
    def __init__(self, config: DCGANGenerator, shape: ImageShape, labels: int) -> None:
        super().__init__()
        sizes = halvings(shape.height, shape.width)
        widths = _widths(config.width, config.max_width, len(sizes) - 1)
        self.smallest = (widths[-1], *sizes[-1])
        self.project = nn.Linear(config.latent.size + labels, widths[-1] * sizes[-1][0] * sizes[-1][1], bias=False)
        layers: list[nn.Module] = [nn.BatchNorm2d(widths[-1]), nn.ReLU()]
        steps = list(itertools.pairwise(reversed(sizes)))
        for (small, large), (inputs, outputs) in zip(steps[:-1], itertools.pairwise(reversed(widths)), strict=True):
            layers += [Upsample(inputs, outputs, small, large, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        layers.append(Upsample(widths[0], shape.channels, *steps[-1]))
        self.layers = nn.Sequential(*layers, nn.Tanh())

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        features = self.project(with_labels(latent, labels)).unflatten(1, self.smallest)
        images: Tensor = self.layers(features)
        return images


class _DCGANDiscriminator(nn.Module):
    def __init__(self, config: DCGANDiscriminator, shape: ImageShape, labels: int) -> None:
        super().__init__()
        sizes = halvings(shape.height, shape.width)
        widths = _widths(config.width, config.max_width, len(sizes) - 1)
        steps = list(itertools.pairwise(sizes))
        layers: list[nn.Module] = []
        inputs = shape.channels + labels
        for stage, ((large, small), outputs) in enumerate(zip(steps, widths, strict=True)):
            stride = stride_between(large, small)
            # Odd sides are padded by one more pixel, so that they halve upwards like the generator's.
            padding = (0, large[1] % 2 if stride[1] == 2 else 0, 0, large[0] % 2 if stride[0] == 2 else 0)
            if any(padding):
                layers.append(nn.ZeroPad2d(padding))
            normalised = config.batch_norm and stage > 0
            layers.append(nn.Conv2d(inputs, outputs, kernel_for(stride), stride, padding=1, bias=not normalised))
            layers += [nn.BatchNorm2d(outputs)] if normalised else []
            layers.append(nn.LeakyReLU(0.2))
            inputs = outputs
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(inputs * sizes[-1][0] * sizes[-1][1], 1))

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        logits: Tensor = self.layers(with_label_planes(images, labels))
        return logits
