"""FastGAN (Liu et al. 2021, "Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image Synthesis").

discriminator: E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))] + λ E[d(decoded(D's maps of x), x)]
generator:    -E[D(G(z))],   z standard normal in 128 dimensions

For 100 to 5,000 pictures. Reals and fakes undergo DiffAugment's colour and translation before D sees them; what is
decoded are the whole image from D's last map, and a quarter of it from a quarter of the map before.

ganache train fastgan --data FOLDER --size 64
"""

from ganache.games import Optimizers, TwoPlayers
from ganache.networks import FastGANDiscriminator, FastGANGenerator, Reconstruction
from ganache.parts.diff_augment import DiffAugment
from ganache.parts.objectives import Hinge
from ganache.parts.optimizers import Adam
from ganache.parts.schedules import Linear


def recipe() -> TwoPlayers:
    """Return the recipe: loss, Adam's betas, augmentation and batch are the paper's and its authors'.

    Ours, for a processor: a small part of the widths, latents of half the size, and with them five times the learning
    rate (the paper has 2e-4). The average's half-life is a twentieth of the images seen, until it is the authors'
    5,500. The distance of a reconstruction, and so its weight, is ours: the paper's needs a network that is trained
    already.
    """
    adam = Adam(learning_rate=1e-3, betas=(0.5, 0.999))
    return TwoPlayers(
        name="fastgan",
        generator=FastGANGenerator(),
        discriminator=FastGANDiscriminator(),
        objective=Hinge(),
        penalties={"reconstruction": Reconstruction(weight=1.0)},
        augment=DiffAugment(cutout=0.0),
        optimizers=Optimizers(generator=adam, discriminator=adam),
        batch_size=8,
        ema_half_life=Linear(start=0.0, end=5_500.0, until=110_000),
        images=400_000,
    )
