"""The original GAN on fully connected networks (Goodfellow et al. 2014, algorithm 1, non-saturating).

discriminator: -E[log D(x)] - E[log(1 - D(G(z)))]
generator:     -E[log D(G(z))],   z standard normal in 100 dimensions

ganache train vanilla --data mnist

The 3,000,000 images (29 minutes of one CPU core) reached a Fréchet distance of 11.7 and a smallest class of 5.6%
(`ganache judge`, 10,000 samples, seed 0).
"""

from ganache.games import Optimizers, TwoPlayers
from ganache.networks import MLPDiscriminator, MLPGenerator
from ganache.parts.latents import Normal
from ganache.parts.objectives import NonSaturating
from ganache.parts.optimizers import Adam


def recipe() -> TwoPlayers:
    """Return the recipe: fifty passes over 60,000 images in batches of 32; reals and fakes as one batch."""
    adam = Adam(learning_rate=1e-4)
    return TwoPlayers(
        name="vanilla",
        generator=MLPGenerator(latent=Normal(size=100), widths=(256, 512, 1024)),
        discriminator=MLPDiscriminator(widths=(1024, 512, 256), dropout=0.3),
        objective=NonSaturating(),
        optimizers=Optimizers(generator=adam, discriminator=adam),
        joint_batch=True,
        batch_size=32,
        images=3_000_000,
    )
