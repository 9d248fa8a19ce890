"""The Inception Score: are single images sure of their class, and all of them together of many classes?

    IS = exp( E_x KL(p(y|x) ‖ p(y)) ) = exp( H(E_x p(y|x)) - E_x H(p(y|x)) )           (Salimans et al. 2016, section 4)

Between 1 and the number of classes. It never sees a real image: one perfect image of each class has the highest score.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganache.evaluation.metrics.inputs import Features, Floats, check_features, stream
from ganache.support.errors import UserError

ROWS = 4096


@dataclass(frozen=True)
class InceptionScore:
    """The mean over the parts, and the standard deviation over them, which papers print behind a ±."""

    value: float
    deviation: float


def inception_score(logits: Features, parts: int = 10, seed: int = 0) -> InceptionScore:
    """Return the score of logits (N, K), in float64 and without logarithms of zero however sure they are.

    The images are shuffled by the seed and cut into `parts` whose sizes differ by one at most: the published
    protocol has 10 parts of 5,000. Small parts have a low score: none can exceed its number of images. Raises
    UserError when there are fewer images than parts, or for values that are not finite.
    """
    if parts < 1:
        raise UserError(f"parts: {parts} is too few; at least 1")
    check_features("logits", logits, least=parts)
    order = stream(seed, "inception_score").permutation(len(logits))
    scores = np.array([_score_of(logits, part) for part in np.array_split(order, parts)])
    return InceptionScore(float(scores.mean()), float(scores.std()))


def log_softmax(logits: Features) -> Floats:
    """Return log p (N, K) in float64 of finite logits of any size."""
    values = logits.astype(np.float64)
    values -= values.max(axis=1, keepdims=True)
    values -= np.log(np.exp(values).sum(axis=1, keepdims=True))
    return values


def _score_of(logits: Features, rows: NDArray[np.intp]) -> float:
    total: Floats | float = 0.0
    uncertainty = 0.0
    for start in range(0, len(rows), ROWS):
        log_p = log_softmax(logits[rows[start : start + ROWS]])
        p = np.exp(log_p)
        uncertainty += float(_entropies(p, log_p).sum())
        total = total + p.sum(axis=0)
    marginal = np.asarray(total / len(rows))[None]
    log_marginal = np.log(marginal, out=np.full_like(marginal, -np.inf), where=marginal > 0)
    information = float(_entropies(marginal, log_marginal)[0]) - uncertainty / len(rows)
    return float(np.exp(max(0.0, information)))


def _entropies(p: Floats, log_p: Floats) -> Floats:
    """Return -Σ p log p (N,), in which 0 log 0 is 0."""
    terms = np.multiply(p, log_p, out=np.zeros_like(p), where=p > 0)
    entropies: Floats = -terms.sum(axis=1)
    return entropies
