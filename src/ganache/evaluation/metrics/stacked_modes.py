"""Stacked MNIST: how many of the 1,000 combinations of three digits does a generator draw, and how evenly?

An image's three channels are three digits, each judged by a classifier of single digits; the mode is the number that
the three spell. The published protocol (Metz et al. 2017) draws 25,600 samples, counts the modes that
are drawn at least once, and takes the divergence from equal shares in natural logarithms:

    KL(q ‖ p) = Σ qᵢ ln(1000 qᵢ),    0 ln 0 = 0,    q the modes' shares

A perfect generator draws all 1,000 in 25,600 samples, with a divergence of about 999 / 51,200 = 0.0195.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganache.evaluation.metrics.classes import divergence
from ganache.support.errors import UserError

PUBLISHED_SAMPLES = 25_600
MODES = 1_000


@dataclass(frozen=True)
class StackedModes:
    """Of 1,000 modes, those that were drawn at least once; and KL(samples ‖ equal shares) in nats."""

    found: int
    divergence: float


def stacked_modes(digits: NDArray[np.integer]) -> StackedModes:
    """Count the modes among the digits (N, 3), 0 to 9, that a classifier sees in each image's three channels.

    Raises UserError without samples.
    """
    assert digits.ndim == 2, digits.shape
    assert digits.shape[1] == 3, digits.shape
    if len(digits) == 0:
        raise UserError(f"samples: none; at least 1 is needed, and the published protocol has {PUBLISHED_SAMPLES}")
    assert digits.min() >= 0, digits.min()
    assert digits.max() <= 9, digits.max()
    counts = np.bincount(digits.astype(np.int64) @ np.array([100, 10, 1]), minlength=MODES)
    uniform = np.full(MODES, 1 / MODES)
    return StackedModes(int(np.count_nonzero(counts)), divergence(counts, uniform))
