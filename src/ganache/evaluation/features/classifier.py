"""Features of the classifier that was trained on the labelled data itself."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganache.data.store.packed import PackedDataset
from ganache.evaluation.features import trained_classifier as classifier
from ganache.evaluation.features.extractor import Features, check_pictures, full_precision
from ganache.evaluation.features.images import CHANNEL_RULE, PILLOW_RULE, resize_pillow, with_channels


class ClassifierExtractor:
    """The last hidden layer of a data set's own classifier, and its log probabilities as logits."""

    name = "classifier"
    version = classifier.VERSION
    size = classifier.FEATURES

    def __init__(self, dataset: PackedDataset, cache: Path | None = None) -> None:
        """Take the data's classifier from the cache, or train it; raises UserError without two classes."""
        self.judge = classifier.classifier_for(dataset, cache)
        self._shape = dataset.shape
        self._fingerprint = dataset.fingerprint

    def describe(self) -> dict[str, Any]:
        """Return name, version, size, the weights' checksum, the data's fingerprint and the rules as JSON values."""
        return {
            "name": self.name,
            "version": self.version,
            "size": self.size,
            "checksum": self.judge.checksum,
            "resize": f"{self._shape.height}x{self._shape.width} ({PILLOW_RULE})",
            "channels": f"{self._shape.channels} ({CHANNEL_RULE})",
            "trained_on": self._fingerprint,
            "accuracy": self.judge.accuracy,
        }

    def __call__(self, images: NDArray[Any]) -> Features:
        """Return the features (N, 128) and logits (N, K) of uint8 pictures (N, H, W, C)."""
        pictures = with_channels(check_pictures(self.name, images), self._shape.channels)
        fitting = resize_pillow(pictures, self._shape.height, self._shape.width)
        with full_precision():
            features, probabilities = self.judge.judge(np.require(fitting, requirements=["C", "W"]))
        # The softmax of log p is p again; what underflowed to 0 must not become infinite.
        return Features(features, np.log(np.maximum(probabilities, np.finfo(np.float32).tiny)))
