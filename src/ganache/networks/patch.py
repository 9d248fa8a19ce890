"""PatchGAN (Isola et al. 2017, section 3.2.2): a logit for every place, each of which sees a patch of the image."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.networks.base import Discriminator
from ganache.networks.convolutions import Conv2d
from ganache.networks.layers import (
    InstanceNorm,
    in_stages,
    normal_initialised,
    spectrally_normalised,
)
from ganache.support.errors import UserError

Norm = Literal["batch", "instance", "none"]
LEAST = 8  # pixels of a side


class PatchDiscriminator(Discriminator):
    """4×4 convolutions, `layers` of them with stride 2 and two with stride 1, leaky ReLU 0.2; it sees 70×70 by default.

    Small images get fewer layers, so that at least 2×2 places are left. A class that it is told adds a logit of its own
    at every place, as in a projection (Miyato & Koyama 2018): constant planes would be lost in a norm.
    """

    width: int = Field(default=64, ge=1)  # features of the first layer; doubled with each, eightfold at most
    layers: int = Field(default=3, ge=1)
    norm: Norm = "batch"
    spectral_norm: bool = False

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return a module (images (N, C, H, W), conditions (N, K)) → logits (N, 1, h, w).

        Raises UserError for images with a side of less than 8 pixels.
        """
        if min(shape.height, shape.width) < LEAST:
            raise UserError(f"discriminator: PatchDiscriminator takes images of at least {LEAST}x{LEAST}, not {shape}")
        network = _Patch(self, shape, conditions)
        normal_initialised(network)
        if self.spectral_norm:
            spectrally_normalised(network)
        return network


class _Patch(nn.Module):
    def __init__(self, config: PatchDiscriminator, shape: ImageShape, conditions: int) -> None:
        super().__init__()
        # Two layers of stride 1 take two places off, and two are to be left.
        halvings = min(config.layers, (min(shape.height, shape.width) // 4).bit_length() - 1)
        widths = [config.width * min(2**layer, 8) for layer in range(max(1, halvings) + 1)]
        layers: list[nn.Module] = [Conv2d(shape.channels, widths[0], 4, 2, 1), nn.LeakyReLU(0.2)]
        for layer in range(1, len(widths)):
            stride = 2 if layer < len(widths) - 1 else 1
            layers += [
                Conv2d(widths[layer - 1], widths[layer], 4, stride, 1, bias=config.norm == "none"),
                *_norm(config.norm, widths[layer]),
                nn.LeakyReLU(0.2),
            ]
        self.layers = nn.Sequential(*layers, Conv2d(widths[-1], 1 + conditions, 4, 1, 1))

    def stages(self) -> list[nn.Module]:
        """Return the layers before the logits'."""
        return in_stages(list(self.layers)[:-1])

    def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
        logits: Tensor = self.layers(images)
        if not conditions.shape[1]:
            return logits
        of_all, of_classes = torch.split(logits, [1, conditions.shape[1]], dim=1)
        return of_all + (of_classes * conditions[:, :, None, None]).sum(dim=1, keepdim=True)


def _norm(norm: Norm, width: int) -> list[nn.Module]:
    if norm == "none":
        return []
    return [nn.BatchNorm2d(width) if norm == "batch" else InstanceNorm(width)]
