"""The discriminator as objectives and terms see it: behind its augmentation, in a known precision."""

import torch
from torch import Tensor, nn

from ganache.parts.augmentations import Augmenter
from ganache.parts.moment import Moment
from ganache.parts.verdict import Verdict
from ganache.support.precision import Autocast


class Critic:
    """The discriminator behind its augmentation, bound once a move so that nothing can bypass it."""

    def __init__(self, discriminator: nn.Module, augmenter: Augmenter, now: Moment, autocast: Autocast):
        self._discriminator = discriminator
        self._augmenter = augmenter
        self._now = now
        self._autocast = autocast

    def __call__(self, values: Tensor, conditions: Tensor) -> Verdict:
        """Return what it says, in float32, of values (N, C, H, W) with conditions (N, K)."""
        with self._autocast():
            said = self._discriminator(self._augmenter(values, self._now), conditions)
        return Verdict.of(said).float()

    def precisely(self, values: Tensor, conditions: Tensor) -> Verdict:
        """Return the same, computed in float32 throughout, for penalties that differentiate twice."""
        with torch.autocast(self._autocast.device_type, enabled=False):
            return Verdict.of(self._discriminator(self._augmenter(values, self._now), conditions))

    def compare(self, reals: Tensor, fakes: Tensor, conditions: Tensor, jointly: bool) -> tuple[Verdict, Verdict]:
        """Return what it says of reals and of fakes, in one batch (what batch norm sees is the mixture) or one each."""
        if jointly:
            return self(torch.cat([reals, fakes]), torch.cat([conditions, conditions])).halves()
        return self(reals, conditions), self(fakes, conditions)
