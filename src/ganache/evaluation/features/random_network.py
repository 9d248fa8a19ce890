"""Extracted of a random convolutional network: for pictures without labels, on a machine without a trained network.

What random filters see is enough to tell sets of pictures apart, and no training set has biased it (Naeem et al. 2020,
arXiv 2002.09797, section 5). A distance between such features is not an FID, and no published number compares with it.
"""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, pad, relu

from ganache.engine.pixel_values import values_of
from ganache.engine.transfers import CPU, to_device
from ganache.evaluation.features.extractor import Extracted, check_pictures, described, digest, in_groups
from ganache.evaluation.features.images import PILLOW_RULE, resize_pillow, with_channels
from ganache.support.streams import derive

VERSION = 2
_DRAW = 1  # of the weights, which stay the same where the version grows for another reason
WIDTHS = (32, 64, 64, 96)
LONGEST_SIDE = 256  # pixels
GROUP = 64  # images of 64×64 pixels at once, fewer of larger ones


class RandomNetwork(nn.Module):
    """Four 3×3 convolutions with ReLU, the picture halved after each; every map's mean and deviation are features."""

    def __init__(self) -> None:
        super().__init__()
        for stage, weight in enumerate(random_weights()):
            # With the channels last, and deviations in two passes of means, half as fast again on a CPU.
            self.register_buffer(f"weight_{stage}", weight.contiguous(memory_format=torch.channels_last))

    def forward(self, images: Tensor) -> Tensor:
        """Return features (N, 512) of images (N, 3, H, W) in [-1, 1]."""
        maps, found = images, []
        for weight in self.buffers():
            # Borders repeated: an even picture has even maps, of any size.
            maps = relu(conv2d(pad(maps, (1, 1, 1, 1), mode="replicate"), weight))
            mean = maps.mean(dim=(2, 3), keepdim=True)
            variance = (maps - mean).square().mean(dim=(2, 3))
            found += [mean.flatten(1), variance.sqrt()]
            maps = avg_pool2d(maps, 2, ceil_mode=True)
        return torch.cat(found, dim=1)


class RandomExtractor:
    """The features of the one random network of this version; pictures above 256 pixels are shrunk to that side."""

    name = "random"
    version = VERSION
    size = 2 * sum(WIDTHS)

    def __init__(self, device: torch.device | None = None) -> None:
        self.device = device or CPU
        self._network = RandomNetwork().to(self.device).eval()
        self._checksum = digest(dict(self._network.named_buffers()))

    def describe(self) -> dict[str, Any]:
        """Return name, version, size, the weights' checksum and the rules as JSON values."""
        return described(self, self._checksum, f"longest side at most {LONGEST_SIDE} ({PILLOW_RULE})", 3)

    def at_once(self, images: NDArray[Any]) -> int:
        """Return how many pictures (N, H, W, C) of this size are computed at once."""
        height, width = _shrunk(*images.shape[1:3])
        return max(1, GROUP * 64**2 // max(64**2, height * width))

    def __call__(self, images: NDArray[Any]) -> Extracted:
        """Return the features (N, 512) of uint8 pictures (N, H, W, C); no logits."""
        pictures = check_pictures(self.name, images)
        height, width = _shrunk(*pictures.shape[1:3])
        (features,) = in_groups(
            pictures, self.at_once(pictures), self.device, lambda part: (self._features(part, height, width),)
        )
        return Extracted(features)

    def _features(self, images: NDArray[np.uint8], height: int, width: int) -> Tensor:
        seen = with_channels(resize_pillow(images, height, width), 3)
        tensor = to_device(torch.tensor(seen), self.device)
        features: Tensor = self._network(values_of(tensor.permute(0, 3, 1, 2)))
        return features


def random_weights() -> list[Tensor]:
    """Return the filters (outputs, inputs, 3, 3): uniform with He's variance 2 / fan_in (arXiv 1502.01852, eq. 10),
    times 4 after the first.

    Made of raw bits by correctly rounded operations alone, so that they are the same bits on every machine and with
    every version of NumPy and torch, of which neither promises this for its own random numbers.
    """
    bits = np.random.PCG64(derive(0, "random features", _DRAW))
    weights: list[Tensor] = []
    inputs = 3
    for outputs in WIDTHS:
        fan_in = inputs * 9
        raw = bits.random_raw(outputs * fan_in).reshape(outputs, fan_in)
        values = (raw >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1.0
        if weights:
            # ReLU leaves a positive level in every map. Filters of sum zero see what differs, not that; and twice as
            # strongly, since the mean of four unrelated pixels has half their deviation.
            values -= np.array([[math.fsum(row) / fan_in] for row in values.tolist()])
            values *= 2.0
        scaled = (values * math.sqrt(6.0 / fan_in)).astype(np.float32)
        weights.append(torch.from_numpy(scaled.reshape(outputs, inputs, 3, 3)))
        inputs = outputs
    return weights


def _shrunk(height: int, width: int) -> tuple[int, int]:
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))
