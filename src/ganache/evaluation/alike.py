"""Whether pictures look alike when they are mirrored, asked of no classifier: a distance between sets of pictures."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from ganache.evaluation.features.random_network import RandomExtractor

PICTURES = 400  # looked at, at most
FEWEST = 100  # of which anything can be said
FLAT = 0.01  # of all features' deviation: one that varies less counts less
SIDE, GRID = 32, 8  # pixels: pictures are shrunk to the first, and their lay-out is seen in as many cells as the second
FAR = 0.02  # measured: CIFAR-10, each of its classes and emoji up to 0.002, digits 0.04, MNIST 0.08, text 0.27


class Alike(NamedTuple):
    """How far, in mean distances between two pictures, one half of a set is from the other, mirrored or as it is."""

    mirrored: float
    as_it_is: float

    @property
    def is_alike(self) -> bool:
        """Whether mirroring makes no difference that counts."""
        return self.mirrored - self.as_it_is < FAR


def mirrored_alike(images: NDArray[np.uint8]) -> Alike | None:
    """Return how far pictures (N, C, H, W) are from mirrored ones; None of too few.

    Seen by their lay-out in grey cells and by what random filters find in them (`features/random_network.py`), of which
    the larger distance counts. Distance of sets: energy distance (Székely & Rizzo 2013), without bias, in parts of the
    mean distance within the first half.
    """
    if len(images) < FEWEST:
        return None
    half = len(images) // 2
    turned = np.ascontiguousarray(images[..., ::-1])
    found = []
    for see in (_layout, _filtered):
        straight, mirrored = see(images), see(turned)
        # Features whose values are much larger than the others' would hide them.
        both = torch.cat([straight, mirrored])
        both = both / both.std(dim=0).clamp(min=FLAT * float(both.std()))
        first, second, _, opposite = torch.split(both, [half, len(images) - half] * 2)
        found.append(Alike(_distance(first, opposite), _distance(first, second)))
    return max(found, key=lambda alike: alike.mirrored - alike.as_it_is)


def _layout(images: NDArray[np.uint8]) -> Tensor:
    """Return the means of pictures (N, C, H, W) in a grid of cells: (N, C · GRID²)."""
    return adaptive_avg_pool2d(torch.from_numpy(images).float(), GRID).flatten(1)


def _filtered(images: NDArray[np.uint8]) -> Tensor:
    """Return what random filters find in pictures that are shrunk to at most SIDE pixels: (N, 512)."""
    height, width = (min(SIDE, side) for side in images.shape[-2:])
    small = adaptive_avg_pool2d(torch.from_numpy(images).float(), (height, width)).round().byte()
    return torch.from_numpy(RandomExtractor()(small.permute(0, 2, 3, 1).contiguous().numpy()).features)


def _distance(one: Tensor, other: Tensor) -> float:
    within = _within(one)
    between = float(torch.cdist(one, other).mean())
    return (2.0 * between - within - _within(other)) / within if within else 0.0


def _within(points: Tensor) -> float:
    return float(torch.cdist(points, points).sum()) / (len(points) * (len(points) - 1))
