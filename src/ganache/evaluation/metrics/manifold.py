"""Precision, recall, density and coverage: do the samples lie where the reals are, and everywhere where they are?

A set X is given the body of the balls B(xᵢ, rᵢ), where rᵢ is the distance from xᵢ to its k-th nearest neighbour in X.

    precision   the share of samples inside a real's ball           (Kynkäänniemi et al. 2019, equations 1 and 2)
    recall      the share of reals inside a sample's ball
    density     Σ over samples of the number of reals' balls around it, over k M     (Naeem et al. 2020, equation 4)
    coverage    the share of reals whose ball holds a sample                         (Naeem et al. 2020, equation 5)

Balls are closed, as in the papers. Density alone may exceed 1. One far real has a huge ball, and may lift precision;
density and coverage are built to mind that less. None of the four is comparable across k, N, M or features.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ganache.engine.transfers import CPU
from ganache.evaluation.metrics.inputs import Features, check_pair
from ganache.evaluation.metrics.neighbours import Pairs, nearest_others
from ganache.support.errors import UserError


@dataclass(frozen=True)
class ManifoldScores:
    """The four shares. All but density are at most 1."""

    precision: float
    recall: float
    density: float
    coverage: float


@dataclass(frozen=True, eq=False)
class Overlap:
    """How many reals' balls hold each sample (M,), and which reals (N,) are recalled and which covered."""

    around: NDArray[np.int64]
    recalled: NDArray[np.bool_]
    covered: NDArray[np.bool_]


def overlap(features: Features, reference: Features, k: int = 5, device: torch.device = CPU) -> Overlap:
    """Return it of the samples' features (M, D) and the reals' (N, D), exactly and in blocks.

    Raises UserError for fewer than k + 1 vectors, or values that are not finite.
    """
    if k < 1:
        raise UserError(f"k: {k} is no number of neighbours; at least 1")
    check_pair(("features", "reference"), features, reference, least=k + 1)
    balls = nearest_others(reference, k, device=device).squares[:, -1]
    sample_balls = nearest_others(features, k, device=device).squares[:, -1]
    around = np.zeros(len(features), dtype=np.int64)
    recalled = np.zeros(len(reference), dtype=np.bool_)
    covered = np.zeros(len(reference), dtype=np.bool_)
    pairs = Pairs(reference, features, device=device)
    for tile in pairs.tiles():
        in_balls = pairs.within(tile, balls[tile.rows, None])
        around[tile.columns] += in_balls.sum(axis=0)
        covered[tile.rows] |= in_balls.any(axis=1)
        recalled[tile.rows] |= pairs.within(tile, sample_balls[None, tile.columns]).any(axis=1)
    return Overlap(around, recalled, covered)


def manifold_scores(features: Features, reference: Features, k: int = 5, device: torch.device = CPU) -> ManifoldScores:
    """Return all four for the samples' features (M, D) and the reals' (N, D).

    The papers take k = 3 for precision and recall of 50,000, and k = 5 for density and coverage of 10,000. Equal M and
    N are the protocol of both. Raises UserError as `overlap` does.
    """
    found = overlap(features, reference, k, device)
    return ManifoldScores(
        precision=float((found.around > 0).mean()),
        recall=float(found.recalled.mean()),
        density=float(found.around.sum() / (k * len(features))),
        coverage=float(found.covered.mean()),
    )
