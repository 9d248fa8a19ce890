"""Distances between distributions, computed and not learned."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BIT = float(np.log(2.0))  # nats


def jensen_shannon(first: Floats, second: Floats) -> float:
    """Return the Jensen-Shannon divergence of two distributions (K,) over the same cells, 0 to ln 2 nats.

    JS = ½ KL(P ‖ M) + ½ KL(Q ‖ M), M = ½ (P + Q)          (Lin 1991, equation 3.9)
    """
    middle = (first + second) / 2.0
    return (_divergence(first, middle) + _divergence(second, middle)) / 2.0


def wasserstein_on_line(first: Floats, second: Floats) -> float:
    """Return the Wasserstein-1 distance of two samples (N,) on a line: the cheapest plan keeps their order."""
    return float(np.abs(np.sort(first) - np.sort(second)).mean())


def wasserstein(first: Floats, second: Floats) -> float:
    """Return the Wasserstein-1 distance of two samples (N, D): the mean length of the cheapest assignment."""
    from scipy.optimize import linear_sum_assignment

    lengths: Any = np.linalg.norm(first[:, None] - second[None, :], axis=2)
    return float(lengths[linear_sum_assignment(lengths)].mean())


def _divergence(first: Floats, second: Floats) -> float:
    inside = first > 0  # 0 log 0 = 0
    return float(np.sum(first[inside] * np.log(first[inside] / second[inside])))
