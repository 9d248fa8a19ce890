"""Extracted of EfficientNet-Lite0: features that see pictures, without a download and without labels.

On a processor by onnxruntime, which takes half of torch's time, where it is installed; on a GPU by torch. Pictures are
computed one at a time on a processor, and in whole groups on a GPU, so that no value depends on how many come in one
call: sums of a batch of another size may be of another order.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganache.engine.transfers import CPU, to_device
from ganache.evaluation.features.efficientnet_onnx import runner
from ganache.evaluation.features.extractor import BY, Extracted, check_pictures, described, in_groups
from ganache.evaluation.features.images import PILLOW_RULE, resize_pillow, with_channels
from ganache.networks.efficientnet import FEATURES, SIDE, EfficientNetLite0, scaled

VERSION = 1
GROUP = 64  # pictures at once on a GPU


class EfficientNetExtractor:
    """The means of the last maps; every picture is stretched to 224×224.

    `weights` are those that `networks.efficientnet.shapes` names, `checksum` that of their file. `runs_onnx` false
    keeps onnxruntime out where it is installed.
    """

    name = "efficientnet-lite0"
    version = VERSION
    size = FEATURES

    def __init__(
        self,
        weights: Mapping[str, Tensor],
        checksum: str,
        device: torch.device | None = None,
        *,
        runs_onnx: bool = True,
    ) -> None:
        self.device, self._checksum = device or CPU, checksum
        on_cpu = self.device.type == CPU.type
        self._run = runner(weights, torch.get_num_threads()) if on_cpu and runs_onnx else None
        self._network = None if self._run else EfficientNetLite0(weights).to(self.device).eval()
        self._group = 1 if on_cpu else GROUP

    def describe(self) -> dict[str, Any]:
        """Return name, version, size, the weights' checksum, the rules and the library as JSON values."""
        rules = described(self, self._checksum, f"{SIDE}x{SIDE} ({PILLOW_RULE})", 3)
        return {**rules, BY: "onnxruntime" if self._run else "torch"}

    def at_once(self, images: NDArray[Any]) -> int:
        """Return 1 on a processor, and how many are in a whole group on a GPU."""
        return self._group

    def __call__(self, images: NDArray[Any]) -> Extracted:
        """Return the features (N, 1280) of uint8 pictures (N, H, W, C); no logits."""
        pictures = check_pictures(self.name, images)
        (features,) = in_groups(pictures, self._group, self.device, lambda part: (self._apply(part),))
        return Extracted(features)

    def _apply(self, images: NDArray[np.uint8]) -> Tensor:
        seen = scaled(torch.from_numpy(_fitted(images)).permute(0, 3, 1, 2).float())
        if self._run is not None:
            return torch.from_numpy(self._run(seen.contiguous().numpy()))
        assert self._network is not None
        whole = torch.cat([seen, seen.new_zeros(self._group - len(seen), *seen.shape[1:])])
        features: Tensor = self._network(to_device(whole, self.device))
        return features[: len(seen)]


def _fitted(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pictures (N, 224, 224, 3): alpha is composited before they are resized, grey is repeated after."""
    colours = with_channels(images, 1 if images.shape[3] <= 2 else 3)
    return with_channels(resize_pillow(colours, SIDE, SIDE), 3)
