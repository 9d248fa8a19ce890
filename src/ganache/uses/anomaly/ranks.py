"""Scores of any scale as ranks among held-out normals, which can be averaged."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from ganache.uses.areas import Scores


@dataclasses.dataclass(frozen=True)
class Ranks:
    """What held-out normals scored (n,), in order; the rank of a score is the share of them that it exceeds.

    Between two of them it is interpolated, and beyond the largest and below the smallest it goes on, ever more slowly,
    to 1 and to 0: of two scores the larger always has the larger rank, as far as floats can tell.
    """

    held_out: Scores

    @classmethod
    def of(cls, scores: Scores) -> "Ranks":
        """Return the ranks by what at least one held-out normal scored."""
        return cls(np.sort(np.asarray(scores, np.float64)))

    def __call__(self, scores: Scores) -> Scores:
        """Return ranks (N,) in (0, 1) of scores (N,)."""
        known, count = self.held_out, len(self.held_out)
        steps = np.arange(1, count + 1) / (count + 1)
        inside = np.interp(scores, known, steps)
        low, high = known[0], known[-1]
        scale = max(high - low, abs(high) * 1e-9, np.finfo(np.float64).tiny)
        above, below = (np.clip(far / scale, 0.0, 1e12) for far in (scores - high, low - scores))
        ranks: Scores = inside + (above / (1.0 + above) - below / (1.0 + below)) / (count + 1)
        return ranks


def strangeness(ranks: Scores) -> Scores:
    """Return -log(1 - rank): by how many powers of e fewer normals are as strange as this."""
    return -np.log1p(-np.minimum(ranks, 1.0 - 1e-15))


def ensemble(scores: Mapping[str, Scores], ranks: Mapping[str, Ranks]) -> Scores:
    """Return the mean strangeness (N,) of several scores, each by its own ranks (Fisher's way to join tests)."""
    joined: Scores = np.mean([strangeness(ranks[name](scores[name])) for name in sorted(ranks)], axis=0)
    return joined
