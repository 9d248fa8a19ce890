"""The residual networks of BigGAN (Brock, Donahue & Simonyan 2019), for any height, width and channels.

The image's sides are halved until they are at most 4 pixels, with one residual block for each size. The latent is
split: one part makes the smallest map, and each block's batch norm is conditioned on a part of its own, beside an
embedding of the classes that all blocks share. All weights but the embedding's are spectrally normalised, in both
networks. At 64×64 they are the authors', but for biases before batch norm, with widths of 128 (G) and 64 (D), at most
1,024 features, an embedding of 128, latents of 100 and `attention` 0 or 32. For CIFAR-10 they have width and max_width
of 256, latents of 128, no attention, and a discriminator that ends at 8×8. The defaults are meant for a processor.
"""

import itertools

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import relu

from ganache.data.shape import ImageShape
from ganache.networks.attention import SelfAttention, attending
from ganache.networks.base import Discriminator, FeatureDiscriminator, Generator
from ganache.networks.convolutions import Conv2d
from ganache.networks.halving import averaged, repeated
from ganache.networks.layers import (
    ConditionalBatchNorm,
    ConditionProjection,
    halvings,
    orthogonally_initialised,
    spectrally_normalised,
    with_conditions,
)
from ganache.networks.resampling import Size
from ganache.parts.latents import Latent, Normal


class BigGANGenerator(Generator):
    """A linear map of the latent's first part, residual blocks at growing sizes, batch norm, ReLU, pixels, tanh."""

    latent: Latent = Normal(size=80)
    width: int = Field(default=16, ge=1)  # features at the image's size; doubled with each halving
    max_width: int = Field(default=128, ge=1)
    embedding: int = Field(default=64, ge=1)  # values of a class's embedding
    attention: int = Field(default=16, ge=0)  # the longest side of the map that attends, in pixels; 0: none does

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the module; every shape is possible."""
        return _BigGANGenerator(self, shape, conditions)


class BigGANDiscriminator(Discriminator):
    """Residual blocks at shrinking sizes and one more, ReLU, the sum over all places, one linear logit.

    Conditions come in by an inner product with the features before the logit (`ConditionProjection`).
    """

    width: int = Field(default=16, ge=1)  # features at half the image's size; doubled with each further halving
    max_width: int = Field(default=128, ge=1)
    attention: int = Field(default=16, ge=0)  # as the generator's

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the module; every shape is possible."""
        return _BigGANDiscriminator(self, shape, conditions)


def _sizes(shape: ImageShape) -> list[Size]:
    return halvings(shape.height, shape.width, smallest=4, at_least=1)


