"""A small picture made large: residual blocks at its own size, pixels shuffled to the large one, beside bicubic.

Lim et al. 2017, "Enhanced Deep Residual Networks for Single Image Super-Resolution" (EDSR), section 3: no batch norm,
and what a block adds is scaled down; Wang et al. 2018 (ESRGAN, section 3.1) keep both for adversarial training. Ours:
bicubic interpolation goes past all of it, and the network begins as that alone.
"""

import itertools
import math
from collections.abc import Iterator

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import conv2d, pixel_shuffle

from ganache.data.shape import ImageShape
from ganache.networks.convolutions import Conv2d, ToPixels
from ganache.networks.reflection import reflected
from ganache.networks.translators import Translating, Translator, reach_of, refuse_apart
from ganache.support.errors import UserError

SHARPNESS = -0.5  # Keys 1981, "Cubic Convolution Interpolation", section IV: the slope of the kernel at 1


class SuperResolver(Translator):
    """Takes a small picture whose pixels were repeated `scale` times, and makes the large one.

    While it learns, pixels may leave [-1, 1], or they would not learn to come back.
    """

    scale: int = Field(default=4, ge=2, le=16)
    width: int = Field(default=64, ge=1)
    blocks: int = Field(default=16, ge=1)  # those of the authors' smaller network
    residual: float = Field(default=0.1, gt=0, le=1)  # by which a block's part is multiplied (section 3.3)

    def build(self, inputs: ImageShape, targets: ImageShape) -> Translating:
        """Return the module; raises UserError for two sizes or channels, or a side of less than `scale` pixels."""
        refuse_apart(self, inputs, targets, least=self.scale)
        if inputs.channels != targets.channels:
            raise UserError(f"translator: SuperResolver keeps the channels, and does not make {targets} of {inputs}")
        return _SuperResolver(self, targets)

    def refuse_scale(self, scale: int) -> None:
        """Raise UserError for another scale than its own: of larger pixels it sees some twice, of smaller ones few."""
        if scale != self.scale:
            also, other = (f" {scale} times", f"--set translator.scale={scale} or ") if scale > 1 else (" does not", "")
            raise UserError(
                f"translator: SuperResolver makes pictures {self.scale} times as large, and the task{also}: "
                f"{other}--task super-resolution:{self.scale}"
            )


class _SuperResolver(Translating):
    def __init__(self, config: SuperResolver, shape: ImageShape) -> None:
        super().__init__()
        self.stride = config.scale
        self.steady = 3 * self.stride  # in smaller ones the mirrors of bicubic enlargement meet
        width = config.width
        self.bicubic = Bicubic(config.scale)
        self.first = Conv2d(shape.channels, width, 3, padding=1)
        self.blocks = nn.Sequential(*(_ScaledBlock(width, config.residual) for _ in range(config.blocks)))
        self.behind = Conv2d(width, width, 3, padding=1)
        self.growth = nn.Sequential(
            *itertools.chain.from_iterable(
                (Conv2d(width, width * factor**2, 3, padding=1), nn.PixelShuffle(factor))
                for factor in prime_factors(config.scale)
            )
        )
        self.last = ToPixels(width, shape.channels, 3, padding=1)
        for weights in self.last.parameters():
            nn.init.zeros_(weights)
        self.reach = reach_of(_chain(self))

    def translated(self, images: Tensor) -> Tensor:
        small = images[:, :, :: self.stride, :: self.stride]
        first = self.first(small)
        features = self.growth(first + self.behind(self.blocks(first)))
        made: Tensor = self.bicubic(small) + self.last(features)
        return made if self.training else made.clamp(-1.0, 1.0)


class _ScaledBlock(nn.Module):
    def __init__(self, width: int, residual: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(Conv2d(width, width, 3, padding=1), nn.ReLU(), Conv2d(width, width, 3, padding=1))
        self.residual = residual

    def forward(self, features: Tensor) -> Tensor:
        changed: Tensor = self.layers(features)
        return torch.add(features, changed, alpha=self.residual)


def _chain(network: _SuperResolver) -> Iterator[nn.Module]:
    """Yield the convolutions in order; taking every so many pixels and shuffling them back are some too."""
    with torch.device("meta"):
        yield nn.Conv2d(1, 1, 1, network.stride)
        for layer in network.modules():
            factor = layer.upscale_factor if isinstance(layer, nn.PixelShuffle) else 0
            yield nn.ConvTranspose2d(1, 1, factor, factor) if factor else layer


class Bicubic(nn.Module):
    """Pictures made `scale` times as large by Keys's cubic kernel, every one of whose phases is a filter of 5×5 taps.

    Pictures go on beyond their edges by reflection.
    """

    taps: Tensor  # (scale², 1, 5, 5)

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale
        places = [(phase + 0.5) / scale - 0.5 for phase in range(scale)]
        sides = torch.tensor([[_cubic(tap - place) for tap in range(-2, 3)] for place in places])
        taps = sides[:, None, :, None] * sides[None, :, None, :]
        self.register_buffer("taps", taps.reshape(-1, 1, 5, 5), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, h, w) to (N, C, scale · h, scale · w)."""
        count, channels, height, width = images.shape
        continued = reflected(images, (2, 2), (2, 2)).reshape(-1, 1, height + 4, width + 4)
        phases = conv2d(continued, self.taps.to(images.dtype))
        return pixel_shuffle(phases, self.scale).view(count, channels, self.scale * height, self.scale * width)


def _cubic(distance: float) -> float:
    """Return the kernel's weight of a sample at a distance (Keys 1981, equations 4 and 8)."""
    far, a = abs(distance), SHARPNESS
    if far < 1:
        return (a + 2) * far**3 - (a + 3) * far**2 + 1
    return a * (far**3 - 5 * far**2 + 8 * far - 4) if far < 2 else 0.0


def prime_factors(number: int) -> list[int]:
    """Return a number's prime factors, the smallest first."""
    for factor in range(2, math.isqrt(number) + 1):
        if number % factor == 0:
            return [factor, *prime_factors(number // factor)]
    return [number]
