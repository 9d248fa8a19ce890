"""How well scores tell two kinds apart, and within what bounds that is known.

Bounds are those of DeLong et al. 1988, "Comparing the Areas under Two or More Correlated Receiver Operating
Characteristic Curves": an area is a mean over pairs, and its variance is that of each side's mean against the other.
Of few that variance is known badly, and too small where an area is near 1: of 16 against 1,000 its bounds of an area of
0.98 held in 82% of draws, and not in 95%.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ganache.evaluation.metrics.birthday import NORMAL_95
from ganache.support.student import quantile
from ganache.uses.thresholds import interval

FEW = 50  # of either kind, from which on DeLong's bounds alone hold
Scores = NDArray[np.float64]  # (N,)


def area(scores: Scores, is_odd: NDArray[np.bool_]) -> float:
    """Return the chance that one of the odd scores higher than one of the others, a tie being half (AUROC)."""
    return float(_shares(np.sort(scores[~is_odd]), scores[is_odd]).mean())


def area_within(odd: Scores, others: Scores) -> tuple[float, float, float]:
    """Return the area of scores (n,) and (m,), both at least 2, and its 95% bounds.

    DeLong's deviation is taken on the scale of logits, so that bounds stay in [0, 1]. Where nothing is out of order
    it is 0, and the bounds are those of a share of which all of min(n, m) were seen (Clopper & Pearson). Of fewer than
    50 of a kind they are never narrower than those of such a share.
    """
    above, below = _components(odd, others)
    found = float(above.mean())
    fewer = min(len(odd), len(others))
    if found in (0.0, 1.0):
        return found, *interval(round(found * fewer), fewer)
    deviation = math.sqrt(above.var(ddof=1) / len(odd) + below.var(ddof=1) / len(others))
    logit, reach = math.log(found / (1.0 - found)), NORMAL_95 * deviation / (found * (1.0 - found))
    low, high = (1.0 / (1.0 + math.exp(-min(max(place, -700.0), 700.0))) for place in (logit - reach, logit + reach))
    if fewer < FEW:
        least, most = interval(round(found * fewer), fewer)
        low, high = min(low, least), max(high, most)
    return found, low, high


def difference_within(
    one: Sequence[tuple[Scores, Scores]], other: Sequence[tuple[Scores, Scores]]
) -> tuple[float, float, float]:
    """Return by how much the mean area of one's scores, (odd, others) each, is above that of another's.

    Both are of the same things, and the others are the same in every pair. With 95% bounds by DeLong's covariance, of
    fewer than 50 of a kind by Student's t.
    """
    apart = [
        tuple(mine - theirs for mine, theirs in zip(_components(*ours), _components(*rivals), strict=True))
        for ours, rivals in zip(one, other, strict=True)
    ]
    found = float(np.mean([above.mean() for above, _ in apart]))
    below = np.mean([below for _, below in apart], axis=0)
    variance = sum(above.var(ddof=1) / len(above) for above, _ in apart) / len(apart) ** 2
    fewer = min(len(below), *(len(above) for above, _ in apart))
    reach = (quantile(fewer - 1) if fewer < FEW else NORMAL_95) * math.sqrt(variance + below.var(ddof=1) / len(below))
    return found, found - reach, found + reach


def average_precision(scores: Scores, is_odd: NDArray[np.bool_]) -> float:
    """Return the sum over thresholds of the recall that each adds times the precision there, ties taken at once."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(is_odd[order])
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    recall = hits[ends] / hits[-1]
    return float((np.diff(recall, prepend=0.0) * hits[ends] / (ends + 1)).sum())


def _components(odd: Scores, others: Scores) -> tuple[Scores, Scores]:
    """Return for each of the odd the share of the others below it, and for each of the others that of the odd above."""
    return _shares(np.sort(others), odd), 1.0 - _shares(np.sort(odd), others)


def _shares(known: Scores, scores: Scores) -> Scores:
    """Return for each score the share of those known, in order, that are below it, with half of its equals."""
    shares: Scores = (np.searchsorted(known, scores, "left") + np.searchsorted(known, scores, "right")) / (
        2 * len(known)
    )
    return shares
