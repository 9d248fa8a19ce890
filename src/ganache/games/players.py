"""The two networks as the training step sees them: who learns, how they are called, how they move."""

from typing import Literal

import torch
from torch import Tensor, nn

from ganache.parts.augmentations import Augmenter
from ganache.parts.critic import Critic
from ganache.support.precision import Autocast

Role = Literal["generator", "discriminator"]
ROLES: tuple[Role, Role] = ("generator", "discriminator")


class Players:
    """Both networks with their optimisers. One of them learns at a time; the other is frozen."""

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        augmenter: Augmenter,
        optimizers: dict[Role, torch.optim.Optimizer],
        autocast: Autocast,
    ) -> None:
        self.networks: dict[Role, nn.Module] = {"generator": generator, "discriminator": discriminator}
        self.augmenter = augmenter
        self.optimizers = optimizers
        self.autocast = autocast

    def train_only(self, role: Role) -> None:
        """Let one network learn and freeze the other: no weight gradients are computed for it."""
        for name, network in self.networks.items():
            network.requires_grad_(name == role)

    def generate(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Return float32 images (N, C, H, W) in [-1, 1] from latents (N, Z) and labels (N, K)."""
        with self.autocast():
            images: Tensor = self.networks["generator"](latents, labels)
        return images.float()

    def critic(self, images_seen: int) -> Critic:
        """Return discriminator ∘ augmentation at this moment of training."""
        return Critic(self.networks["discriminator"], self.augmenter, images_seen, self.autocast)

    def update(self, role: Role, loss: Tensor) -> None:
        """Move one network down the gradient of the mean of a per-sample loss (N,)."""
        optimizer = self.optimizers[role]
        optimizer.zero_grad(set_to_none=True)
        loss.mean().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
