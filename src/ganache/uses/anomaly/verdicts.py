"""Who tells strangers from normals best, where it is known which they are."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganache.support.streams import derive
from ganache.uses.areas import Scores, area, average_precision

DRAWS = 200  # of the bootstrap by which the difference of two judges is known
MOST_DRAWN = 20_000  # things in each


@dataclasses.dataclass(frozen=True)
class Won:
    """How well each judge did, by AUROC and average precision, and whether the ensemble beat the best baseline.

    `difference` is the ensemble's AUROC less that of the better baseline, between `low` and `high` in 95% of redrawn
    sets; None without baselines.
    """

    normals: int
    strangers: int
    auroc: Mapping[str, float]
    precision: Mapping[str, float]
    rival: str | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None

    def sentence(self) -> str:
        """Return the verdict in words."""
        if self.rival is None or self.difference is None or self.low is None or self.high is None:
            return "no baseline to compare with: pip install 'ganache[anomaly]'"
        told = f"{self.difference:+.4f} AUROC against {self.rival} ({self.low:+.4f} to {self.high:+.4f})"
        if self.low > 0.0:
            return f"the GANs won: {told}"
        if self.high < 0.0:
            return f"a baseline won, take {self.rival}: {told}"
        return f"cannot be told apart: {told}"

    def to_json(self) -> dict[str, Any]:
        """Return the fields by name, with the sentence."""
        return {**dataclasses.asdict(self), "verdict": self.sentence()}


def won(
    scores: Mapping[str, Scores], is_strange: NDArray[np.bool_], ours: str, baselines: Sequence[str], seed: int = 0
) -> Won | None:
    """Return who won; None where there are not both normals and strangers."""
    strangers = int(is_strange.sum())
    normals = len(is_strange) - strangers
    if not strangers or not normals:
        return None
    auroc = {name: area(found, is_strange) for name, found in scores.items()}
    precision = {name: average_precision(found, is_strange) for name, found in scores.items()}
    if not baselines:
        return Won(normals, strangers, auroc, precision)
    rival = max(baselines, key=lambda name: auroc[name])
    low, high = _redrawn(scores[ours], scores[rival], is_strange, seed)
    return Won(normals, strangers, auroc, precision, rival, auroc[ours] - auroc[rival], low, high)


def _redrawn(one: Scores, other: Scores, is_strange: NDArray[np.bool_], seed: int) -> tuple[float, float]:
    """Return the middle 95% of differences of areas when normals and strangers are drawn anew, with replacement."""
    random = np.random.default_rng(derive(seed, "bootstrap"))
    kinds = [np.flatnonzero(is_strange == kind) for kind in (False, True)]
    found = []
    for _ in range(DRAWS):
        rows = np.concatenate([random.choice(kind, min(len(kind), MOST_DRAWN)) for kind in kinds])
        found.append(area(one[rows], is_strange[rows]) - area(other[rows], is_strange[rows]))
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)
