"""A small DCGAN for handwritten digits (after Radford, Metz & Chintala 2016), with batch norm over every feature.

discriminator: -E[log D(x)] - E[log(1 - D(G(z)))]
generator:     -E[log D(G(z))],   z standard normal in 100 dimensions; it moves first

ganache train dcgan-mnist --data mnist

The 1,200,000 images (2,343 steps, an hour of one CPU core that does nothing else) reached a Fréchet distance of 32.6
and a smallest class of 2.1%, with 40% of the samples unsure (`ganache judge`, 10,000 samples, seed 0). In batches of
an eighth, which are eight times as many steps, and with an average half of the images do for digits: 13.6, 6.5% and
24.8% after

ganache train dcgan-mnist --data mnist --batch 64 --set ema_half_life=20000 --images 600k
"""

from ganache.games import Optimizers, TwoPlayers
from ganache.networks import MNISTDCGANDiscriminator, MNISTDCGANGenerator
from ganache.parts.objectives import NonSaturating
from ganache.parts.optimizers import Adam


def recipe() -> TwoPlayers:
    """Return the recipe: twenty passes over 60,000 images in batches of 512."""
    adam = Adam(learning_rate=1e-4)
    return TwoPlayers(
        name="dcgan-mnist",
        generator=MNISTDCGANGenerator(),
        discriminator=MNISTDCGANDiscriminator(),
        objective=NonSaturating(),
        optimizers=Optimizers(generator=adam, discriminator=adam),
        first="generator",
        batch_size=512,
        images=1_200_000,
    )
