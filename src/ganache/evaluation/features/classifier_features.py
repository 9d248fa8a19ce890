"""Extracted of the classifier that was trained on the labelled data itself."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganache.data.dataset import Dataset, RowDataset
from ganache.engine.transfers import CPU
from ganache.evaluation.features.classifier_network import FEATURES
from ganache.evaluation.features.extractor import Extracted, check_pictures, described
from ganache.evaluation.features.images import PILLOW_RULE, resize_pillow, with_channels
from ganache.evaluation.features.trained_classifier import (
    GROUP,
    VERSION,
    TrainedClassifier,
    rebuilt,
)
from ganache.support.world import World


class ClassifierExtractor:
    """The last hidden layer of a data set's own classifier, and its log probabilities as logits."""

    name = "classifier"
    version = VERSION
    size = FEATURES

    def __init__(self, dataset: Dataset, judge: TrainedClassifier) -> None:
        self.judge, self.device = judge, judge.device
        self._shape = dataset.shape
        self._fingerprint = dataset.fingerprint

    def describe(self) -> dict[str, Any]:
        """Return name, version, size, the weights' checksum, the data's fingerprint and the rules as JSON values.

        Beside them how often the classifier is right, of how many images of what, and where it was trained.
        """
        shape = self._shape
        return {
            **described(self, self.judge.checksum, f"{shape.height}x{shape.width} ({PILLOW_RULE})", shape.channels),
            "trained_on": self._fingerprint,
            "accuracy": self.judge.accuracy,
            "tested": self.judge.tested,
            "tested_on": self.judge.split,
            "made_on": self.judge.made_on,
        }

    def at_once(self, images: NDArray[Any]) -> int:
        """Return how many images the classifier judges at once."""
        return GROUP

    def __call__(self, images: NDArray[Any]) -> Extracted:
        """Return the features (N, 128) and logits (N, K) of uint8 pictures (N, H, W, C)."""
        pictures = with_channels(check_pictures(self.name, images), self._shape.channels)
        fitting = resize_pillow(pictures, self._shape.height, self._shape.width)
        features, probabilities = self.judge.judge(np.require(fitting, requirements=["C", "W"]))
        # The softmax of log p is p again; what underflowed to 0 must not become infinite.
        return Extracted(features, np.log(np.maximum(probabilities, np.finfo(np.float32).tiny)))


def of_first(
    judge: TrainedClassifier | None, dataset: RowDataset, device: torch.device | None, world: World
) -> TrainedClassifier:
    """Return in every process the judge of a data set that process 0 has; the others need none of their own."""
    if world.size == 1 and judge is not None:
        return judge
    facts = world.told(None if judge is None else judge.facts)
    tensors = world.copied({} if judge is None else dict(judge.network.state_dict()))
    return judge or rebuilt(dataset, tensors, facts, device or CPU)
