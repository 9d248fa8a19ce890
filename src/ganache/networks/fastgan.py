"""The networks of FastGAN (Liu et al. 2021), for any height, width and channels.

The generator grows a small map with few convolutions, and coarse maps excite fine ones across several sizes. The
discriminator reads the image and its half, and besides its logits gives the maps that it makes them from, out of which
a reconstruction of what it read can be learnt (`networks/reconstruction.py`). At 256×256 the paper's networks have
several times as many features; the defaults are meant for a processor.

Ours: the half is the image's own mean, where the paper's generator draws a second, smaller image; batch norm stands
without spectral normalisation, whose bounds it would undo; classes stand beside the latent, and are an inner product in
the discriminator.
"""

import itertools
from collections.abc import Iterator, Sequence

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import glu

from ganache.data.shape import ImageShape
from ganache.networks.base import Discriminator, FeatureDiscriminator, Generator
from ganache.networks.convolutions import Conv2d
from ganache.networks.halving import averaged, repeated
from ganache.networks.layers import (
    ConditionProjection,
    beyond_odd_sides,
    halvings,
    kernel_for,
    orthogonally_initialised,
    stride_between,
    with_conditions,
)
from ganache.networks.placed_noise import PlacedNoise
from ganache.networks.resampling import Size
from ganache.parts.latents import Keyed, Latent
from ganache.parts.verdict import Verdict

REACH = 4  # halvings between a map and the one that it excites: 4×4 and 64×64 (section 3.1)
SLOPE = 0.2


class FastGANGenerator(Generator):
    """A small map, blocks that double it (batch norm, gated linear units, noise), excitation of fine maps, tanh.

    The noise of an image is a function of the latent's keys; latents of another kind than `Keyed` bring none.
    """

    latent: Latent = Keyed(size=130)
    width: int = Field(default=8, ge=1)  # features at the image's size; doubled with each halving
    max_width: int = Field(default=128, ge=1)

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the module; every shape is possible."""
        return orthogonally_initialised(_FastGANGenerator(self, shape, conditions))


class FastGANDiscriminator(Discriminator):
    """Residual blocks that halve, at the image's size and at half of it, each ending in a map of logits.

    It has the heads ``coarse``, the last map of the image, and ``fine``, the one before.
    """

    width: int = Field(default=8, ge=1)  # features at the image's size; doubled with each halving
    max_width: int = Field(default=128, ge=1)

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the module; every shape is possible."""
        return orthogonally_initialised(_FastGANDiscriminator(self, shape, conditions))


