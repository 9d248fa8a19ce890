"""Deep convolutional GAN (Radford, Metz & Chintala 2016), for pictures of any size and number of channels.

discriminator: -E[log D(x)] - E[log(1 - D(G(z)))]
generator:     -E[log D(G(z))],   z standard normal in 100 dimensions

ganache train --data FOLDER
"""

from ganache.games import Optimizers, TwoPlayers
from ganache.networks import DCGANDiscriminator, DCGANGenerator
from ganache.parts.objectives import NonSaturating
from ganache.parts.optimizers import Adam


def recipe() -> TwoPlayers:
    """Return the recipe; learning rate and betas are the paper's (section 4), the average of weights is ours."""
    adam = Adam(learning_rate=2e-4, betas=(0.5, 0.999))
    return TwoPlayers(
        name="dcgan",
        generator=DCGANGenerator(),
        discriminator=DCGANDiscriminator(),
        objective=NonSaturating(),
        optimizers=Optimizers(generator=adam, discriminator=adam),
        batch_size=64,
        ema_half_life=5_000,
        images=1_000_000,
    )
