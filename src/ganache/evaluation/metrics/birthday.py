"""The birthday paradox: how many different images does a generator draw?

Among n samples of a generator that draws S images equally often, n(n-1)/2 S pairs are expected to show the same image.
So pairs of duplicates tell S long before S samples were seen (Arora, Risteski & Zhang 2018; Arora & Zhang 2017):

    p = pairs / (n(n-1)/2),    support = 1 / p.

When images are drawn unequally often, p = Σ pᵢ² and 1 / p is the number of equally frequent images that would repeat as
often: less than the true support, as rare images hardly ever repeat. The papers look for the batch size at which half
of the batches hold a duplicate; that is about √(2 ln 2 / p), and its square is their bound on the support.

Two images are duplicates when their distance is at most a threshold. It is calibrated: the distance within which a
share q of the reals has another real. The reals are not short of images, so what they yield by the same count is the
`ceiling`: an estimate near it says "no fewer than that", nothing more.
"""

from dataclasses import dataclass

import numpy as np
import torch

from ganache.engine.transfers import CPU
from ganache.evaluation.metrics.inputs import Features, Floats, check_pair
from ganache.evaluation.metrics.neighbours import Pairs, nearest_others
from ganache.support.errors import UserError
from ganache.support.units import are

NORMAL_95 = 1.959964  # standard deviations on either side that hold 95% of a normal distribution
MOST_OF_NONE = 3.688879  # -ln 0.025: where no pair is found, the largest expectation that the 95% interval allows


@dataclass(frozen=True)
class SupportSize:
    """The support, with its 95% interval (`high` may be infinite), and the count of duplicates that it comes from.

    Without a duplicate `support` is infinite and `low` is what the samples do say. `half_batch` is the batch in which a
    duplicate is as likely as not.
    """

    support: float
    low: float
    high: float
    half_batch: float
    duplicates: int
    threshold: float
    ceiling: float


def support_size(
    features: Features, reference: Features, quantile: float = 0.01, device: torch.device = CPU
) -> SupportSize:
    """Estimate the support of samples (N, D), with the threshold calibrated on reals (M, D).

    Raises UserError for fewer than 2 samples or 1 / quantile reals, and values that are not finite.
    """
    if not 0 < quantile < 1:
        raise UserError(f"quantile: {quantile} must lie between 0 and 1")
    check_pair(("features", "reference"), features, reference, least=2)
    needed = int(np.ceil(1 / quantile))
    if len(reference) < needed:
        raise UserError(f"reference: {are(len(reference), 'sample')} too few; the threshold needs at least {needed}")
    nearest = nearest_others(reference, device=device).squares[:, 0]
    threshold = np.quantile(nearest, quantile, method="inverted_cdf")
    partners = _partners(features, threshold, device)
    ceiling, _, _ = _support(_partners(reference, threshold, device))
    support, low, high = _support(partners)
    return SupportSize(
        support=support,
        low=low,
        high=high,
        half_batch=(1 + float(np.sqrt(1 + 8 * np.log(2) * support))) / 2,  # s(s-1)/2 · p = ln 2
        duplicates=int(partners.sum()) // 2,
        threshold=float(np.sqrt(threshold)),
        ceiling=ceiling,
    )


def _partners(points: Features, squared_threshold: float, device: torch.device) -> Floats:
    """Return how many others (N,) are within the threshold of each point."""
    counts = np.zeros(len(points))
    pairs = Pairs(points, None, device=device)
    radius = np.array([[squared_threshold]])
    for tile in pairs.tiles():
        inside = pairs.within(tile, radius)
        if tile.rows == tile.columns:
            np.fill_diagonal(inside, False)
        else:
            counts[tile.columns] += inside.sum(axis=0)
        counts[tile.rows] += inside.sum(axis=1)
    return counts


def _support(partners: Floats) -> tuple[float, float, float]:
    """Return 1 / p and its 95% interval, from each sample's number of duplicates (N,).

    Byar's approximation of the interval of a Poisson number of pairs, made wider by √φ where the pairs come in
    clusters, as they do when few images are drawn often. φ is the variance of the number of pairs over their number:

        φ = 1 + (Σᵢ cᵢ (cᵢ - 1) - n (n-1) (n-2) p²) / pairs,    cᵢ the duplicates of sample i
    """
    count = len(partners)
    possible, pairs = count * (count - 1) / 2, float(partners.sum() / 2)
    if pairs == 0:
        return float("inf"), possible / MOST_OF_NONE, float("inf")
    by_chance = count * (count - 1) * (count - 2) * (pairs / possible) ** 2
    clustering = 1 + max(0.0, float((partners * (partners - 1)).sum()) - by_chance) / pairs
    width = NORMAL_95 * float(np.sqrt(clustering)) / 3
    fewest = pairs * max(0.0, 1 - 1 / (9 * pairs) - width / np.sqrt(pairs)) ** 3
    more = pairs + 1
    most = min(possible, more * (1 - 1 / (9 * more) + width / np.sqrt(more)) ** 3)
    return possible / pairs, float(possible / most), float(possible / fewest) if fewest > 0 else float("inf")
