"""What the two players minimise: pure functions of logits, one value per sample.

Logits may be (N, …) for patch discriminators; losses are always (N,), the mean over a sample's logits. They are
written with softplus, log(1 + eˣ), which neither overflows nor loses digits where log(sigmoid(x)) does both.
"""

import abc
from typing import ClassVar

from pydantic import Field
from torch import Tensor
from torch.nn.functional import relu, softplus

from ganache.parts.part import Part
from ganache.support.world import batch_mean


class Objective(Part, abc.ABC):
    """A pair of losses; `generator_needs_reals` says whether the generator's half compares with real logits."""

    generator_needs_reals: ClassVar[bool] = False

    @abc.abstractmethod
    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return the discriminator's loss (N,) from the logits of as many reals as fakes."""

    @abc.abstractmethod
    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """Return the generator's loss (N,); `real_logits` is None unless `generator_needs_reals`."""

    def boundary(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return the logit (scalar) above which an image counts as taken for real.

        It is midway between the means for objectives to which only differences of logits mean anything.
        """
        return (batch_mean(real_logits) + batch_mean(fake_logits)) / 2.0


class _Logistic(Objective, abc.ABC):
    """-log D(x) - log(1 - D(G(z))) for the discriminator, D = sigmoid(logit); optionally towards smoothed labels.

    Sources: Goodfellow et al. 2014, equation 1; one-sided smoothing, Salimans et al. 2016, section 3.4.
    """

    real_target: float = Field(default=1.0, gt=0.5, le=1.0)  # below 1: smoothed, for the reals alone

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return the cross entropy of reals with `real_target` plus that of fakes with 0."""
        reals = self.real_target * softplus(-real_logits) + (1.0 - self.real_target) * softplus(real_logits)
        return per_sample(reals) + per_sample(softplus(fake_logits))

    def boundary(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return 0, where D = ½."""
        return real_logits.new_zeros(())


class NonSaturating(_Logistic):
    """-log D(G(z)) for the generator (Goodfellow et al. 2014, section 3): its gradient is large where it loses."""

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """Return softplus(-fake)."""
        return per_sample(softplus(-fake_logits))


class Minimax(_Logistic):
    """log(1 - D(G(z))) for the generator (Goodfellow et al. 2014, equation 1): it vanishes where it loses."""

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """Return -softplus(fake)."""
        return -per_sample(softplus(fake_logits))


class LeastSquares(Objective):
    """½(D(x) - b)² + ½(D(G(z)) - a)² against ½(D(G(z)) - c)² (Mao et al. 2017, equation 2), D = logit.

    The defaults a = 0, b = c = 1 are its equation 9; b = 0.9 smooths the reals' labels.
    """

    real_target: float = 1.0  # b
    fake_target: float = 0.0  # a
    generator_target: float = 1.0  # c

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return ½(real - b)² + ½(fake - a)²."""
        reals = (real_logits - self.real_target).square() / 2.0
        return per_sample(reals) + per_sample((fake_logits - self.fake_target).square() / 2.0)

    def boundary(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return (a + b) / 2."""
        return real_logits.new_full((), (self.fake_target + self.real_target) / 2.0)

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """Return ½(fake - c)²."""
        return per_sample((fake_logits - self.generator_target).square() / 2.0)


class Wasserstein(Objective):
    """D(G(z)) - D(x) against -D(G(z)) (Arjovsky et al. 2017, algorithm 1); the critic must be held Lipschitz."""

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return fake - real."""
        return per_sample(fake_logits) - per_sample(real_logits)

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """Return -fake."""
        return -per_sample(fake_logits)


class Hinge(Objective):
    """max(0, 1 - D(x)) + max(0, 1 + D(G(z))) against -D(G(z)) (Miyato et al. 2018, equations 16 and 17)."""

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return relu(1 - real) + relu(1 + fake)."""
        return per_sample(relu(1.0 - real_logits)) + per_sample(relu(1.0 + fake_logits))

    def boundary(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return 0, midway between the margins."""
        return real_logits.new_zeros(())

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """Return -fake."""
        return -per_sample(fake_logits)


class _Exchanged(Objective, abc.ABC):
    """The generator minimises what the discriminator does, with reals and fakes exchanged."""

    generator_needs_reals: ClassVar[bool] = True

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """Return the discriminator's loss (N,) of fakes as reals and reals as fakes."""
        assert real_logits is not None
        return self.discriminator(fake_logits, real_logits)


class RelativisticAverage(_Exchanged):
    """Is a real more real than the average fake? Cross entropy on D(x) - E[D(G(z))] and D(G(z)) - E[D(x)].

    Source: Jolicoeur-Martineau 2019, equations 10 and 11 (RaSGAN). Averages are over the batch and, as in her code,
    over all patches; the gradient flows through them.
    """

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return softplus(-(real - mean fake)) + softplus(fake - mean real)."""
        reals, fakes = real_logits - batch_mean(fake_logits), fake_logits - batch_mean(real_logits)
        return per_sample(softplus(-reals)) + per_sample(softplus(fakes))


class RelativisticAverageLeastSquares(_Exchanged):
    """(D(x) - E[D(G(z))] - 1)² + (D(G(z)) - E[D(x)] + 1)², exchanged for the generator.

    Source: Jolicoeur-Martineau 2019, appendix A (RaLSGAN).
    """

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return (real - mean fake - 1)² + (fake - mean real + 1)²."""
        reals, fakes = real_logits - batch_mean(fake_logits), fake_logits - batch_mean(real_logits)
        return per_sample((reals - 1.0).square()) + per_sample((fakes + 1.0).square())


class RelativisticPairing(_Exchanged):
    """softplus(-(D(x) - D(G(z)))), each real with the fake beside it, exchanged for the generator.

    Sources: Jolicoeur-Martineau 2019, equation 4 (RpGAN); Huang et al. 2024, equation 2.
    """

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return softplus(fake - real)."""
        return per_sample(softplus(fake_logits - real_logits))


def per_sample(values: Tensor) -> Tensor:
    """Return the mean over everything but the samples: (N, …) to (N,)."""
    return values.flatten(1).mean(dim=1) if values.dim() > 1 else values
