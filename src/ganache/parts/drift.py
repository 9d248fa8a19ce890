"""Logits that stay near 0."""

from torch import Tensor

from ganache.parts.objectives import per_sample
from ganache.parts.terms import Move, Penalty


class Drift(Penalty):
    """D(x)² of the reals: a loss of differences of logits leaves open where they lie.

    Source: Karras et al. 2018, "Progressive Growing of GANs", appendix A.1 (weight 0.001).
    """

    def __call__(self, move: Move) -> Tensor:
        """Return the square (N,) of each real's logit, of a map's mean."""
        assert move.real_verdict is not None
        return per_sample(move.real_verdict.logits).square()
