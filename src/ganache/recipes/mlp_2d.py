"""A small GAN for two-dimensional densities, where every mode and every mistake can be seen.

discriminator: -E[log D(x)] - E[log(1 - D(G(z)))]
generator:     -E[log D(G(z))],   z standard normal in 2 dimensions

ganache train --data ring
"""

from ganache.games import Optimizers, TwoPlayers
from ganache.networks import MLPDiscriminator, MLPGenerator
from ganache.parts.latents import Normal
from ganache.parts.objectives import NonSaturating
from ganache.parts.optimizers import Adam


def recipe() -> TwoPlayers:
    """Return the recipe: three hidden layers of 128 on either side."""
    adam = Adam(learning_rate=1e-3, betas=(0.5, 0.999))
    return TwoPlayers(
        name="mlp-2d",
        generator=MLPGenerator(latent=Normal(size=2), widths=(128, 128, 128)),
        discriminator=MLPDiscriminator(widths=(128, 128, 128), slope=0.2),
        objective=NonSaturating(),
        optimizers=Optimizers(generator=adam, discriminator=adam),
        batch_size=256,
        ema_half_life=20_000,
        images=2_000_000,
    )
