"""What the two players minimise: pure functions of logits, one value per sample.

Logits may be (N, …) for patch discriminators; losses are always (N,), the mean over a sample's logits. They are
written with softplus, log(1 + eˣ), which neither overflows nor loses digits where log(sigmoid(x)) does both.
"""

import abc
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import softplus

from ganache.parts import Part


class Objective(Part, abc.ABC):
    """A pair of losses; `generator_needs_reals` says whether the generator's half compares with real logits."""

    generator_needs_reals: ClassVar[bool] = False

    @abc.abstractmethod
    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return the discriminator's loss (N,) from the logits of as many reals as fakes."""

    @abc.abstractmethod
    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """Return the generator's loss (N,); `real_logits` is None unless `generator_needs_reals`."""


class NonSaturating(Objective):
    """-log D(x) - log(1 - D(G(z))) against -log D(G(z)) (Goodfellow et al. 2014, section 3), D = sigmoid(logit)."""

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return softplus(-real) + softplus(fake)."""
        return per_sample(softplus(-real_logits)) + per_sample(softplus(fake_logits))

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """Return softplus(-fake)."""
        return per_sample(softplus(-fake_logits))


class LeastSquares(Objective):
    """½(D(x) - 1)² + ½D(G(z))² against ½(D(G(z)) - 1)² (Mao et al. 2017, equation 9), D = logit."""

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return ½(real - 1)² + ½ fake²."""
        return per_sample((real_logits - 1.0).square() / 2.0) + per_sample(fake_logits.square() / 2.0)

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """Return ½(fake - 1)²."""
        return per_sample((fake_logits - 1.0).square() / 2.0)


def per_sample(values: Tensor) -> Tensor:
    """Return the mean over everything but the samples: (N, …) to (N,)."""
    return values.flatten(1).mean(dim=1) if values.dim() > 1 else values
