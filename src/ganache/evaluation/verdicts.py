"""What a classifier says of a set of images, summed up piece by piece in constant memory."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganache.evaluation.features.trained_classifier import FEATURES, Classifier
from ganache.evaluation.metrics.moments import RunningMoments

UNSURE = 0.5  # below it no class has even half of the probability


@dataclass(frozen=True)
class Verdict:
    """What the classifier says of one set of images.

    `shares` are those of the classes that it sees, `confidence` is its mean greatest probability and `unsure` the share
    of images for which that is below 0.5. `pixel_deviation` is the standard deviation of a pixel over the images,
    averaged over all pixels, which lie in [0, 1].
    """

    count: int
    shares: dict[str, float]
    confidence: float
    unsure: float
    pixel_deviation: float


class Tally:
    """The sums behind a verdict; `moments` gathers the images' features."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._names = classifier.label_names
        self._seen = np.zeros(len(self._names), dtype=np.int64)  # images of each class, by the classifier
        self._asked, self._right = self._seen.copy(), self._seen.copy()
        self._confidence, self._unsure = 0.0, 0
        self._pixels = _PixelSums()
        self.moments = RunningMoments(FEATURES)
        self.count = 0

    def add(self, images: NDArray[np.uint8], asked: Sequence[str] = ()) -> None:
        """Add images (n, H, W, C) and, where each was asked for by a label, their labels."""
        if not len(images):
            return
        features, probabilities = self._classifier.judge(images)
        classes, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
        self._seen += np.bincount(classes, minlength=len(self._seen))
        if asked:
            wanted = np.array([self._names.index(name) for name in asked])
            self._asked += np.bincount(wanted, minlength=len(self._seen))
            self._right += np.bincount(wanted[wanted == classes], minlength=len(self._seen))
        self._confidence += float(confidence.sum(dtype=np.float64))
        self._unsure += int((confidence < UNSURE).sum())
        self._pixels.add(images)
        self.moments.add(features)
        self.count += len(images)

    def verdict(self) -> Verdict:
        """Return what was found; there is at least one image."""
        return Verdict(
            count=self.count,
            shares=self._by_name(self._seen / self.count),
            confidence=self._confidence / self.count,
            unsure=self._unsure / self.count,
            pixel_deviation=self._pixels.deviation(),
        )

    def label_accuracy(self) -> float:
        """Return the share of images that have the label which was asked for."""
        return float(self._right.sum() / self._asked.sum())

    def label_accuracies(self) -> dict[str, float]:
        """Return the same for each label that was asked for."""
        shares = self._by_name(self._right / np.maximum(self._asked, 1))
        return {name: shares[name] for name, count in zip(self._names, self._asked, strict=True) if count}

    def _by_name(self, values: NDArray[np.float64]) -> dict[str, float]:
        return dict(zip(self._names, values.tolist(), strict=True))


class _PixelSums:
    """Sums and sums of squares of every pixel: whole numbers, exact in float64 for the first 370,000 images."""

    def __init__(self) -> None:
        self._count = 0
        self._sum: NDArray[np.float64] | float = 0.0
        self._squares: NDArray[np.float64] | float = 0.0

    def add(self, images: NDArray[np.uint8]) -> None:
        values = images.astype(np.float64)
        self._count += len(images)
        self._sum = self._sum + values.sum(axis=0)
        self._squares = self._squares + np.square(values).sum(axis=0)

    def deviation(self) -> float:
        """Return the mean over the pixels of √(n Σx² - (Σx)²) / n, in units of the brightest value."""
        variance = self._count * self._squares - np.square(self._sum)
        return float(np.sqrt(np.maximum(variance, 0.0)).mean() / (255.0 * self._count))
