"""Wasserstein GAN with clipped weights (Arjovsky, Chintala & Bottou 2017, algorithm 1), on fully connected networks.

critic:     E[D(G(z))] - E[D(x)],   every weight of D in [-0.01, 0.01]
generator: -E[D(G(z))],   z standard normal in 100 dimensions

ganache train wgan --data mnist

600,000 images (7 minutes of one CPU core) reached a Fréchet distance of 213, no digits yet (`ganache judge`, 10,000
samples, seed 0). The same networks and losses draw digits with wider weights, faster steps without momentum, and an
average of the generator:

ganache train wgan --data mnist --images 4m --set constraint.limit=0.05 --set ema_half_life=20000
    --set optimizers.generator.learning_rate=2e-4 --set optimizers.discriminator.learning_rate=2e-4
    --set optimizers.generator.betas=[0,0.99] --set optimizers.discriminator.betas=[0,0.99]

12 minutes of one core: a distance of 22.4, every digit between 3.0% and 18.1%, 20% of the samples unsure.
"""

from ganache.games import Optimizers, TwoPlayers
from ganache.networks import MLPDiscriminator, MLPGenerator
from ganache.parts.constraints import WeightClipping
from ganache.parts.latents import Normal
from ganache.parts.objectives import Wasserstein
from ganache.parts.optimizers import Adam


def recipe() -> TwoPlayers:
    """Return the recipe: as many generator steps as batches of 64 in five passes over 60,000 images, five critic
    steps before each; Adam in the place of the paper's RMSProp.
    """
    adam = Adam(learning_rate=5e-5)
    return TwoPlayers(
        name="wgan",
        generator=MLPGenerator(latent=Normal(size=100), widths=(256, 512, 1024)),
        discriminator=MLPDiscriminator(widths=(512, 256), slope=0.01),
        objective=Wasserstein(),
        constraint=WeightClipping(limit=0.01),
        optimizers=Optimizers(generator=adam, discriminator=adam),
        critic_steps=5,
        batch_size=64,
        images=5 * 300_000,
    )
