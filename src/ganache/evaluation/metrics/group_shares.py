"""Shares of groups among samples, by a classifier that errs: what it read is undone by what it reads of known pictures.

Pictures of group i are read as j with probability M[i, j], so that samples with the shares s are read with the shares
r = Mᵀ s, and s = M⁻ᵀ r (Rogan & Gladen 1978, for any number of groups). The interval of a share holds all t for which

    (|ŝ - t| - 1 / 2N)² ≤ z² Var(t)

where Var(t) is the variance of ŝ if the share were t: of N reads, and of M itself, of which n pictures of each group
tell. Without errors Var(t) = t (1 - t) / N, and this is Wilson's interval (1927) with its correction for continuity
(Newcombe 1998, method 4); with them it is wider, as it must be. An M of few pictures that shows no error does not prove
that there is none: for the variance alone one further picture is spread evenly over a group's reads, and none of these
is held for rarer than an error is on average.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from ganache.evaluation.metrics.inputs import Floats
from ganache.support.errors import UserError

Counts = NDArray[np.int64]

WORST_CONDITION = 1e4  # of M, above which the reads of a group cannot be told from a mixture of others'


@dataclass(frozen=True, eq=False)
class GroupShares:
    """Of each group (K,): its share, the ends of its interval, and the share from which on it would have been missed.

    `found_below` is the largest estimated share that differs, at the interval's level, from the `expected` one.
    """

    shares: Floats
    low: Floats
    high: Floats
    found_below: Floats


def wide_enough(confidence: float, statements: int) -> float:
    """Return how many standard deviations all of so many intervals must reach to hold together (Bonferroni)."""
    return NormalDist().inv_cdf(1.0 - (1.0 - confidence) / (2.0 * statements))


def group_shares(read: Counts, confusion: Counts, expected: Floats, z: float) -> GroupShares:
    """Return the shares behind how often groups were `read` (K,), by a classifier that read known ones as `confusion`.

    Row i of that (K, K) counts pictures of group i. A group without any is taken for read rightly, with the variance of
    one of which nothing is known. Raises UserError where the classifier cannot tell the groups from each other.
    """
    assert confusion.shape == (len(read), len(read)), (confusion.shape, read.shape)
    assert read.sum() > 0, "nothing was read"
    known = confusion.sum(axis=1)
    rates = np.where(known[:, None] > 0, confusion / np.maximum(known, 1)[:, None], np.eye(len(read)))
    if not np.linalg.cond(rates) < WORST_CONDITION:
        raise UserError("groups: the classifier takes some groups for others so often that it cannot tell their shares")
    back = np.linalg.inv(rates).T
    shares = np.clip(back @ (read / read.sum()), 0.0, 1.0)
    quadratic = _variances(shares, back, rates, confusion, int(read.sum()))
    half = 0.5 / read.sum()
    low, high = _roots(shares - half, quadratic, z)[0], _roots(shares + half, quadratic, z)[1]
    a, b, c = quadratic
    reach = z * np.sqrt(np.maximum(a * expected**2 + b * expected + c, 0.0)) + half
    return GroupShares(shares, np.minimum(low, shares), np.maximum(high, shares), np.maximum(expected - reach, 0.0))


def _variances(
    shares: Floats, back: Floats, rates: Floats, confusion: Counts, count: int
) -> tuple[Floats, Floats, Floats]:
    """Return a, b, c (K,): were the share of a group t, the variance of its estimate would be a t² + b t + c.

    The other groups keep their proportions to each other.
    """
    known = confusion.sum(axis=1)
    spread = _spread(confusion)
    weights = back**2
    of_reads = weights @ rates.T  # (K, K): what a picture of group i adds to the second moment of group g's estimate
    of_rates = (weights @ spread.T - (back @ spread.T) ** 2) / (known + 1.0)
    others = np.tile(shares, (len(shares), 1))
    np.fill_diagonal(others, 0.0)
    total = others.sum(axis=1, keepdims=True)
    even = (1.0 - np.eye(len(shares))) / max(1, len(shares) - 1)
    others = np.where(total > 0, others / np.where(total > 0, total, 1.0), even)
    own, beside = np.diag(of_reads), (of_reads * others).sum(axis=1)
    own_rates, beside_rates = np.diag(of_rates), (of_rates * others**2).sum(axis=1)
    a = own_rates + beside_rates - 1.0 / count
    return a, (own - beside) / count - 2.0 * beside_rates, beside / count + beside_rates


def _spread(confusion: Counts) -> Floats:
    """Return how each group (K, K) may be read, for the variance: no read is held for rarer than errors are on average.

    Of many groups most errors were never seen, and many together are common.
    """
    known, groups = confusion.sum(axis=1), len(confusion)
    errors = known.sum() - np.trace(confusion)
    rarest = errors / max(1, known.sum() * (groups - 1))
    rates = np.maximum((confusion + 1.0 / groups) / (known + 1.0)[:, None], rarest)
    normalised: Floats = rates / rates.sum(axis=1, keepdims=True)
    return normalised


def _roots(shares: Floats, quadratic: tuple[Floats, Floats, Floats], z: float) -> tuple[Floats, Floats]:
    """Return both t with (share - t)² = z² Var(t), within [0, 1]; where nothing is excluded, 0 and 1."""
    a, b, c = quadratic
    lead, middle, rest = 1.0 - z**2 * a, 2.0 * shares + z**2 * b, shares**2 - z**2 * c
    root = np.sqrt(np.maximum(middle**2 - 4.0 * lead * rest, 0.0))
    bounded = lead > 0
    divisor = np.where(bounded, 2.0 * lead, 1.0)
    low, high = (middle - root) / divisor, (middle + root) / divisor
    return np.clip(np.where(bounded, low, 0.0), 0.0, 1.0), np.clip(np.where(bounded, high, 1.0), 0.0, 1.0)