class GatedGrowth(nn.Module):
    """A map doubled by repetition, a 3×3 convolution to twice the features, batch norm; half of them gate the others.

    Source of the gate: Dauphin et al. 2017, "Language Modeling with Gated Convolutional Networks", equation 1.
    """

    def __init__(self, inputs: int, outputs: int, large: Size) -> None:
        super().__init__()
        self.large = large
        self.convolution = Conv2d(inputs, 2 * outputs, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(2 * outputs)

    def forward(self, features: Tensor, noise: Tensor | None = None) -> Tensor:
        """Map (N, I, h, w) to (N, O, H, W), with noise of that form on what is convolved."""
        made = self.convolution(repeated(features, self.large))
        return glu(self.norm(made if noise is None else made + noise), dim=1)


class _FastGANGenerator(nn.Module):
    def __init__(self, config: FastGANGenerator, shape: ImageShape, conditions: int) -> None:
        super().__init__()
        sizes = halvings(shape.height, shape.width, smallest=4)[::-1]
        widths = [min(config.width * 2**stage, config.max_width) for stage in reversed(range(len(sizes)))]
        self.keyed = config.latent if isinstance(config.latent, Keyed) else None
        self.noise = PlacedNoise([size for size in sizes[1::2] for _ in range(2)]) if self.keyed else None
        values = self.keyed.values if self.keyed else config.latent.size
        self.smallest = (2 * widths[0], *sizes[0])
        self.connected = nn.Linear(values + conditions, 2 * widths[0] * sizes[0][0] * sizes[0][1], bias=False)
        self.norm = nn.BatchNorm2d(2 * widths[0])
        self.blocks = nn.ModuleList(
            _Twice(before, after, size, self.noise is not None) if stage % 2 == 0 else _Once(before, after, size)
            for stage, ((before, after), size) in enumerate(zip(itertools.pairwise(widths), sizes[1:], strict=True))
        )
        self.reach = min(REACH, len(sizes) - 1)
        self.excitations = nn.ModuleList(
            _Excitation(widths[below], widths[below + self.reach], sizes[below::-1])
            for below in range(len(sizes) - self.reach)
        )
        self.pixels = Conv2d(widths[-1], shape.channels, 3, padding=1)

    def forward(self, latent: Tensor, conditions: Tensor) -> Tensor:
        values, keys = self.keyed.split(latent) if self.keyed else (latent, latent[:, :0])
        noise = iter(self.noise(keys) if self.noise is not None else ())
        first: Tensor = self.connected(with_conditions(values, conditions)).unflatten(1, self.smallest)
        maps = [glu(self.norm(_fast(first)), dim=1)]
        for stage, block in enumerate(self.blocks, 1):
            grown = block(maps[-1], noise)
            if stage >= self.reach:
                below = stage - self.reach
                grown = grown * self.excitations[below](maps[below])
            maps.append(grown)
        images: Tensor = torch.tanh(self.pixels(maps[-1]))
        return images


class _Once(nn.Module):
    def __init__(self, inputs: int, outputs: int, large: Size) -> None:
        super().__init__()
        self.growth = GatedGrowth(inputs, outputs, large)

    def forward(self, features: Tensor, noise: Iterator[Tensor]) -> Tensor:
        grown: Tensor = self.growth(features)
        return grown


class _Twice(nn.Module):
    """Growth and a second convolution; noise, silent at first, on what each of the two convolves."""

    def __init__(self, inputs: int, outputs: int, large: Size, noisy: bool) -> None:
        super().__init__()
        self.growth, self.second = GatedGrowth(inputs, outputs, large), GatedGrowth(outputs, outputs, large)
        self.strengths = nn.Parameter(torch.zeros(2)) if noisy else None

    def forward(self, features: Tensor, noise: Iterator[Tensor]) -> Tensor:
        first, second = None, None
        if self.strengths is not None:
            first, second = (next(noise).to(features.dtype) * strength for strength in self.strengths)
        grown: Tensor = self.second(self.growth(features, first), second)
        return grown


class _Excitation(nn.Module):
    """How loud each feature of a fine map shall be, in [0, 1], as a coarse map says (section 3.1).

    The coarse map is averaged down to the smallest size, all of whose places are then heard.
    """

    def __init__(self, inputs: int, outputs: int, sizes: Sequence[Size]) -> None:
        super().__init__()
        self.smaller = sizes[1:]
        self.layers = nn.Sequential(
            Conv2d(inputs, outputs, sizes[-1], bias=False),
            nn.LeakyReLU(0.1),
            Conv2d(outputs, outputs, 1, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, I, h, w) to (N, O, 1, 1)."""
        for size in self.smaller:
            features = averaged(features, size)
        loudness: Tensor = self.layers(features)
        return loudness


class _FastGANDiscriminator(FeatureDiscriminator):
    def __init__(self, config: FastGANDiscriminator, shape: ImageShape, conditions: int) -> None:
        super().__init__()
        sizes = halvings(shape.height, shape.width, smallest=8)
        widths = [min(config.width * 2**stage, config.max_width) for stage in range(len(sizes))]
        self.half_size = sizes[1]
        self.coarse = _Shrinking(shape.channels, widths, sizes)
        self.small = _Shrinking(shape.channels, widths[1:], sizes[1:])
        self.last = (widths[-1], *sizes[-1])
        self.coarse_logits, self.small_logits = _logits(widths[-1], sizes[-1]), _logits(widths[-1], sizes[-1])
        self.projection = ConditionProjection(conditions, widths[-1]) if conditions else None

    def stages(self) -> list[nn.Module]:
        """Return what makes the maps of each size, from the image's size downwards."""
        whole, half = self.coarse.stages(), self.small.stages()
        return [whole[0], *(nn.ModuleList(both) for both in zip(whole[1:], half, strict=True))]

    def forward(self, images: Tensor, conditions: Tensor) -> Verdict:
        """Return the verdict on images (N, C, H, W) with conditions (N, K), with the heads ``coarse`` and ``fine``."""
        coarse, fine = self.coarse(images)
        features = self._features(images, coarse)
        return Verdict(self.logits(features, conditions), features, {"coarse": coarse, "fine": fine})

    def features(self, images: Tensor, conditions: Tensor) -> Tensor:
        """Return the last maps (N, F) of the image and of its half; the conditions (N, K) have no part in them."""
        return self._features(images, self.coarse(images)[0])

    def _features(self, images: Tensor, coarse: Tensor) -> Tensor:
        small, _ = self.small(averaged(images, self.half_size))
        return torch.cat([coarse.flatten(1), small.flatten(1)], dim=1)

    def logits(self, features: Tensor, conditions: Tensor) -> Tensor:
        """Return (N, P), a logit for every place of the two maps."""
        coarse, small = (_fast(part.reshape(-1, *self.last)) for part in features.chunk(2, dim=1))
        logits = torch.cat([self.coarse_logits(coarse).flatten(1), self.small_logits(small).flatten(1)], dim=1)
        if self.projection is None:
            return logits
        told: Tensor = self.projection(coarse.mean(dim=(2, 3)), conditions)
        return logits + told


def _logits(width: int, size: Size) -> nn.Module:
    """Return the layers that give a logit to every 4×4 places of a map."""
    return nn.Sequential(
        Conv2d(width, width, 1, bias=False),
        nn.BatchNorm2d(width),
        nn.LeakyReLU(SLOPE),
        Conv2d(width, 1, (min(size[0], 4), min(size[1], 4)), bias=False),
    )


class _Shrinking(nn.Module):
    """An image's chain of maps, each half of the one before."""

    def __init__(self, channels: int, widths: Sequence[int], sizes: Sequence[Size]) -> None:
        super().__init__()
        self.first = nn.Sequential(Conv2d(channels, widths[0], 3, padding=1, bias=False), nn.LeakyReLU(SLOPE))
        self.blocks = nn.ModuleList(
            _Halving(*widths_of, *sizes_of)
            for widths_of, sizes_of in zip(itertools.pairwise(widths), itertools.pairwise(sizes), strict=True)
        )

    def stages(self) -> list[nn.Module]:
        """Return what makes the map of each size."""
        return [self.first, *self.blocks]

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return the last two maps, the last one first."""
        before, features = images, self.first(_fast(images))
        for block in self.blocks:
            before, features = features, block(features)
        return features, before


class _Halving(nn.Module):
    """The mean of two ways down: two convolutions, the first with the stride, and one 1×1 of averaged places."""

    def __init__(self, inputs: int, outputs: int, large: Size, small: Size) -> None:
        super().__init__()
        self.small = small
        stride = stride_between(large, small)
        self.main = nn.Sequential(
            nn.ZeroPad2d(beyond_odd_sides(large, stride)),
            *_normed(Conv2d(inputs, outputs, kernel_for(stride), stride, padding=1, bias=False)),
            *_normed(Conv2d(outputs, outputs, 3, padding=1, bias=False)),
        )
        self.beside = nn.Sequential(*_normed(Conv2d(inputs, outputs, 1, bias=False)))

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, I, H, W) to (N, O, h, w)."""
        shrunk: Tensor = (self.main(features) + self.beside(averaged(features, self.small))) / 2.0
        return shrunk


def _normed(convolution: Conv2d) -> tuple[nn.Module, ...]:
    return convolution, nn.BatchNorm2d(convolution.out_channels), nn.LeakyReLU(SLOPE)


def _fast(features: Tensor) -> Tensor:
    """Lay the features of a place side by side, as a processor convolves them faster."""
    return features.contiguous(memory_format=torch.channels_last)
