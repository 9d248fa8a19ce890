"""The discriminator as objectives and terms see it: behind its augmentation, in a known precision."""

from collections.abc import Collection
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.parametrizations import _SpectralNorm

from ganache.parts.augmentations import Augmenter
from ganache.parts.moment import Moment
from ganache.parts.slopes import SIDES, Side, Slopes
from ganache.parts.verdict import Verdict
from ganache.support.precision import Autocast


class Verdicts(NamedTuple):
    """What a critic says of reals and of fakes, and the slopes of those for which it was asked."""

    real: Verdict
    fake: Verdict
    slopes: Slopes


class Critic:
    """The discriminator behind its augmentation, bound once a move so that nothing can bypass it."""

    def __init__(self, discriminator: nn.Module, augmenter: Augmenter, now: Moment, autocast: Autocast):
        self._discriminator = discriminator
        self._augmenter = augmenter
        self._now = now
        self._autocast = autocast

    def __call__(self, values: Tensor, conditions: Tensor) -> Verdict:
        """Return what it says, in float32, of values (N, C, H, W) with conditions (N, K).

        Augmentation has full precision: pixels of eight bits would be rounded by every step of it.
        """
        augmented = self._augmenter(values, self._now)
        with self._autocast():
            said = self._discriminator(augmented, conditions)
        return Verdict.of(said).float(augmented)

    def tell(self, excess: Tensor) -> None:
        """Let the augmentation hear how far a batch of reals' logits (N, …) were above the boundary in a move."""
        self._augmenter.heard(excess.detach())

    def compare(
        self, reals: Tensor, fakes: Tensor, conditions: Tensor, jointly: bool = False, slopes: Collection[Side] = ()
    ) -> Verdicts:
        """Return what it says of reals and of fakes, with the slopes of those that are named, for free.

        `jointly` they are one batch, and what batch norm sees is the mixture. Otherwise they go through the network one
        after the other where it looks at the batch, or where the slopes of one of them alone are asked for; else in one
        pass, which says the same of each.
        """
        given: dict[Side, Tensor] = {"reals": reals, "fakes": fakes}
        points = {side: given[side].detach().requires_grad_() for side in SIDES if side in slopes}
        given |= points
        if jointly or (len(points) != 1 and not self._sees_batch()):
            real, fake = self(torch.cat(list(given.values())), torch.cat([conditions, conditions])).halves()
        else:
            real, fake = self(given["reals"], conditions), self(given["fakes"], conditions)
        logits: dict[Side, Tensor] = {"reals": real.logits, "fakes": fake.logits}
        return Verdicts(real, fake, Slopes(points, {side: logits[side] for side in points}))

    def _sees_batch(self) -> bool:
        """Whether what it says of an image depends on those beside it: batch norm, or a part that says ``sees_batch``.

        Each pass through spectral normalisation sharpens its estimate, so that it too is given two.
        """
        return any(
            (isinstance(part, _BatchNorm | _SpectralNorm) and part.training) or getattr(part, "sees_batch", False)
            for part in self._discriminator.modules()
        )
