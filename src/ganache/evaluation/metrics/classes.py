"""Scores by class: the Fréchet distance of each, the accuracy of conditional samples, the shares of the classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganache.evaluation.metrics.frechet import frechet_distance
from ganache.evaluation.metrics.inputs import Features, Floats, check_features
from ganache.evaluation.metrics.moments import AnyMoments

Labels = NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class ClassDistances:
    """The Fréchet distance of each class (K,), the samples that each comes from (K,), and their plain mean."""

    distances: Floats
    counts: NDArray[np.int64]
    mean: float


def frechet_by_class(samples: Sequence[AnyMoments], reference: Sequence[AnyMoments]) -> ClassDistances:
    """Compare each class of the samples with the same class of the reals.

    The mean is the intra-class FID of Miyato & Koyama (2018). Few samples in each class make it high: compare equal
    counts only.
    """
    distances = [frechet_distance(ours, theirs) for ours, theirs in zip(samples, reference, strict=True)]
    counts = np.array([moments.count for moments in samples], dtype=np.int64)
    return ClassDistances(np.array(distances), counts, float(np.mean(distances)))


@dataclass(frozen=True, eq=False)
class LabelAccuracy:
    """The share of samples of the requested class, its standard error, and the share within each class (K,).

    A class that was never requested has no share: its number is NaN.
    """

    value: float
    standard_error: float
    by_class: Floats


def label_accuracy(scores: Features, requested: Labels) -> LabelAccuracy:
    """Compare a classifier's logits or probabilities (N, K) with the class (N,) that each sample was asked for.

    Raises UserError without samples, and for values that are not finite.
    """
    check_features("scores", scores)
    classes = scores.shape[1]
    _check_labels(requested, len(scores), classes)
    hits = scores.argmax(axis=1) == requested
    counts = np.bincount(requested, minlength=classes).astype(np.int64)
    right = np.bincount(requested, weights=hits, minlength=classes)
    value = float(hits.mean())
    by_class = np.divide(right, counts, out=np.full(classes, np.nan), where=counts > 0)
    return LabelAccuracy(value, float(np.sqrt(value * (1 - value) / len(hits))), by_class)


@dataclass(frozen=True, eq=False)
class ClassShares:
    """The share of samples judged to be of each class (K,), the smallest, and KL(shares ‖ expected) in nats."""

    shares: Floats
    smallest: float
    divergence: float


def class_shares(scores: Features, expected: Floats | None = None) -> ClassShares:
    """Return how often a classifier's logits or probabilities (N, K) are largest for each class.

    `expected` (K,) are the reals' shares, equal ones when None; each must be above zero. Raises UserError without
    samples, and for values that are not finite.
    """
    check_features("scores", scores)
    classes = scores.shape[1]
    counts = np.bincount(scores.argmax(axis=1), minlength=classes)
    reference = np.full(classes, 1 / classes) if expected is None else expected
    shares = counts / len(scores)
    return ClassShares(shares, float(shares.min()), divergence(counts, reference))


def divergence(counts: NDArray[np.integer], expected: Floats) -> float:
    """Return KL(counts / N ‖ expected) in nats, with 0 log 0 = 0; both (K,), `expected` sums to 1 and has no zero.

    Of N samples of a perfect generator it is not 0 but about (K - 1) / 2N, until N is far larger than K.
    """
    assert counts.shape == expected.shape, (counts.shape, expected.shape)
    assert (expected > 0).all(), "an expected share is zero"
    shares = counts / counts.sum()
    ratio = np.divide(shares, expected, out=np.ones_like(expected), where=shares > 0)
    return max(0.0, float((shares * np.log(ratio)).sum()))


def _check_labels(labels: Labels, count: int, classes: int) -> None:
    assert labels.shape == (count,), (labels.shape, count)
    assert np.issubdtype(labels.dtype, np.integer), labels.dtype
    assert count == 0 or (labels.min() >= 0 and labels.max() < classes), classes
