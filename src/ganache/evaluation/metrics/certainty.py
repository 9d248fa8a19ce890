"""Which classes a classifier sees, and how sure it is of them: p(y|x) is the softmax of its logits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganache.evaluation.metrics.counter import ALONE, Beside, Sums
from ganache.evaluation.metrics.inception_score import log_softmax

UNSURE = 0.5  # below it no class has even half of the probability


class Certainty(Sums):
    """Counts the classes (K,) that are seen, and sums up the greatest probability of each image."""

    name = "certainty"

    def __init__(self, classes: int) -> None:
        self.sums = {"seen": np.zeros(classes, np.int64), "confidence": np.zeros(()), "unsure": np.zeros((), np.int64)}

    def add(self, images: NDArray[Any], logits: NDArray[np.float32] | None, beside: Beside = ALONE) -> None:
        """Count images by their logits (n, K)."""
        assert logits is not None
        surest = np.exp(log_softmax(logits).max(axis=1))
        self.sums["seen"] += np.bincount(logits.argmax(axis=1), minlength=len(self.sums["seen"]))
        self.sums["confidence"] += surest.sum()
        self.sums["unsure"] += np.count_nonzero(surest < UNSURE)

    @property
    def count(self) -> int:
        """How many images there were, at least one for all that follows."""
        return int(self.sums["seen"].sum())

    @property
    def shares(self) -> NDArray[np.float64]:
        """The share (K,) of the images that are seen as each class."""
        shares: NDArray[np.float64] = self.sums["seen"] / self.count
        return shares

    @property
    def confidence(self) -> float:
        """The mean greatest probability, 1 / K to 1."""
        return float(self.sums["confidence"]) / self.count

    @property
    def unsure(self) -> float:
        """The share of images for which that is below 0.5."""
        return int(self.sums["unsure"]) / self.count
