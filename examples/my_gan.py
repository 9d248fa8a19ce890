"""A GAN of one's own in one file: a network, an objective and the recipe that puts them together.

ganache train examples/my_gan.py --data digits --out runs/mine
ganache sample runs/mine --code examples/my_gan.py --out grid.png
"""

import torch
from pydantic import Field
from torch import Tensor, nn

import ganache


class ResidualGenerator(ganache.Generator):
    """A projection, then residual layers: the fields are the network's settings, and can be changed by --set."""

    latent: ganache.Normal = ganache.Normal(size=32)
    width: int = Field(default=128, ge=1)
    depth: int = Field(default=3, ge=1)

    def build(self, shape: ganache.ImageShape, conditions: int) -> nn.Module:
        """Return the module: (latent (N, Z), conditions (N, K)) → images (N, C, H, W) in [-1, 1]."""
        return _Residual(self, shape, conditions)


class _Residual(nn.Module):
    def __init__(self, config: ResidualGenerator, shape: ganache.ImageShape, conditions: int) -> None:
        super().__init__()
        self.shape = (shape.channels, shape.height, shape.width)
        self.first = nn.Linear(config.latent.size + conditions, config.width)
        self.layers = nn.ModuleList(nn.Linear(config.width, config.width) for _ in range(config.depth))
        self.last = nn.Linear(config.width, shape.pixels)

    def forward(self, latent: Tensor, conditions: Tensor) -> Tensor:
        features = self.first(torch.cat([latent, conditions], dim=1))
        for layer in self.layers:
            features = features + layer(torch.relu(features))
        return torch.tanh(self.last(features)).reshape(-1, *self.shape)


class Margin(ganache.Objective):
    """max(0, 1 - D(x)) + max(0, 1 + D(G(z))) against -D(G(z)): one loss for each sample, never the mean."""

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return (N,) from logits (N, 1)."""
        return (torch.relu(1 - real_logits) + torch.relu(1 + fake_logits)).flatten(1).mean(dim=1)

    def generator(self, real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
        """Return (N,) from logits (N, 1)."""
        return -fake_logits.flatten(1).mean(dim=1)


def recipe() -> ganache.Recipe:
    """Return the recipe that `ganache train FILE` trains."""
    adam = ganache.Adam(learning_rate=2e-4, betas=(0.5, 0.999))
    return ganache.Recipe(
        name="my-gan",
        generator=ResidualGenerator(),
        discriminator=ganache.DCGANDiscriminator(width=32, batch_norm=False),  # R1 looks at single images
        objective=Margin(),
        penalties={"r1": ganache.R1(weight=0.1, every=4)},
        optimizers=ganache.Optimizers(generator=adam, discriminator=adam),
        ema_half_life=5_000,
        images=100_000,
    )
