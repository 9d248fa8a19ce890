"""The discriminator as objectives and penalties see it: behind its augmentation, in a known precision."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganache.parts.augmentations import Augmenter
from ganache.support.precision import Autocast


@dataclass(frozen=True)
class CriticPass:
    """What the critic just saw, before its augmentation, and what it said."""

    reals: Tensor  # (N, C, H, W) in [-1, 1]
    fakes: Tensor  # (N, C, H, W) in [-1, 1]
    labels: Tensor  # (N, K), of the reals and of the fakes
    real_logits: Tensor  # (N, …)
    fake_logits: Tensor  # (N, …)


class Critic:
    """The discriminator behind its augmentation, bound once a step so that nothing can bypass it."""

    def __init__(self, discriminator: nn.Module, augmenter: Augmenter, images_seen: int, autocast: "Autocast"):
        self._discriminator = discriminator
        self._augmenter = augmenter
        self._images_seen = images_seen
        self._autocast = autocast

    def __call__(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return float32 logits (N, …) of images (N, C, H, W) with labels (N, K)."""
        with self._autocast():
            logits: Tensor = self._discriminator(self._augmenter(images, self._images_seen), labels)
        return logits.float()

    def features(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return float32 features (N, F) of images (N, C, H, W): what the last layer makes its logits from."""
        with self._autocast():
            features: Tensor = self._discriminator.features(self._augmenter(images, self._images_seen), labels)  # type: ignore[operator]
        return features.float()

    def precisely(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return the logits computed in float32 throughout, for penalties that differentiate twice."""
        with torch.autocast(images.device.type, enabled=False):
            logits: Tensor = self._discriminator(self._augmenter(images, self._images_seen), labels)
        return logits

    def compare(self, reals: Tensor, fakes: Tensor, labels: Tensor, jointly: bool) -> CriticPass:
        """Score reals and fakes, in one batch (what batch norm then sees is the mixture) or in one each."""
        if jointly:
            both = self(torch.cat([reals, fakes]), torch.cat([labels, labels]))
            real_logits, fake_logits = both.chunk(2)
        else:
            real_logits, fake_logits = self(reals, labels), self(fakes, labels)
        return CriticPass(reals, fakes, labels, real_logits, fake_logits)
