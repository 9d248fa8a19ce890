"""Extracted of the classifier that was trained on the labelled data itself."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganache.data.dataset import Dataset
from ganache.evaluation.features.extractor import Extracted, check_pictures, full_precision
from ganache.evaluation.features.images import CHANNEL_RULE, PILLOW_RULE, resize_pillow, with_channels
from ganache.evaluation.features.trained_classifier import FEATURES, VERSION, TrainedClassifier


class ClassifierExtractor:
    """The last hidden layer of a data set's own classifier, and its log probabilities as logits."""

    name = "classifier"
    version = VERSION
    size = FEATURES

    def __init__(self, dataset: Dataset, judge: TrainedClassifier) -> None:
        self.judge = judge
        self._shape = dataset.shape
        self._fingerprint = dataset.fingerprint

    def describe(self) -> dict[str, Any]:
        """Return name, version, size, the weights' checksum, the data's fingerprint and the rules as JSON values.

        Beside them how often the classifier is right, and of how many images of what.
        """
        return {
            "name": self.name,
            "version": self.version,
            "size": self.size,
            "checksum": self.judge.checksum,
            "resize": f"{self._shape.height}x{self._shape.width} ({PILLOW_RULE})",
            "channels": f"{self._shape.channels} ({CHANNEL_RULE})",
            "trained_on": self._fingerprint,
            "accuracy": self.judge.accuracy,
            "tested": self.judge.tested,
            "tested_on": self.judge.split,
        }

    def __call__(self, images: NDArray[Any]) -> Extracted:
        """Return the features (N, 128) and logits (N, K) of uint8 pictures (N, H, W, C)."""
        pictures = with_channels(check_pictures(self.name, images), self._shape.channels)
        fitting = resize_pillow(pictures, self._shape.height, self._shape.width)
        with full_precision():
            features, probabilities = self.judge.judge(np.require(fitting, requirements=["C", "W"]))
        # The softmax of log p is p again; what underflowed to 0 must not become infinite.
        return Extracted(features, np.log(np.maximum(probabilities, np.finfo(np.float32).tiny)))
