"""Inception v3 as TensorFlow published it in 2015, the network behind FID, KID and the Inception Score.

The graph of Szegedy et al. 2015 (arXiv 1512.00567) in the variant that those scores were defined with (Heusel et al.
2017, arXiv 1706.08500; Salimans et al. 2016, arXiv 1606.03498), which differs from later Inceptions in three places:
its means over 3×3 pixels leave the padding out, the last block takes a maximum where all others take a mean, and it has
1,008 classes. Modules carry the names of the weights' PyTorch port.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, max_pool2d

from ganache.engine.transfers import CPU, to_device
from ganache.evaluation.features.extractor import Extracted, check_pictures, described, in_groups
from ganache.evaluation.features.images import resize_tensorflow, with_channels

VERSION = 1
SIDE = 299  # pixels
FEATURES = 2048
CLASSES = 1008
GROUP = 16  # images at once

Pool = Callable[[Tensor], Tensor]


def _mean(maps: Tensor) -> Tensor:
    return avg_pool2d(maps, 3, stride=1, padding=1, count_include_pad=False)


def _maximum(maps: Tensor) -> Tensor:
    return max_pool2d(maps, 3, stride=1, padding=1)


def _halved(maps: Tensor) -> Tensor:
    return max_pool2d(maps, 3, stride=2)


@dataclass(frozen=True)
class Conv:
    """A convolution with batch norm and ReLU; stride 2, or `padded` false, loses the border."""

    outputs: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    padded: bool = True


@dataclass(frozen=True)
class Branch:
    """One way through a block: a pool or none, convolutions in a row, then those that all read what came out last."""

    name: str
    pool: Pool | None = None
    row: tuple[Conv, ...] = ()
    fork: tuple[Conv, ...] = ()


Plan = tuple[Branch, ...]


def _square(outputs: int, side: int, stride: int = 1) -> Conv:
    return Conv(outputs, (side, side), stride, padded=stride == 1)


def _across(outputs: int, length: int) -> Conv:
    return Conv(outputs, (1, length))


def _down(outputs: int, length: int) -> Conv:
    return Conv(outputs, (length, 1))


def _block_35(pooled: int) -> Plan:
    return (
        Branch("branch1x1", row=(Conv(64),)),
        Branch("branch5x5", row=(Conv(48), _square(64, 5))),
        Branch("branch3x3dbl", row=(Conv(64), _square(96, 3), _square(96, 3))),
        Branch("branch_pool", _mean, row=(Conv(pooled),)),
    )


def _block_17(width: int) -> Plan:
    far = (Conv(width), _down(width, 7), _across(width, 7), _down(width, 7), _across(192, 7))
    return (
        Branch("branch1x1", row=(Conv(192),)),
        Branch("branch7x7", row=(Conv(width), _across(width, 7), _down(192, 7))),
        Branch("branch7x7dbl", row=far),
        Branch("branch_pool", _mean, row=(Conv(192),)),
    )


def _block_8(pool: Pool) -> Plan:
    fork = (_across(384, 3), _down(384, 3))
    return (
        Branch("branch1x1", row=(Conv(320),)),
        Branch("branch3x3", row=(Conv(384),), fork=fork),
        Branch("branch3x3dbl", row=(Conv(448), _square(384, 3)), fork=fork),
        Branch("branch_pool", pool, row=(Conv(192),)),
    )


_TO_17 = (
    Branch("branch3x3", row=(_square(384, 3, stride=2),)),
    Branch("branch3x3dbl", row=(Conv(64), _square(96, 3), _square(96, 3, stride=2))),
    Branch("branch_pool", _halved),
)
_TO_8 = (
    Branch("branch3x3", row=(Conv(192), _square(320, 3, stride=2))),
    Branch("branch7x7x3", row=(Conv(192), _across(192, 7), _down(192, 7), _square(192, 3, stride=2))),
    Branch("branch_pool", _halved),
)

GRAPH: dict[str, Conv | Plan | Pool] = {
    "Conv2d_1a_3x3": _square(32, 3, stride=2),
    "Conv2d_2a_3x3": Conv(32, (3, 3), padded=False),
    "Conv2d_2b_3x3": _square(64, 3),
    "MaxPool_1": _halved,
    "Conv2d_3b_1x1": Conv(80),
    "Conv2d_4a_3x3": Conv(192, (3, 3), padded=False),
    "MaxPool_2": _halved,
    "Mixed_5b": _block_35(pooled=32),
    "Mixed_5c": _block_35(pooled=64),
    "Mixed_5d": _block_35(pooled=64),
    "Mixed_6a": _TO_17,
    "Mixed_6b": _block_17(width=128),
    "Mixed_6c": _block_17(width=160),
    "Mixed_6d": _block_17(width=160),
    "Mixed_6e": _block_17(width=192),
    "Mixed_7a": _TO_8,
    "Mixed_7b": _block_8(_mean),
    "Mixed_7c": _block_8(_maximum),
}


class NormalizedConv(nn.Module):
    """A convolution without bias, batch norm with ε = 0.001, ReLU."""

    def __init__(self, inputs: int, plan: Conv) -> None:
        super().__init__()
        height, width = plan.kernel
        padding = (height // 2, width // 2) if plan.padded else (0, 0)
        self.conv = nn.Conv2d(inputs, plan.outputs, plan.kernel, plan.stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(plan.outputs, eps=0.001)

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps (N, outputs, H', W') of maps (N, inputs, H, W)."""
        normalized: Tensor = self.bn(self.conv(maps))
        return normalized.relu_()


