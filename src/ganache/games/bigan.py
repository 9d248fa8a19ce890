"""Bidirectional GAN: a generator, an encoder that inverts it, and a discriminator of pairs (Donahue et al. 2017).

D tells (x, E(x)) from (G(z), z); G and E move together against it. At the optimum both joint distributions are one, and
E inverts G almost everywhere (their theorem 2), although neither ever sees the other's output.
"""

from typing import Self

import torch
from pydantic import model_validator
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.games.cast import Cast, Player
from ganache.games.game import Draws, Game, Product, Records, recorded, told_apart
from ganache.games.two_players import Optimizers
from ganache.networks.base import Generator
from ganache.networks.feature_networks import Encoder, PairDiscriminator
from ganache.parts.moment import Moment
from ganache.parts.objectives import Minimax, Objective
from ganache.parts.verdict import Verdict
from ganache.support.errors import UserError


class BiGAN(Game):
    """Three networks, two players: generator and encoder move as one."""

    generator: Generator
    encoder: Encoder
    discriminator: PairDiscriminator
    objective: Objective
    optimizers: Optimizers

    @model_validator(mode="after")
    def _is_symmetric(self) -> Self:
        """Refuse what would change nothing: generator and encoder lose what the discriminator would, turned round."""
        if isinstance(self.objective, Minimax):
            raise ValueError("objective: a BiGAN's generator has the discriminator's loss turned round: NonSaturating")
        target = getattr(self.objective, "generator_target", None)
        if target is not None and target != getattr(self.objective, "real_target", target):
            raise ValueError("objective.generator_target: a BiGAN's generator asks for the real target itself")
        return self

    def build(self, shape: ImageShape, conditions: int) -> Cast:
        """Return the three networks and the two players; raises UserError where conditions are to be told."""
        if conditions:
            raise UserError("conditional: a BiGAN is told no classes")
        size = self.generator.latent.size
        networks = {
            "generator": self.generator.build(shape, 0),
            "encoder": self.encoder.build(shape, size),
            "discriminator": self.discriminator.build(shape, size),
        }
        players = {
            "generator": Player(self.optimizers.generator, ("generator", "encoder")),
            "discriminator": Player(self.optimizers.discriminator, ("discriminator",)),
        }
        return Cast(networks, {}, players)

    def play(self, cast: Cast, draw: Draws, now: Moment) -> Records:
        """Move the discriminator, then generator and encoder, each on a batch and latents of its own."""
        reals, latents = draw.batch().reals, draw.latents(self.generator.latent)
        seen = self._move_discriminator(cast, reals, latents, now)
        now = now.after(self.batch_size)
        return seen | self._move_generator(cast, draw.batch().reals, draw.latents(self.generator.latent), now)

    def _move_discriminator(self, cast: Cast, reals: Tensor, latents: Tensor, now: Moment) -> Records:
        cast.train_only("discriminator")
        with torch.no_grad():
            codes, fakes = cast("encoder", reals), cast("generator", latents, latents[:, :0])
        real, fake = self._verdicts(cast, reals, codes, fakes, latents)
        loss = self.objective.discriminator(real.logits, fake.logits)
        cast.update("discriminator", loss, now)
        boundary = self.objective.boundary(real.logits, fake.logits)
        return recorded(told_apart(loss, real.logits, fake.logits, boundary))

    def _move_generator(self, cast: Cast, reals: Tensor, latents: Tensor, now: Moment) -> Records:
        cast.train_only("generator")
        codes, fakes = cast("encoder", reals), cast("generator", latents, latents[:, :0])
        real, fake = self._verdicts(cast, reals, codes, fakes, latents)
        # What the discriminator's loss asks of the reals is asked of the fakes here, and the other way round.
        loss = self.objective.discriminator(fake.logits, real.logits)
        cast.update("generator", loss, now)
        return recorded({"loss/generator": loss})

    def _verdicts(
        self, cast: Cast, reals: Tensor, codes: Tensor, fakes: Tensor, latents: Tensor
    ) -> tuple[Verdict, Verdict]:
        """Return what is said of the pairs (x, E(x)) and (G(z), z), which go through the discriminator as one batch."""
        both: Verdict = cast("discriminator", torch.cat([reals, fakes]), torch.cat([codes, latents]))
        return both.halves()

    def products(self) -> tuple[Product, ...]:
        """Return the generator and its encoder."""
        return (Product("generator", self.generator), Product("encoder", self.encoder))
