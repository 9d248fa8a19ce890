"""Successive halving without waiting (ASHA: Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning").

A trial is trained to the first rung, scored, and goes on to the next rung, η times as many images, if it is among the
best 1/η of all that were scored there so far; else it ends. It waits for no other trial, so workers never stand still.
Here it is the variant in which a trial that was stopped stays stopped, so that its checkpoints need not be kept.
"""

import math
from collections.abc import Sequence

ETA = 3  # the paper's factor
MOST_RUNGS = 4
LEAST_ITERATIONS = 32  # of the recipe's own batches to the first rung: sooner, a score says nothing


def rungs_to(images: int, images_per_iteration: int) -> tuple[int, ...]:
    """Return the rungs, in images seen, of a full training of so many: the last one is `images` itself."""
    least = LEAST_ITERATIONS * images_per_iteration
    found = [images]
    while len(found) < MOST_RUNGS and images // ETA ** len(found) >= least:
        found.append(images // ETA ** len(found))
    return tuple(reversed(found))


def place_among(value: float, others: Sequence[float]) -> int:
    """Return 1 for a value that none of the others is below, 2 where one is, and so on; NaN is behind all."""
    if math.isnan(value):
        return len(others) + 1
    return 1 + sum(other < value for other in others)


def going_on(reached: int) -> int:
    """Return how many of those that reached a rung may go on: a η-th, but at least one."""
    return max(1, reached // ETA)