def _parts(values: int, count: int) -> list[slice]:
    """Return which of the latent's values each of its parts has, the first ones one more where it does not divide.

    Of fewer values than parts, the last one serves all that are left.
    """
    whole = min(values, count)
    lengths = [values // whole + (number < values % whole) for number in range(whole)]
    ends = list(itertools.accumulate(lengths))
    parts = [slice(end - length, end) for length, end in zip(lengths, ends, strict=True)]
    return parts + parts[-1:] * (count - whole)


class _Embedding(nn.Linear):
    is_embedding = True


class _BigGANGenerator(nn.Module):
    def __init__(self, config: BigGANGenerator, shape: ImageShape, conditions: int) -> None:
        super().__init__()
        sizes = _sizes(shape)[::-1]
        widths = [min(config.width * 2**stage, config.max_width) for stage in reversed(range(len(sizes)))]
        self.smallest = (widths[0], *sizes[0])
        self.parts = _parts(config.latent.size, len(sizes))
        self.embedding = _Embedding(conditions, config.embedding, bias=False) if conditions else None
        told = config.embedding if conditions else 0
        lengths = [part.stop - part.start for part in self.parts]
        self.connected = nn.Linear(lengths[0], widths[0] * sizes[0][0] * sizes[0][1])
        self.blocks = nn.ModuleList(
            _GrowingBlock(before, after, large, length + told)
            for (before, after), large, length in zip(itertools.pairwise(widths), sizes[1:], lengths[1:], strict=True)
        )
        place = attending(sizes[1:], config.attention)
        self.attending = sizes[1:].index(place) if place else None
        self.attention = SelfAttention(widths[1 + self.attending]) if self.attending is not None else None
        self.norm = nn.BatchNorm2d(widths[-1])
        self.pixels = Conv2d(widths[-1], shape.channels, 3, padding=1)
        orthogonally_initialised(self)
        for part in (self.connected, self.blocks, self.attention, self.pixels):
            if part is not None:
                spectrally_normalised(part)

    def forward(self, latent: Tensor, conditions: Tensor) -> Tensor:
        first, *parts = (latent[:, part] for part in self.parts)
        told = conditions if self.embedding is None else self.embedding(conditions)
        features: Tensor = self.connected(first).unflatten(1, self.smallest)
        features = _fast(features)
        for number, (block, part) in enumerate(zip(self.blocks, parts, strict=True)):
            features = block(features, with_conditions(part, told))
            if self.attention is not None and number == self.attending:
                features = self.attention(features)
        return torch.tanh(self.pixels(relu(self.norm(features))))


class _BigGANDiscriminator(FeatureDiscriminator):
    def __init__(self, config: BigGANDiscriminator, shape: ImageShape, conditions: int) -> None:
        super().__init__()
        sizes = _sizes(shape)
        widths = [min(config.width * 2**stage, config.max_width) for stage in range(len(sizes))]
        steps = [*sizes[1:], sizes[-1]]  # the last block keeps the size
        self.blocks = nn.ModuleList(
            _ShrinkingBlock(before, after, small, first=number == 0)
            for number, ((before, after), small) in enumerate(
                zip(itertools.pairwise([shape.channels, *widths]), steps, strict=True)
            )
        )
        place = attending(steps, config.attention)
        self.attending = steps.index(place) if place else None
        self.attention = SelfAttention(widths[self.attending]) if self.attending is not None else None
        self.logit = nn.Linear(widths[-1], 1)
        self.projection = ConditionProjection(conditions, widths[-1]) if conditions else None
        orthogonally_initialised(self)
        spectrally_normalised(self)

    def stages(self) -> list[nn.Module]:
        """Return the blocks, the one that attention follows with it."""
        stages: list[nn.Module] = list(self.blocks)
        if self.attending is not None and self.attention is not None:
            stages[self.attending] = nn.ModuleList([stages[self.attending], self.attention])
        return stages

    def features(self, images: Tensor, conditions: Tensor) -> Tensor:
        """Return (N, F) features of images (N, C, H, W); the conditions (N, K) have no part in them."""
        features = _fast(images)
        for number, block in enumerate(self.blocks):
            features = block(features)
            if self.attention is not None and number == self.attending:
                features = self.attention(features)
        summed: Tensor = relu(features).sum(dim=(2, 3))
        return summed

    def logits(self, features: Tensor, conditions: Tensor) -> Tensor:
        """Return (N, 1)."""
        logits: Tensor = self.logit(features)
        return logits if self.projection is None else logits + self.projection(features, conditions)


class _GrowingBlock(nn.Module):
    """Two 3×3 convolutions behind conditional batch norm and ReLU, the first at the larger size; a 1×1 one beside."""

    def __init__(self, inputs: int, outputs: int, large: Size, conditions: int) -> None:
        super().__init__()
        self.large = large
        self.first_norm = ConditionalBatchNorm(inputs, conditions, from_zero=False)
        self.second_norm = ConditionalBatchNorm(outputs, conditions, from_zero=False)
        # Batch norm takes away what biases would add.
        self.first = Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.second = Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.beside = Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, features: Tensor, conditions: Tensor) -> Tensor:
        """Map (N, I, h, w) and conditions (N, K) to (N, O, H, W)."""
        made = self.first(repeated(relu(self.first_norm(features, conditions)), self.large))
        made = self.second(relu(self.second_norm(made, conditions)))
        grown: Tensor = made + repeated(self.beside(features), self.large)
        return grown


class _ShrinkingBlock(nn.Module):
    """Two 3×3 convolutions behind ReLU (but the image's), then means of 2 × 2 places; a 1×1 convolution beside."""

    def __init__(self, inputs: int, outputs: int, small: Size, first: bool) -> None:
        super().__init__()
        self.small, self.is_first = small, first
        self.first, self.second = Conv2d(inputs, outputs, 3, padding=1), Conv2d(outputs, outputs, 3, padding=1)
        self.beside = Conv2d(inputs, outputs, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, I, H, W) to (N, O, h, w)."""
        made = self.second(relu(self.first(features if self.is_first else relu(features))))
        # The mean before the 1×1 convolution is the mean after it.
        beside = self.beside(averaged(features, self.small))
        shrunk: Tensor = averaged(made, self.small) + beside
        return shrunk


def _fast(features: Tensor) -> Tensor:
    """Lay the features of a place side by side, as a processor convolves them faster."""
    return features.contiguous(memory_format=torch.channels_last)
