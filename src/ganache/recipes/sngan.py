"""Spectral normalisation with the hinge loss (Miyato et al. 2018), on the convolutional networks of `dcgan`.

discriminator: E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))],   each weight matrix of D over its largest singular value
generator:    -E[D(G(z))],   z standard normal in 128 dimensions

Labels, where they are told (`--set conditional=true`), enter D by projection and G by conditional batch norm, as in
the authors' next paper (Miyato & Koyama 2018).

ganache train sngan --data FOLDER

On MNIST, 150,000 images (17 minutes of one CPU core) reached a Fréchet distance of 21.6 and a smallest class of 5.0%
(`ganache judge`, 10,000 samples, seed 0). On `grid`, connected networks with a spectral bound of 1,000 find all 25
modes with 96%, 94% and 90% of high-quality samples (seeds 0, 1, 2; 2.4 million points, `python -m benchmarks.grid`).
"""

from ganache.games import Optimizers, TwoPlayers
from ganache.networks import DCGANDiscriminator, DCGANGenerator
from ganache.parts.latents import Normal
from ganache.parts.objectives import Hinge
from ganache.parts.optimizers import Adam


def recipe() -> TwoPlayers:
    """Return the recipe: latent, batch and Adam are the paper's (table 1, setting C: one step of D for one of G).

    The networks are lighter than the paper's (table 3: seven convolutions in D, leaky ReLU 0.1); average and budget
    are ours.
    """
    adam = Adam(learning_rate=2e-4, betas=(0.5, 0.999))
    return TwoPlayers(
        name="sngan",
        generator=DCGANGenerator(latent=Normal(size=128), conditional_norm=True),
        discriminator=DCGANDiscriminator(batch_norm=False, projection=True, spectral_norm=True),
        objective=Hinge(),
        optimizers=Optimizers(generator=adam, discriminator=adam),
        batch_size=64,
        ema_half_life=5_000,
        images=1_000_000,
    )
