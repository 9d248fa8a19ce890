"""The style-based networks of StyleGAN2 (Karras et al. 2020), for any height, width and channels.

A mapping network turns latents into styles, which scale the inputs of every convolution of the generator; the pixels of
all sizes are summed. The discriminator is residual. The image's sides are halved until they are at most 4 pixels. At
powers of two the networks are the authors', and make the same numbers of the same weights (NVlabs/stylegan2-ada-pytorch
at d72cc7d, in float32); they draw 512 features at most, styles and latents of 512, and `channel_base` 16384 below 512
pixels, 32768 from there on. The defaults here are meant for a processor.
"""

import itertools

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from ganache.data.shape import ImageShape
from ganache.networks.base import Discriminator, FeatureDiscriminator, Generator, StyledGenerator
from ganache.networks.convolutions import Conv2d
from ganache.networks.layers import equalised, halvings
from ganache.networks.placed_noise import PlacedNoise
from ganache.networks.resampling import Resampled, Size
from ganache.networks.style_layers import (
    GAIN,
    SLOPE,
    BatchDeviation,
    Mapping,
    PointwiseConvolution,
    ShrinkingBlock,
    StyledConvolution,
    StyledPixels,
    clamped,
)
from ganache.parts.latents import Keyed, Latent
from ganache.support.world import own_rows


class StyleGAN2Generator(Generator):
    """A learned constant, convolutions that styles modulate, pixels of every size summed.

    Noise is added to the features of each convolution where the latents hold keys (`Keyed`).
    """

    latent: Latent = Keyed(size=130)
    style_width: int = Field(default=128, ge=1)
    mapping_layers: int = Field(default=2, ge=1)
    channel_base: int = Field(default=512, ge=1)  # features times the side, where the side is a power of two
    channel_max: int = Field(default=128, ge=1)
    mixing: float = Field(default=0.9, ge=0, le=1)  # the share of images with a second style from a random layer on
    clamp: float | None = Field(default=None, gt=0)  # of features and pixels; the authors, in half precision: 256

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the module; every shape is possible."""
        return _StyleGAN2Generator(self, shape, conditions)


class StyleGAN2Discriminator(Discriminator):
    """Residual blocks at shrinking sizes, the deviation within groups of images, two layers, one logit.

    Conditions come in by an inner product of the last features with what a mapping network makes of them.
    """

    channel_base: int = Field(default=512, ge=1)  # these two as the generator's
    channel_max: int = Field(default=128, ge=1)
    residual: bool = True  # False: the authors' setting for CIFAR-10
    deviation_group: int = Field(default=4, ge=0)  # images whose deviation is a feature; 0: none is
    mapping_layers: int = Field(default=8, ge=1)  # of the conditions
    clamp: float | None = Field(default=None, gt=0)

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the module; every shape is possible."""
        return _StyleGAN2Discriminator(self, shape, conditions)


