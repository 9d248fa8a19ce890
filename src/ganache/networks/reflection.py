"""Pictures and features continued beyond their edges as mirrors would: d c b | a b c d | c b a."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ganache.networks.convolutions import ToPixels

Ends = tuple[int, int]  # places before the first and behind the last


def reflected(features: Tensor, rows: Ends, columns: Ends) -> Tensor:
    """Return features (N, C, H, W) with so many places more at each end of both sides, as many as one likes.

    A mirror stands on the outermost place, which is not repeated; a single place is.
    """
    height, width = features.shape[2:]
    if features.device.type != "cpu" or max(rows) >= height or max(columns) >= width:
        return in_slices(features, rows, columns)
    with torch.autocast("cpu", enabled=False):  # it would make float32 of what is only copied
        return F.pad(features, (*columns, *rows), mode="reflect")


def in_slices(features: Tensor, rows: Ends, columns: Ends) -> Tensor:
    """Return what `reflected` does by slices, whose slopes repeat their bits on every device.

    torch's own reflection adds them in no order elsewhere than on a processor, where it is many times faster.
    """
    for side, (before, behind) in ((2, rows), (3, columns)):
        if before or behind:
            features = _longer(features, side, before, behind)
    return features


def _longer(features: Tensor, side: int, before: int, behind: int) -> Tensor:
    length = features.shape[side]
    if max(before, behind) >= length:
        return features.index_select(side, _places(length, before, behind, features.device))
    first = [features.narrow(side, 1, before).flip(side)] if before else []
    last = [features.narrow(side, length - 1 - behind, behind).flip(side)] if behind else []
    return torch.cat([*first, features, *last], dim=side)


def _places(length: int, before: int, behind: int, device: torch.device) -> Tensor:
    """Return which of so many places is seen at each of those from -before to length + behind, between two mirrors."""
    period = max(2 * (length - 1), 1)
    turns = torch.arange(-before, length + behind, device=device) % period
    return torch.minimum(turns, period - turns) if length > 1 else turns


class ReflectedConv2d(ToPixels):
    """A convolution without a stride that keeps the size: beyond the edges it sees reflections."""

    def __init__(self, inputs: int, outputs: int, kernel: int, bias: bool = True) -> None:
        super().__init__(inputs, outputs, kernel, bias=bias)
        self.reflection = kernel // 2

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H, W)."""
        ends = (self.reflection, self.reflection)
        return super().forward(reflected(images, ends, ends))
