"""The U-Net of pix2pix (Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks").

Strided convolutions down to a few places and back, and what was seen at every size beside what comes back to it
(section 3.2.1, appendix 6.1.1). At 256×256 the defaults are the paper's network.

Ours: dropout, which is all of the paper's noise, is there in training alone, so that a picture has one translation;
batch norm then has the training's statistics, where the authors take those of the picture that is translated.
"""

import itertools

import torch
from pydantic import Field
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.networks.convolutions import Conv2d
from ganache.networks.doubling import Doubling, doubled
from ganache.networks.layers import Dropout, normal_initialised
from ganache.networks.translators import Translating, Translator, reach_of, refuse_apart

HALVED = (4, 2, 1)  # kernel, stride and padding
SLOPE = 0.2


class UNet(Translator):
    """Halvings with batch norm and leaky ReLU 0.2, as many doublings with batch norm, dropout and ReLU, then tanh."""

    width: int = Field(default=64, ge=1)  # features at half the pictures' size; doubled with each halving
    max_width: int = Field(default=512, ge=1)
    depth: int = Field(default=8, ge=1)  # halvings, of which there are fewer where the shorter side has no more
    dropout: float = Field(default=0.5, ge=0, lt=1)  # of what the inner doublings make, in training
    without_dropout: int = Field(default=5, ge=0)  # outer doublings: all but the three innermost at 256×256
    doubling: Doubling = "transposed"  # as in the paper; repeated places draw no lattice

    def build(self, inputs: ImageShape, targets: ImageShape) -> Translating:
        """Return the module; raises UserError for pictures of two sizes, or with a side of one pixel."""
        refuse_apart(self, inputs, targets, least=2)
        network = _UNet(self, inputs, targets)
        normal_initialised(network)
        return network


class _UNet(Translating):
    def __init__(self, config: UNet, inputs: ImageShape, targets: ImageShape) -> None:
        super().__init__()
        depth = min(config.depth, min(inputs.height, inputs.width).bit_length() - 1)
        widths = [inputs.channels, *(min(config.width * 2**level, config.max_width) for level in range(depth))]
        self.down = nn.ModuleList(
            _halving(level, depth, *pair) for level, pair in enumerate(itertools.pairwise(widths))
        )
        outputs = [targets.channels, *widths[1:]]
        # Behind the deepest doubling, whatever comes back has what was seen at that size beside it.
        self.up = nn.ModuleList(
            _doubling(config, level, outputs[level + 1] * (1 if level == depth - 1 else 2), outputs[level])
            for level in reversed(range(depth))
        )
        self.stride = 2**depth
        self.reach = reach_of([*self.down.modules(), *self.up.modules()])

    def translated(self, images: Tensor) -> Tensor:
        seen = []
        for halving in self.down:
            images = halving(images)
            seen.append(images)
        for doubling in self.up:
            beside = seen.pop()
            images = doubling(images if images is beside else torch.cat([images, beside], dim=1))
        return torch.tanh(images)


def _halving(level: int, depth: int, inputs: int, outputs: int) -> nn.Module:
    """Return leaky ReLU but for pixels, the convolution, and batch norm but at the outermost and innermost sizes."""
    normed = 0 < level < depth - 1
    return nn.Sequential(
        *([nn.LeakyReLU(SLOPE)] if level else []),
        Conv2d(inputs, outputs, *HALVED, bias=not normed),
        *([nn.BatchNorm2d(outputs)] if normed else []),
    )


def _doubling(config: UNet, level: int, inputs: int, outputs: int) -> nn.Module:
    """Return ReLU, the convolution that doubles, and batch norm but for pixels, with dropout at the inner sizes."""
    convolution = doubled(config.doubling, inputs, outputs, bias=not level)
    norm = [nn.BatchNorm2d(outputs)] if level else []
    dropout = [Dropout(config.dropout)] if level and level >= config.without_dropout and config.dropout else []
    return nn.Sequential(nn.ReLU(), convolution, *norm, *dropout)
