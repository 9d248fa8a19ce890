"""BigGAN (Brock et al. 2019, "Large Scale GAN Training for High Fidelity Natural Image Synthesis"), for a processor.

discriminator: E[max(0, 1 - D(x, y))] + E[max(0, 1 + D(G(z, y), y))],   twice for each step of G
generator:    -E[D(G(z, y), y)] + β Σ ‖W Wᵀ ⊙ (1 - I)‖²,   z standard normal in 80 dimensions, y the reals' labels

ganache train biggan --data FOLDER_OF_CLASSES --size 32

On MNIST, 12,960 images (4 minutes of a busy core) reached a Fréchet distance of 20.6, and 64.5% of the samples had the
class asked for (`ganache judge`, 10,000 samples, seed 0). Without classes, `--set conditional=false`: norms are then
conditioned on the latent's parts alone.
"""

from ganache.games import Optimizers, TwoPlayers
from ganache.networks import BigGANDiscriminator, BigGANGenerator
from ganache.parts.objectives import Hinge
from ganache.parts.optimizers import Adam
from ganache.parts.orthogonality import OrthogonalRegularisation


def recipe() -> TwoPlayers:
    """Return the recipe: loss, terms, first weights, betas, two steps of D and a rate four times G's are the paper's.

    Ours are the rates themselves (it has 5e-5 and 2e-4, for batches of 2,048) and all sizes, for one core of a
    processor. For a GPU there are those of the authors' code for 64×64: widths of 128 (G) and 64 (D), max_width 1024,
    embedding 128, latents of 100, attention at 32, with batches of 256 or more, rates of 1e-4 and 4e-4, and an average
    with a half-life of 100,000 images.
    """
    return TwoPlayers(
        name="biggan",
        generator=BigGANGenerator(),
        discriminator=BigGANDiscriminator(),
        objective=Hinge(),
        generator_terms={"orthogonal": OrthogonalRegularisation(weight=1e-4)},
        optimizers=Optimizers(
            generator=Adam(learning_rate=5e-4, betas=(0.0, 0.999)),
            discriminator=Adam(learning_rate=2e-3, betas=(0.0, 0.999)),
        ),
        critic_steps=2,
        batch_size=16,
        ema_half_life=2_000,
        conditional=True,
        images=1_000_000,
    )
