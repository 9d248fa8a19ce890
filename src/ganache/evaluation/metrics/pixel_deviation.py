"""How much images differ, pixel by pixel: 0 where all are the same."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganache.data.shape import ImageShape
from ganache.evaluation.metrics.counter import ALONE, Beside, Sums


class PixelDeviation(Sums):
    """Sums and sums of squares of every pixel: whole numbers, exact in float64 for the first 370,000 images."""

    name = "pixel-deviation"

    def __init__(self, shape: ImageShape) -> None:
        pixels = (shape.height, shape.width, shape.channels)
        self.sums = {"count": np.zeros((), np.int64), "values": np.zeros(pixels), "squares": np.zeros(pixels)}

    def add(self, images: NDArray[Any], logits: NDArray[np.float32] | None, beside: Beside = ALONE) -> None:
        """Count uint8 pictures (n, H, W, C)."""
        values = images.astype(np.float64)
        self.sums["count"] += len(images)
        self.sums["values"] += values.sum(axis=0)
        self.sums["squares"] += np.square(values).sum(axis=0)

    @property
    def value(self) -> float:
        """The mean over the pixels of √(n Σx² - (Σx)²) / n, in units of the brightest value; of at least one image."""
        count = int(self.sums["count"])
        variance = count * self.sums["squares"] - np.square(self.sums["values"])
        return float(np.sqrt(np.maximum(variance, 0.0)).mean() / (255.0 * count))
