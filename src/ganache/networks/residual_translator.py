"""CycleGAN's translator (Zhu et al. 2017, appendix 7.2): two halvings, residual blocks, two doublings.

The network is that of Johnson et al. 2016, "Perceptual Losses for Real-Time Style Transfer", with instance norm, whose
statistics are the picture's own, in training as at use. Ours: no bias before a norm, which takes it away again, and
transposed convolutions of 4×4, whose taps fall evenly on all pixels.
"""

from collections.abc import Sequence

import torch
from pydantic import Field
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.networks.convolutions import Conv2d
from ganache.networks.doubling import Doubling, doubled
from ganache.networks.layers import InstanceNorm, normal_initialised
from ganache.networks.reflection import ReflectedConv2d
from ganache.networks.translators import Translating, Translator, cut_as, reach_of, refuse_apart
from ganache.support.errors import UserError


class ResidualTranslator(Translator):
    """A 7×7 convolution, two of stride 2, `blocks` residual blocks, two transposed ones of stride 2, 7×7, tanh."""

    width: int = Field(default=64, ge=1)  # features at the pictures' size; twice and four times as many at the halves
    blocks: int = Field(default=9, ge=1)  # the paper's 9 from 256×256 on, and 6 below
    doubling: Doubling = "transposed"  # as in the paper; repeated places draw no lattice

    def build(self, inputs: ImageShape, targets: ImageShape) -> Translating:
        """Return the module; raises UserError for pictures of two sizes, or with a side of less than four pixels."""
        refuse_apart(self, inputs, targets, least=4)
        network = _JohnsonTranslator(self, inputs, targets)
        normal_initialised(network)
        return network


class _JohnsonTranslator(Translating):
    stride = 4
    sees_whole = True
    least = 8  # smaller ones are continued: the norm takes two places at the halves' halves

    def __init__(self, config: ResidualTranslator, inputs: ImageShape, targets: ImageShape) -> None:
        super().__init__()
        width, how = config.width, config.doubling
        self.layers = nn.Sequential(
            *(ReflectedConv2d(inputs.channels, width, 7, bias=False), *_normed(width)),
            *(Conv2d(width, 2 * width, 3, 2, 1, bias=False), *_normed(2 * width)),
            *(Conv2d(2 * width, 4 * width, 3, 2, 1, bias=False), *_normed(4 * width)),
            *(_JohnsonBlock(4 * width) for _ in range(config.blocks)),
            *(doubled(how, 4 * width, 2 * width, bias=False), *_normed(2 * width)),
            *(doubled(how, 2 * width, width, bias=False), *_normed(width)),
            ReflectedConv2d(width, targets.channels, 7),
        )
        self.reach = reach_of(self.layers.modules())
        # Of each layer on the way in: how many of all come before its end, and how many features it has.
        self._ends = (0, 1, 4, 7, *range(10, 10 + config.blocks))
        self._widths = (inputs.channels, width, 2 * width, *[4 * width] * (config.blocks + 1))

    def translated(self, images: Tensor) -> Tensor:
        return torch.tanh(self.layers(images))

    def widths(self, layers: Sequence[int]) -> list[int]:
        """Return how many features each of some layers on the way in has; raises UserError for one that is not."""
        if beyond := [layer for layer in layers if not 0 <= layer < len(self._ends)]:
            raise UserError(f"layers: the translator has 0 … {len(self._ends) - 1} to look at, and no {beyond[0]}")
        return [self._widths[layer] for layer in layers]

    def features(self, images: Tensor, layers: Sequence[int]) -> list[Tensor]:
        """Return what layers on the way in make of images (N, C, H, W), before norm: features (N, F, h, w) of each.

        0 is the pixels, 1 the 7×7 convolution, 2 and 3 the halvings, and then come the blocks.
        """
        self.widths(layers)
        found = self._passed(images, max(self._ends[layer] for layer in layers))
        return [found[self._ends[layer]] for layer in layers]

    def looked(self, images: Tensor, layers: Sequence[int]) -> tuple[Tensor, list[Tensor]]:
        """Return the translations (N, D, H, W) of images, and their `features`, in one pass."""
        self.widths(layers)
        found = self._passed(images, len(self.layers))
        return cut_as(images, torch.tanh(found[-1])), [found[self._ends[layer]] for layer in layers]

    def _passed(self, images: Tensor, count: int) -> list[Tensor]:
        """Return continued images, and what each of the first layers makes of them."""
        found = [self.continued(images)]
        for place in range(count):
            found.append(self.layers[place](found[-1]))
        return found


class _JohnsonBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(ReflectedConv2d(width, width, 3, bias=False), *_normed(width)),
            *(ReflectedConv2d(width, width, 3, bias=False), InstanceNorm(width)),
        )

    def forward(self, features: Tensor) -> Tensor:
        changed: Tensor = self.layers(features)
        return features + changed


def _normed(width: int) -> tuple[nn.Module, nn.Module]:
    return InstanceNorm(width), nn.ReLU()