class Mixed(nn.Module):
    """Branches side by side, their maps concatenated; `outputs` is how many there are."""

    def __init__(self, inputs: int, plan: Plan) -> None:
        super().__init__()
        self.outputs = 0
        self._ways: list[tuple[Pool | None, list[NormalizedConv], list[NormalizedConv]]] = []
        for branch in plan:
            alone = len(branch.row) == 1 and not branch.fork
            width, row, fork = inputs, [], []
            for number, conv in enumerate(branch.row, 1):
                row.append(NormalizedConv(width, conv))
                self.add_module(branch.name if alone else f"{branch.name}_{number}", row[-1])
                width = conv.outputs
            for letter, conv in zip("ab", branch.fork, strict=False):
                fork.append(NormalizedConv(width, conv))
                self.add_module(f"{branch.name}_{len(row) + 1}{letter}", fork[-1])
            self._ways.append((branch.pool, row, fork))
            self.outputs += sum(conv.outputs for conv in branch.fork) or width

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps (N, outputs, H', W') of maps (N, inputs, H, W)."""
        found = []
        for pool, row, fork in self._ways:
            way = pool(maps) if pool else maps
            for conv in row:
                way = conv(way)
            found += [conv(way) for conv in fork] or [way]
        return torch.cat(found, dim=1)


class InceptionNetwork(nn.Module):
    """The whole graph, from pixels to pooled features and logits."""

    def __init__(self) -> None:
        super().__init__()
        width = 3
        for name, plan in GRAPH.items():
            match plan:
                case Conv():
                    self.add_module(name, NormalizedConv(width, plan))
                    width = plan.outputs
                case tuple():
                    mixed = Mixed(width, plan)
                    self.add_module(name, mixed)
                    width = mixed.outputs
        self.fc = nn.Linear(FEATURES, CLASSES)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return pooled features (N, 2048) and logits without bias (N, 1008) of images (N, 3, 299, 299) in [-1, 1].

        The Inception Score was published of the logits without the layer's bias (Salimans et al. 2016: their program
        multiplies by the weights alone), and all that compare with it do the same.
        """
        maps = images
        for name, plan in GRAPH.items():
            maps = plan(maps) if callable(plan) else self.get_submodule(name)(maps)
        features = maps.mean(dim=(2, 3))
        return features, features @ self.fc.weight.T


class InceptionExtractor:
    """Extracted and logits of Inception v3; its name is `inception` with the published weights alone.

    With any others it is `inception-` and the first eight digits of their checksum: no such score is an FID.
    """

    version = VERSION
    size = FEATURES

    def __init__(
        self, weights: dict[str, Tensor], checksum: str, published: bool, device: torch.device | None = None
    ) -> None:
        self._checksum, self._published = checksum, published
        self.device = device or CPU
        with torch.device("meta"):
            network = InceptionNetwork()
        network.load_state_dict(weights, assign=True)
        network.requires_grad_(False).eval()
        # A fifth faster so on a CPU.
        self._network = network.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def name(self) -> str:
        """``inception``, or with other weights than the published ones ``inception-1a2b3c4d``."""
        return "inception" if self._published else f"inception-{self._checksum[:8]}"

    def describe(self) -> dict[str, Any]:
        """Return name, version, size, the weights' checksum and the rules as JSON values."""
        resize = f"{SIDE}x{SIDE} (TensorFlow 1 bilinear, no half-pixel centres)"
        return {**described(self, self._checksum, resize, 3), "logits": f"{CLASSES}, without bias"}

    def at_once(self, images: NDArray[Any]) -> int:
        """Return how many pictures are computed at once."""
        return GROUP

    def __call__(self, images: NDArray[Any]) -> Extracted:
        """Return the features (N, 2048) and logits (N, 1008) of uint8 pictures (N, H, W, C)."""
        return Extracted(*in_groups(check_pictures(self.name, images), GROUP, self.device, self._apply))

    def _apply(self, images: NDArray[np.uint8]) -> tuple[Tensor, Tensor]:
        tensor = to_device(torch.tensor(with_channels(images, 3)), self.device).permute(0, 3, 1, 2).float()
        found: tuple[Tensor, Tensor] = self._network((resize_tensorflow(tensor, SIDE, SIDE) - 128.0) / 128.0)
        return found
