"""The residual networks of R3GAN (Huang et al. 2024, section 4, configuration E), for any height, width and channels.

At the image's size and each of its repeated halves there are residual blocks without any normalisation: a 1×1
convolution to more features, a grouped 3×3 one, and a 1×1 one back. The last starts at 0, so that every block begins
as the identity and depth costs no stability. Between sizes: resampling with the authors' filter, and a 1×1 convolution
where the width changes. The paper's networks have 768 features and two blocks everywhere; the defaults here are meant
for a processor.

Three things are ours: the generator's tanh, labels that begin as loud as the latent, and a part of the logit that asks
for no label. With `published` they are as the authors have them, and both networks compute what their code computes
(github.com/brownvc/R3GAN, commit 19a7ddf; how that was compared is in docs/design.md).
"""

import itertools
import math

import torch
from pydantic import Field
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.networks.base import Discriminator, FeatureDiscriminator, Generator
from ganache.networks.layers import ConditionProjection, draw_normal, halvings
from ganache.networks.resampling import Resampled, Size
from ganache.parts.latents import Latent, Normal
from ganache.support.errors import UserError

SLOPE = 0.2
GAIN = math.sqrt(2.0 / (1.0 + SLOPE**2))  # keeps the variance through a leaky ReLU (He et al. 2015, equation 15)


class R3GANGenerator(Generator):
    """A learned constant whose features a linear map of the latent scales, blocks at growing sizes, then tanh.

    Labels are embedded beside the latent, in as many numbers. With `published` there is no tanh, so that while training
    pixels may leave [-1, 1]; and K labels begin with a variance of 1 / K, where ours have 1.
    """

    latent: Latent = Normal(size=64)
    width: int = Field(default=8, ge=1)  # features at the image's size; doubled with each halving
    max_width: int = Field(default=512, ge=1)
    blocks: int = Field(default=1, ge=1)  # at each size
    expansion: int = Field(default=2, ge=1)  # how many times the width a block has inside
    group_size: int = Field(default=16, ge=1)  # features that a group of the 3×3 convolution mixes
    published: bool = False

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the module; raises UserError when `group_size` does not divide a block's features."""
        return _R3GANGenerator(self, shape, conditions)


class R3GANDiscriminator(Discriminator):
    """Blocks at shrinking sizes, a depthwise convolution as large as the last of them, then one linear logit.

    Labels come in by an inner product with the features, which is added to the logit (`ConditionProjection`). With
    `published` it is the logit, with a linear map of the features in the place of the features.
    """

    width: int = Field(default=8, ge=1)  # these five as the generator's
    max_width: int = Field(default=512, ge=1)
    blocks: int = Field(default=1, ge=1)
    expansion: int = Field(default=2, ge=1)
    group_size: int = Field(default=16, ge=1)
    published: bool = False

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the module; raises UserError when `group_size` does not divide a block's features."""
        return _R3GANDiscriminator(self, shape, conditions)


class _R3GANGenerator(nn.Module):
    def __init__(self, config: R3GANGenerator, shape: ImageShape, conditions: int) -> None:
        super().__init__()
        sizes, widths = _stages(config, shape)
        inputs = config.latent.size
        # Of variance 1 like the latent: as a bare one-hot the label would hardly be heard beside it.
        loudness = 1.0 if config.published else math.sqrt(conditions)
        self.embedding = _scaled(nn.Linear(conditions, inputs, bias=False), loudness) if conditions else None
        self.modulation = _scaled(nn.Linear(2 * inputs if conditions else inputs, widths[-1], bias=False))
        self.constant = nn.Parameter(torch.randn(widths[-1], *sizes[-1]))
        layers = _blocks(config, widths[-1], sizes[-1], len(sizes))
        steps = zip(itertools.pairwise(reversed(widths)), itertools.pairwise(reversed(sizes)), strict=True)
        for (before, after), (small, size) in steps:
            layers += [
                *_to_width(before, after),
                *_resized(small, size),
                *_blocks(config, after, size, len(sizes)),
            ]
        bound = _Clamp() if config.published else nn.Tanh()
        self.layers = nn.Sequential(*layers, _pointwise(widths[0], shape.channels), bound)

    def forward(self, latent: Tensor, conditions: Tensor) -> Tensor:
        if self.embedding is not None:
            latent = torch.cat([latent, self.embedding(conditions)], dim=1)
        features = self.constant * self.modulation(latent)[:, :, None, None]
        images: Tensor = self.layers(_fast(features))
        return images


class _Clamp(nn.Module):
    """Black and white for what lies beyond them, once nothing has to learn through it."""

    def forward(self, images: Tensor) -> Tensor:
        return images if self.training else images.clamp(-1.0, 1.0)


