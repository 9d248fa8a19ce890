"""Memorisation: are samples nearer to the training images than real images, held out from training, are?

With d(x) the distance from x to its nearest training image, and τ the distance below which lies a share q of the
held-out reals,

    share = P(d(sample) ≤ τ),    expected = P(d(held out) ≤ τ) ≥ q.

A generator that draws from the real distribution has share = expected: its samples are as near by chance as held-out
reals are. What exceeds that was copied: a generator that returns a training image with probability c, and else draws
from the real distribution, has share = c + (1 - c) expected, so

    copied = (share - expected) / (1 - expected), or 0.

`rank` uses the whole distribution and no threshold, as Meehan et al. (2020, section 3.2) do: the probability that a
sample is nearer to the training images than a held-out real is, ties counted half; 1/2 where nothing is copied. Samples
that are poor, and far from everything, lower it, and can hide copies from it; less so from `share`.
"""

from dataclasses import dataclass

import numpy as np
import torch

from ganache.engine.transfers import CPU
from ganache.evaluation.metrics.inputs import Features, Floats, check_features
from ganache.evaluation.metrics.neighbours import Indices, Nearest, nearest
from ganache.support.errors import UserError


@dataclass(frozen=True, eq=False)
class Memorisation:
    """The shares of the module's equations, the threshold τ, and every sample's nearest training image.

    `standard_error` is that of `share - expected` where nothing is copied. `samples`, `training` and `distances` (N,)
    list the pairs, nearest first: sample number `samples[i]` is at `distances[i]` from training image `training[i]`.
    """

    share: float
    expected: float
    standard_error: float
    copied: float
    rank: float
    threshold: float
    samples: Indices
    training: Indices
    distances: Floats


def memorisation(
    features: Features,
    training: Features,
    held_out: Features,
    quantile: float = 0.05,
    device: torch.device = CPU,
) -> Memorisation:
    """Compare samples (N, D) and held-out reals (H, D) by their distance to the training images (T, D).

    `training` must be all that the generator saw, and `held_out` nothing of it. Raises UserError when `held_out` has
    fewer than 1 / quantile vectors, when another set is empty, and for values that are not finite.
    """
    if not 0 < quantile < 1:
        raise UserError(f"quantile: {quantile} must lie between 0 and 1")
    check_features("features", features)
    check_features("training", training)
    check_features("held_out", held_out, least=int(np.ceil(1 / quantile)))
    found, unseen = (nearest(points, training, device=device) for points in (features, held_out))
    return compare(found, unseen, quantile)


def compare(found: Nearest, unseen: Nearest, quantile: float = 0.05) -> Memorisation:
    """Compare the distances of samples and of held-out reals to their nearest training images."""
    ours, theirs = found.squares[:, 0], unseen.squares[:, 0]
    threshold = np.quantile(theirs, quantile, method="inverted_cdf")  # one of the distances: ties stay ties
    share, expected = float((ours <= threshold).mean()), float((theirs <= threshold).mean())
    order = np.argsort(ours, kind="stable")
    return Memorisation(
        share=share,
        expected=expected,
        standard_error=float(np.sqrt(expected * (1 - expected) * (1 / len(ours) + 1 / len(theirs)))),
        copied=max(0.0, (share - expected) / (1 - expected)) if expected < 1 else 0.0,
        rank=_chance_to_be_smaller(ours, theirs),
        threshold=float(np.sqrt(threshold)),
        samples=order,
        training=found.indices[order, 0],
        distances=np.sqrt(ours[order]),
    )


def _chance_to_be_smaller(values: Floats, others: Floats) -> float:
    """Return P(value < other) + P(value = other) / 2 over all pairs (Mann & Whitney 1947)."""
    ranked = np.sort(others)
    not_larger = np.searchsorted(ranked, values, side="right")
    smaller = np.searchsorted(ranked, values, side="left")
    return float(1.0 - (not_larger + smaller).mean() / (2 * len(others)))
