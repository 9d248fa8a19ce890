"""How different two pictures look: the distance between what a trained network makes of both, map by map.

Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric" (arXiv 1801.03924), equation
1, with all weights 1: theirs were learnt from people's answers for other networks.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, normalize

from ganache.networks.efficientnet import SIDE, EfficientNetLite0, scaled_values


class PerceptualDistance(nn.Module):
    """Distances between pictures, differentiable by both; `side` is the size at which they are seen.

    224 is that of the network's own pictures. Smaller ones cost less by their square, and see less of small details.
    """

    def __init__(self, network: EfficientNetLite0, side: int = SIDE) -> None:
        super().__init__()
        self.network, self.side = network, side

    def forward(self, images: Tensor, others: Tensor) -> Tensor:
        """Return distances (N,), 0 … 4, of images (N, C, H, W) in [-1, 1] from others, as many or one; C = 1 … 4."""
        return apart(self.seen(images), self.seen(others))

    def seen(self, images: Tensor) -> list[Tensor]:
        """Return unit vectors (N, C, h, w) at every place of several maps: what `apart` compares, to be kept."""
        stretched = interpolate(in_colour(images), (self.side, self.side), mode="bilinear", antialias=True)
        return [normalize(maps, dim=1, eps=1e-6) for maps in self.network.maps(scaled_values(stretched))]


def apart(ours: list[Tensor], theirs: list[Tensor]) -> Tensor:
    """Return distances (N,) of what was seen of N images from what was seen of as many, or of one."""
    found = [(one - other).square().sum(dim=1).mean(dim=(1, 2)) for one, other in zip(ours, theirs, strict=True)]
    return torch.stack(found).mean(dim=0)


def in_colour(images: Tensor) -> Tensor:
    """Return images (N, C, H, W) in [-1, 1] with three channels: alpha over white, then grey repeated."""
    if images.shape[1] in (2, 4):
        alpha = (images[:, -1:] + 1.0) / 2.0
        images = images[:, :-1] * alpha + (1.0 - alpha)
    return images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images
