"""BigGAN (Brock et al. 2019, "Large Scale GAN Training for High Fidelity Natural Image Synthesis"), for a processor.

discriminator: E[max(0, 1 - D(x, y))] + E[max(0, 1 + D(G(z, y), y))],   twice for each step of G
generator:    -E[D(G(z, y), y)] + β Σ ‖W Wᵀ ⊙ (1 - I)‖²,   z standard normal in 80 dimensions, y the reals' labels

ganache train biggan --data FOLDER_OF_CLASSES --size 32
"""

from ganache.games import Optimizers, TwoPlayers
from ganache.networks import BigGANDiscriminator, BigGANGenerator
from ganache.parts.objectives import Hinge
from ganache.parts.optimizers import Adam
from ganache.parts.orthogonality import OrthogonalRegularisation


def recipe() -> TwoPlayers:
    """Return the recipe."""
    return TwoPlayers(
        name="biggan",
        generator=BigGANGenerator(),
        discriminator=BigGANDiscriminator(),
        objective=Hinge(),
        generator_terms={"orthogonal": OrthogonalRegularisation(weight=1e-4)},
        optimizers=Optimizers(
            generator=Adam(learning_rate=2e-4, betas=(0.0, 0.999)),
            discriminator=Adam(learning_rate=8e-4, betas=(0.0, 0.999)),
        ),
        critic_steps=2,
        batch_size=32,
        ema_half_life=5_000,
        conditional=True,
        images=1_000_000,
    )
