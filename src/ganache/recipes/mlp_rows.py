"""A GAN for the rows of a table: connected layers under the loss of R3GAN.

discriminator: E[softplus(D(G(z)) - D(x))] + γ/2 (E|∇D(x)|² + E|∇D(G(z))|²),   each x with the G(z) beside it
generator:     E[softplus(D(x) - D(G(z)))],   z standard normal in 32 dimensions

Labels, where they are told (`--set conditional=true`), enter both networks beside their input.

ganache train --data table.csv
"""

from ganache.games import Optimizers, TwoPlayers
from ganache.networks import MLPDiscriminator, MLPGenerator
from ganache.parts.latents import Normal
from ganache.parts.objectives import RelativisticPairing
from ganache.parts.optimizers import Adam
from ganache.parts.penalties import R1, R2
from ganache.parts.schedules import Cosine


def recipe() -> TwoPlayers:
    """Return the recipe: objective, penalties and Adam's betas are those of Huang et al. (2024), the rest is ours.

    docs/tables.md has the objectives that were tried.
    """
    adam = Adam(learning_rate=Cosine(start=1e-3, end=2e-5, until=1.0, of="budget"), betas=(0.0, 0.99))
    return TwoPlayers(
        name="mlp-rows",
        generator=MLPGenerator(latent=Normal(size=32), widths=(256, 256, 256)),
        discriminator=MLPDiscriminator(widths=(256, 256, 256), slope=0.2),
        objective=RelativisticPairing(),
        penalties={"r1": R1(weight=0.01, every=4), "r2": R2(weight=0.01, every=4)},
        optimizers=Optimizers(generator=adam, discriminator=adam),
        batch_size=256,
        ema_half_life=20_000,
        images=1_000_000,
    )
