"""Projected GAN (Sauer et al. 2021, "Projected GANs Converge Faster"), for a processor.

discriminator: E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))],   D the mean over sizes l and places of D_l(P_l(x))
generator:    -E[D(G(z))],   z standard normal in 128 dimensions, and what the noise of its maps is drawn from

P_l are a network that was trained on ImageNet and random layers behind it, none of which learns; the last P_l leaves
the image as it is. Labels, where they are told (`--set conditional=true`), enter D by projection, G beside the latent.

ganache train projected --data FOLDER

On CIFAR-10, told the classes, 100,000 images (24 minutes of one core, bfloat16) reached a Fréchet distance of 6.9 in a
classifier's features, where `dcgan` had 19.2 after 840,000 (`ganache evaluate RUN --features classifier`, against the
test pictures, seed 0).
"""

from ganache.games import Optimizers, TwoPlayers
from ganache.networks import FastGANGenerator, ProjectedDiscriminator
from ganache.parts.diff_augment import DiffAugment
from ganache.parts.objectives import Hinge
from ganache.parts.optimizers import Adam
from ganache.parts.schedules import Linear


def recipe() -> TwoPlayers:
    """Return the recipe: objective, projection and the discriminators' normalisation are the paper's (section 3).

    FastGAN's generator is one of the two that the paper draws with. Ours, for a processor: its few features; what sees
    the pixels; rates that are ten times as high, and fall; no change of colours, which hides how colourful they are.
    """
    return TwoPlayers(
        name="projected",
        generator=FastGANGenerator(width=16, max_width=256),
        discriminator=ProjectedDiscriminator(),
        objective=Hinge(),
        augment=DiffAugment(colour=False),
        optimizers=Optimizers(generator=_adam(2e-3), discriminator=_adam(1e-3)),
        batch_size=16,
        joint_batch=True,
        ema_half_life=Linear(start=0.0, end=10_000.0, until=200_000),
        images=120_000,
    )


def _adam(rate: float) -> Adam:
    return Adam(learning_rate=Linear(start=rate, end=1e-4, until=1.0, of="budget"), betas=(0.5, 0.99))
