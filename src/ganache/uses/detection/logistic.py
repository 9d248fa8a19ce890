"""Logistic regression: the simplest that learns which of two kinds something is, and has but one solution."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganache.uses.areas import Scores

Rows = NDArray[np.float64]  # (N, F)
RIDGE = 1e-3  # times half of the squared weights, beside the mean loss
ITERATIONS, ENOUGH = 60, 1e-7  # of Newton's method, and the step below which it has arrived
SMALLEST, NEVER = 1e-6, 1e30  # the deviation of a feature that says anything, and what stands for a smaller one


class Logistic(NamedTuple):
    """Log-odds = (x - centre) / spread · weights + bias, of rows (N, F)."""

    centre: Rows
    spread: Rows
    weights: Rows
    bias: float


def fitted(rows: Rows, is_odd: NDArray[np.bool_]) -> Logistic:
    """Return the regression that makes the odd ones' log-odds positive, by Newton's method with a small ridge.

    Both kinds count the same, however many there are of each.
    """
    centre, deviation = rows.mean(axis=0), rows.std(axis=0)
    spread: Rows = np.where(deviation > SMALLEST, deviation, NEVER)
    known = np.hstack([(rows - centre) / spread, np.ones((len(rows), 1))])
    wanted = is_odd.astype(np.float64)
    counted = np.where(is_odd, 0.5 / is_odd.sum(), 0.5 / (~is_odd).sum())
    ridge = np.append(np.full(rows.shape[1], RIDGE), 1e-9)
    weights = np.zeros(len(ridge))
    for _ in range(ITERATIONS):
        step = _newton(known, wanted, counted, ridge, weights)
        before, share = _loss(known, wanted, counted, ridge, weights), 1.0
        while share > 1e-4 and _loss(known, wanted, counted, ridge, weights - share * step) > before:
            share /= 2.0
        weights -= share * step
        if np.abs(share * step).max() < ENOUGH:
            break
    return Logistic(centre, spread, weights[:-1], float(weights[-1]))


def _newton(known: Rows, wanted: Scores, counted: Scores, ridge: Scores, weights: Scores) -> Scores:
    shares = 1.0 / (1.0 + np.exp(-np.clip(known @ weights, -60.0, 60.0)))
    slope = known.T @ (counted * (shares - wanted)) + ridge * weights
    bend = (known * (counted * shares * (1.0 - shares))[:, None]).T @ known + np.diag(ridge)
    return np.asarray(np.linalg.solve(bend, slope), np.float64)


def _loss(known: Rows, wanted: Scores, counted: Scores, ridge: Scores, weights: Scores) -> float:
    odds = known @ weights
    return float((counted * (np.logaddexp(0.0, odds) - wanted * odds)).sum() + 0.5 * (ridge * weights**2).sum())