class _R3GANDiscriminator(FeatureDiscriminator):
    def __init__(self, config: R3GANDiscriminator, shape: ImageShape, conditions: int) -> None:
        super().__init__()
        sizes, widths = _stages(config, shape)
        self.extraction = _pointwise(shape.channels, widths[0])
        layers = _blocks(config, widths[0], sizes[0], len(sizes))
        for (before, after), (large, size) in zip(itertools.pairwise(widths), itertools.pairwise(sizes), strict=True):
            layers += [
                *_resized(large, size),
                *_to_width(before, after),
                *_blocks(config, after, size, len(sizes)),
            ]
        self.layers = nn.Sequential(*layers)
        places = sizes[-1][0] * sizes[-1][1]
        self.basis = nn.Parameter(torch.randn(widths[-1], *sizes[-1]) / math.sqrt(places))
        self.asks_by_label = config.published and conditions > 0
        self.logit = _scaled(nn.Linear(widths[-1], widths[-1] if self.asks_by_label else 1, bias=False))
        self.projection = ConditionProjection(conditions, widths[-1]) if conditions else None
        if self.projection is not None:
            loudness = 1.0 / math.sqrt(conditions) if config.published else 1.0
            draw_normal(self.projection.embedding.weight, 0.0, loudness / math.sqrt(widths[-1]))

    def stages(self) -> list[nn.Module]:
        """Return the map from pixels, then blocks and changes of width one by one."""
        return [self.extraction, *(layer for layer in self.layers if list(layer.parameters()))]

    def features(self, images: Tensor, conditions: Tensor) -> Tensor:
        """Return (N, F) features of images (N, C, H, W); the conditions (N, K) have no part in them."""
        features = self.layers(_fast(self.extraction(images)))
        summed: Tensor = (features * self.basis).sum(dim=(2, 3))
        return summed

    def logits(self, features: Tensor, conditions: Tensor) -> Tensor:
        """Return (N, 1)."""
        told: Tensor = self.logit(features)
        if self.projection is None:
            return told
        by_label: Tensor = self.projection(told if self.asks_by_label else features, conditions)
        return by_label if self.asks_by_label else told + by_label


class _Block(nn.Module):
    """x + W₃ φ(W₂ φ(W₁ x)) with W₃ = 0 at first; W₂ is grouped and sees 3×3 places."""

    def __init__(self, width: int, expanded: int, groups: int, size: Size, gain: float) -> None:
        super().__init__()
        # A side of one pixel leaves all but the middle of a kernel nothing to see; without 3×3, no need for groups.
        kernel = (3 if size[0] > 1 else 1, 3 if size[1] > 1 else 1)
        padding = (kernel[0] // 2, kernel[1] // 2)
        middle = nn.Conv2d(expanded, expanded, kernel, padding=padding, groups=groups)
        self.layers = nn.Sequential(
            _scaled(_Pointwise(width, expanded), gain),
            nn.LeakyReLU(SLOPE),
            _scaled(_Pointwise(expanded, expanded) if size == (1, 1) else middle, gain),
            nn.LeakyReLU(SLOPE),
            _scaled(_Pointwise(expanded, width, bias=False), 0.0),
        )

    def forward(self, features: Tensor) -> Tensor:
        changed: Tensor = features + self.layers(features)
        return changed


class _Pointwise(nn.Linear):
    """A 1×1 convolution, as the product of matrices that it is: on a processor several times as fast."""

    def forward(self, features: Tensor) -> Tensor:
        return super().forward(features.movedim(1, -1)).movedim(-1, 1)


def _resized(before: Size, after: Size) -> list[nn.Module]:
    return [] if before == after else [Resampled(before, after)]


def _to_width(before: int, after: int) -> list[nn.Module]:
    return [] if before == after else [_pointwise(before, after)]


def _stages(config: R3GANGenerator | R3GANDiscriminator, shape: ImageShape) -> tuple[list[Size], list[int]]:
    """Return the sizes from the image's downwards, and the width at each."""
    sizes = halvings(shape.height, shape.width, smallest=4)  # the paper's
    return sizes, [min(config.width * 2**stage, config.max_width) for stage in range(len(sizes))]


def _blocks(config: R3GANGenerator | R3GANDiscriminator, width: int, size: Size, sizes: int) -> list[nn.Module]:
    """Return one size's blocks; raises UserError when their features do not make whole groups."""
    expanded = width * config.expansion
    group = min(config.group_size, expanded)
    if expanded % group:
        raise UserError(
            f"group_size: {config.group_size} does not divide the {expanded} features of a block "
            f"(width {width}, expansion {config.expansion}); {math.gcd(group, expanded)} would"
        )
    # Fix-up (Zhang et al. 2019, section 3): each of the m = 3 layers of each of L blocks by L^(-1 / (2m - 2)).
    gain = GAIN * (config.blocks * sizes) ** -0.25
    return [_Block(width, expanded, expanded // group, size, gain) for _ in range(config.blocks)]


def _pointwise(inputs: int, outputs: int) -> nn.Module:
    return _scaled(_Pointwise(inputs, outputs, bias=False))


def _scaled(layer: nn.Module, gain: float = 1.0) -> nn.Module:
    """Draw the weights from N(0, gain² / inputs), so that unit variance becomes gain²; biases are 0."""
    assert isinstance(layer, nn.Conv2d | nn.Linear)
    draw_normal(layer.weight, 0.0, gain / math.sqrt(layer.weight[0].numel()))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _fast(features: Tensor) -> Tensor:
    """Lay the features of a place side by side: 1×1 convolutions are then twice as fast on a processor."""
    return features.contiguous(memory_format=torch.channels_last)
