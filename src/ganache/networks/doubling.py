"""From features to twice their size both ways, by one convolution."""

from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganache.networks.convolutions import ConvTranspose2d

Doubling: TypeAlias = Literal["transposed", "repeated"]


class RepeatedConv2d(ConvTranspose2d):
    """Every place of features repeated once, both ways, and a 3×3 convolution of that, with zeros around.

    What is even stays even, where a transposed convolution may draw a lattice (Odena et al. 2016, "Deconvolution and
    Checkerboard Artifacts"). Computed as the transposed convolution of 4×4 that it is: for a quarter of the places.
    """

    def __init__(self, inputs: int, outputs: int, bias: bool = True) -> None:
        super().__init__(inputs, outputs, 4, 2, 1, bias=bias)
        self.weight = nn.Parameter(torch.empty(inputs, outputs, 3, 3))
        self.reset_parameters()

    def forward(self, features: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Map (N, inputs, h, w) to (N, outputs, 2h, 2w), the only size there is."""
        if output_size is not None and [*output_size[-2:]] != [2 * side for side in features.shape[-2:]]:
            raise ValueError(f"features of {tuple(features.shape)} are doubled, and do not become {output_size}")
        return self._by(self.kernel(), features)

    def kernel(self) -> Tensor:
        """Return the taps of the transposed convolution (inputs, outputs, 4, 4): sums of neighbours in the weight."""
        columns = F.pad(self.weight, (0, 1)) + F.pad(self.weight, (1, 0))
        return F.pad(columns, (0, 0, 0, 1)) + F.pad(columns, (0, 0, 1, 0))


def doubled(how: Doubling, inputs: int, outputs: int, bias: bool) -> nn.Module:
    """Return a layer (N, inputs, h, w) → (N, outputs, 2h, 2w): `RepeatedConv2d`, or a transposed convolution of 4×4."""
    if how == "repeated":
        return RepeatedConv2d(inputs, outputs, bias)
    return ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=bias)
