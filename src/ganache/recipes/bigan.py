"""BiGAN (Donahue et al. 2017, "Adversarial Feature Learning"): a generator with an encoder that inverts it.

discriminator: -E[log D(x, E(x))] - E[log(1 - D(G(z), z))]
generator:     -E[log D(G(z), z)] - E[log(1 - D(x, E(x)))],   z standard normal in 8 dimensions

Neither G nor E ever sees what the other made: only pairs of an image and a latent are judged. Where D is fooled, E(x)
is a latent from which G draws x.

ganache train bigan --data digits
ganache encode runs/bigan-digits digits --out z.npz --picture pairs.png

400,000 images (about a minute of one CPU core) of 1,500 digits: 82.8%, 86.5% and 84.8% of the other 297 were read as
the same digit after E and G as before, of those learnt from 90%, 93% and 90% (seeds 0, 1, 2). `python -m
benchmarks.games bigan` measures it.
"""

from ganache.games import BiGAN, Optimizers
from ganache.networks import FeatureEncoder, FeaturePairDiscriminator, MLPDiscriminator, MLPGenerator
from ganache.parts.latents import Normal
from ganache.parts.objectives import NonSaturating
from ganache.parts.optimizers import Adam


def recipe() -> BiGAN:
    """Return the recipe: the game is the paper's, with its two losses that are each other's with the pairs exchanged.

    Ours are the sizes (for pictures of 8×8; the paper's MNIST has layers of 1,024 and uniform latents in 50 dimensions)
    and Adam's rate.
    """
    adam = Adam(learning_rate=1e-3, betas=(0.5, 0.99))
    return BiGAN(
        name="bigan",
        generator=MLPGenerator(latent=Normal(size=8), widths=(256, 256)),
        encoder=FeatureEncoder(body=MLPDiscriminator(widths=(256, 256), slope=0.2)),
        discriminator=FeaturePairDiscriminator(
            body=MLPDiscriminator(widths=(256,), slope=0.2), latent_width=64, width=128
        ),
        objective=NonSaturating(),
        optimizers=Optimizers(generator=adam, discriminator=adam),
        ema_half_life=2_000,
        images=400_000,
    )
