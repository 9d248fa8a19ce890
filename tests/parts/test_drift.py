from typing import Any

import torch

from ganache.parts.drift import Drift
from ganache.parts.terms import Move
from ganache.parts.verdict import Verdict


def test_it_is_the_square_of_the_mean_logit_of_the_reals() -> None:
    nothing: Any = None
    real, fake = Verdict(torch.tensor([[1.0, 3.0], [-1.0, 0.0]])), Verdict(torch.full((2, 2), 7.0))
    images = torch.zeros(2, 1)
    assert Drift()(Move(nothing, {}, images, images, images, images, real, fake)).tolist() == [4.0, 0.25]
