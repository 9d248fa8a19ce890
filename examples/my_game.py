"""A game of one's own: an energy-based GAN (Zhao et al. 2017), whose discriminator is an autoencoder.

An image's energy is how badly the autoencoder copies it. It learns to copy reals well and fakes worse, by a margin
m; the generator learns to make what is copied well (their equations 1 and 2):

autoencoder: E(x) + max(0, m - E(G(z))),   E(x) the mean squared difference of x and its copy
generator:   E(G(z))

    ganache train examples/my_game.py --data digits
    ganache resume runs/energy-digits --code examples/my_game.py --images 400k
    ganache sample runs/energy-digits --code examples/my_game.py --out energy.png
"""

import torch
from pydantic import Field
from torch import Tensor, nn

import ganache


class Copier(ganache.Part):
    """An autoencoder of fully connected layers with a narrow middle."""

    width: int = Field(default=128, ge=1)
    middle: int = Field(default=16, ge=1)

    def build(self, shape: ganache.ImageShape) -> nn.Module:
        """Return a module images (N, C, H, W) → copies of the same shape, in [-1, 1]."""
        return nn.Sequential(
            nn.Flatten(),
            *(nn.Linear(shape.pixels, self.width), nn.ReLU()),
            *(nn.Linear(self.width, self.middle), nn.ReLU()),
            *(nn.Linear(self.middle, self.width), nn.ReLU()),
            *(nn.Linear(self.width, shape.pixels), nn.Tanh()),
            nn.Unflatten(1, (shape.channels, shape.height, shape.width)),
        )


class EnergyGame(ganache.Game):
    """A generator against an autoencoder."""

    generator: ganache.Generator
    copier: Copier
    optimizers: ganache.Optimizers
    margin: float = Field(default=0.2, gt=0)  # m; an image of noise has an energy of about 0.5

    def build(self, shape: ganache.ImageShape, conditions: int) -> ganache.Cast:
        """Return both networks and their players; whatever stands here is saved and restored to the bit."""
        networks = {"generator": self.generator.build(shape, conditions), "copier": self.copier.build(shape)}
        players = {
            "generator": ganache.Player(self.optimizers.generator, ("generator",)),
            "copier": ganache.Player(self.optimizers.discriminator, ("copier",)),
        }
        return ganache.Cast(networks, {}, players)

    def play(self, cast: ganache.Cast, draw: ganache.Draws, now: ganache.Moment) -> dict[str, Tensor]:
        """Play one iteration: the autoencoder moves, then the generator."""
        batch, latents = draw.batch(), draw.latents(self.generator.latent)
        cast.train_only("copier")
        with torch.no_grad():
            fakes = cast("generator", latents, batch.conditions)
        real, fake = energy(cast, batch.reals), energy(cast, fakes)
        loss = real + (self.margin - fake).clamp(min=0)
        cast.update("copier", loss, now)

        cast.train_only("generator")
        fakes = cast("generator", draw.latents(self.generator.latent), batch.conditions)
        fooled = energy(cast, fakes)
        cast.update("generator", fooled, now)
        return {
            "loss/copier": loss.detach(),
            "loss/generator": fooled.detach(),
            "energy/real": real.detach(),
            "energy/fake": fake.detach(),
        }

    def products(self) -> tuple[ganache.Product, ...]:
        """Return the generator, from which samples are drawn."""
        return (ganache.Product("generator", self.generator),)


def energy(cast: ganache.Cast, images: Tensor) -> Tensor:
    """Return E (N,) of images (N, C, H, W)."""
    return (cast("copier", images) - images).square().flatten(1).mean(dim=1)


def recipe() -> EnergyGame:
    """Return the game with its numbers."""
    adam = ganache.Adam(learning_rate=1e-3, betas=(0.5, 0.99))
    return EnergyGame(
        name="energy",
        generator=ganache.MLPGenerator(latent=ganache.Normal(size=32), widths=(128, 128)),
        copier=Copier(),
        optimizers=ganache.Optimizers(generator=adam, discriminator=adam),
        ema_half_life=5_000,
        images=200_000,
    )
