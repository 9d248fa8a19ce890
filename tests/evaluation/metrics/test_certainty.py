"""Which classes are seen and how surely, and how much pixels differ: by hand, and piece by piece."""

import numpy as np
import pytest

from ganache.data.shape import ImageShape
from ganache.evaluation.metrics.certainty import Certainty
from ganache.evaluation.metrics.pixel_deviation import PixelDeviation

NONE = np.zeros((0, 1, 1, 1), np.uint8)


def test_classes_and_confidence_by_hand() -> None:
    probabilities = np.array([[0.8, 0.1, 0.1], [0.3, 0.4, 0.3], [0.0, 0.0, 1.0], [0.6, 0.2, 0.2]])
    logits = np.log(np.maximum(probabilities, 1e-30)).astype(np.float32)
    counter = Certainty(3)
    for part in np.split(logits + np.float32(7.0), [1, 3]):  # a softmax does not mind what is added to all
        counter.add(NONE, part)
    assert counter.count == 4
    assert counter.shares.tolist() == [0.5, 0.25, 0.25]
    assert counter.confidence == pytest.approx((0.8 + 0.4 + 1.0 + 0.6) / 4, rel=1e-6)
    assert counter.unsure == 0.25


def test_what_was_summed_is_all_that_there_is_to_know() -> None:
    logits = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    first, second = Certainty(4), Certainty(4)
    first.add(NONE, logits)
    second.sums = {name: array.copy() for name, array in first.sums.items()}
    assert (second.confidence, second.unsure, second.shares.tolist()) == (
        first.confidence,
        first.unsure,
        first.shares.tolist(),
    )


def test_the_pixels_deviation_by_hand_and_exactly_however_they_come() -> None:
    # The first pixel is 10, 10, 200, 110 with variance (2·72.5² + 117.5² + 27.5²) / 4, the second 0, 255, 0, 255.
    images = np.array([(10, 0), (10, 255), (200, 0), (110, 255)], np.uint8).reshape(4, 1, 2, 1)
    expected = (((2 * 72.5**2 + 117.5**2 + 27.5**2) / 4) ** 0.5 + 127.5) / 2 / 255
    for cuts in ([], [1], [1, 3]):
        counter = PixelDeviation(ImageShape(1, 1, 2))
        for part in np.split(images, cuts):
            counter.add(part, None)
        assert counter.value == pytest.approx(expected, rel=1e-15)
    same = PixelDeviation(ImageShape(1, 1, 2))
    same.add(images[[0, 0, 0]], None)
    assert same.value == 0.0