def _stages(config: StyleGAN2Generator | StyleGAN2Discriminator, shape: ImageShape) -> tuple[list[Size], list[int]]:
    """Return the sizes from the image's downwards, and the width at each, as at 4, 8, 16, … pixels from the last on."""
    sizes = halvings(shape.height, shape.width, smallest=4, at_least=1)
    sides = [4 * 2**stage for stage in reversed(range(len(sizes)))]
    return sizes, [max(1, min(config.channel_base // side, config.channel_max)) for side in sides]


class _StyleGAN2Generator(StyledGenerator):
    def __init__(self, config: StyleGAN2Generator, shape: ImageShape, conditions: int) -> None:
        super().__init__(conditions, config.style_width)
        self.latent, self.mixing = config.latent, config.mixing
        down, widths = _stages(config, shape)
        sizes, widths = down[::-1], widths[::-1]
        values = config.latent.values if isinstance(config.latent, Keyed) else config.latent.size
        self.mapping = Mapping(values, conditions, config.style_width, config.mapping_layers)
        self.constant = nn.Parameter(torch.randn(widths[0], *sizes[0]))
        style, keyed, clamp = config.style_width, isinstance(config.latent, Keyed), config.clamp
        layers = [StyledConvolution(widths[0], widths[0], style, (sizes[0], sizes[0]), keyed, clamp)]
        for (before, after), (small, large) in zip(itertools.pairwise(widths), itertools.pairwise(sizes), strict=True):
            layers.append(StyledConvolution(before, after, style, (small, large), keyed, clamp))
            layers.append(StyledConvolution(after, after, style, (large, large), keyed, clamp))
        self.layers = nn.ModuleList(layers)
        self.pixels = nn.ModuleList(StyledPixels(width, shape.channels, style, clamp) for width in widths)
        self.grow = nn.ModuleList(Resampled(small, large) for small, large in itertools.pairwise(sizes))
        maps = [sizes[0], *(size for size in sizes[1:] for _ in range(2))]
        self.noise = PlacedNoise(maps) if keyed else None

    def styles(self, latents: Tensor, conditions: Tensor) -> Tensor:
        values = self._split(latents)[0]
        first: Tensor = self.mapping(values, conditions)
        count = len(self.layers) + 1  # the last pixels have their own
        styles = first[:, None].expand(-1, count, -1)
        if not self.training:
            return styles
        self.move_centre(first, conditions)
        if not self.mixing or count < 2:
            return styles
        second = self.mapping(self.latent.redrawn(values), conditions)
        chance, place = own_rows(values.new_empty(len(values), 2)).unbind(1)
        begin = torch.where(chance < self.mixing, 1.0 + torch.floor(place * (count - 1)), float(count))
        later = torch.arange(count, device=values.device) >= begin[:, None]
        return torch.where(later[:, :, None], second[:, None], styles)

    def synthesis(self, styles: Tensor, latents: Tensor) -> Tensor:
        keys = self._split(latents)[1]
        noise: list[Tensor | None] = [None] * len(self.layers) if self.noise is None else list(self.noise(keys))
        each = styles.unbind(1)
        constant = self.constant.expand(styles.shape[0], -1, -1, -1)
        features = constant.contiguous(memory_format=torch.channels_last)
        features = self.layers[0](features, each[0], noise[0])
        images: Tensor = self.pixels[0](features, each[1])
        for stage, (grow, pixels) in enumerate(zip(self.grow, self.pixels[1:], strict=True)):
            for layer in (2 * stage + 1, 2 * stage + 2):
                features = self.layers[layer](features, each[layer], noise[layer])
            images = grow(images) + pixels(features, each[2 * stage + 3])
        return images

    def _split(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        return self.latent.split(latents) if isinstance(self.latent, Keyed) else (latents, latents[:, :0])


class _StyleGAN2Discriminator(FeatureDiscriminator):
    def __init__(self, config: StyleGAN2Discriminator, shape: ImageShape, conditions: int) -> None:
        super().__init__()
        sizes, widths = _stages(config, shape)
        self.clamp = config.clamp
        self.extraction = PointwiseConvolution(shape.channels, widths[0], GAIN)
        steps = zip(itertools.pairwise(widths), itertools.pairwise(sizes), strict=True)
        self.blocks = nn.Sequential(
            *(ShrinkingBlock(before, after, step, config.residual, config.clamp) for (before, after), step in steps)
        )
        last, places = widths[-1], sizes[-1][0] * sizes[-1][1]
        self.deviation = BatchDeviation(config.deviation_group) if config.deviation_group else nn.Identity()
        inputs = last + (1 if config.deviation_group else 0)
        self.last = equalised(Conv2d(inputs, last, 3, padding=1), GAIN)
        self.connected = equalised(nn.Linear(last * places, last), GAIN)
        self.mapping = Mapping(0, conditions, last, config.mapping_layers) if conditions else None
        # With conditions the features are scaled so that an inner product with a vector of length √F has variance 1.
        self.logit = equalised(nn.Linear(last, last if conditions else 1), last**-0.5 if conditions else 1.0)

    def stages(self) -> list[nn.Module]:
        """Return the map from pixels, the blocks, and the two layers on the last map."""
        return [self.extraction, *self.blocks, self.last, self.connected]

    def features(self, images: Tensor, conditions: Tensor) -> Tensor:
        """Return (N, F) features of images (N, C, H, W); the conditions (N, K) have no part in them."""
        features = clamped(leaky_relu(self.extraction(images), SLOPE), self.clamp)
        features = self.deviation(self.blocks(features.contiguous(memory_format=torch.channels_last)))
        features = clamped(leaky_relu(self.last(features), SLOPE), self.clamp)
        connected: Tensor = leaky_relu(self.connected(features.flatten(1)), SLOPE)
        return connected

    def logits(self, features: Tensor, conditions: Tensor) -> Tensor:
        """Return (N, 1)."""
        logits: Tensor = self.logit(features)
        if self.mapping is None:
            return logits
        told: Tensor = self.mapping(features[:, :0], conditions)
        return (logits * told.to(logits.dtype)).sum(dim=1, keepdim=True)
