"""Half a GAN: the discriminator alone learns to tell images from what an untrained generator makes of noise.

discriminator: -E[log D(x)] - E[log(1 - D(G(z)))]
generator:     left as it was drawn,   z standard normal in 1 dimension

The first thing to try before a GAN: a discriminator that cannot do this will teach no generator anything. It is
examined after each pass on 10,000 held-out images and as many fakes.

ganache train noise-classifier --data mnist

That took 74 s of one CPU core; after each of the three passes it was right about 100.00% of both.
"""

from ganache.games import Optimizers, TwoPlayers
from ganache.networks import MLPDiscriminator, MLPGenerator
from ganache.parts.latents import Normal
from ganache.parts.objectives import NonSaturating
from ganache.parts.optimizers import Adam


def recipe() -> TwoPlayers:
    """Return the recipe: three passes over 60,000 images, in mixed batches of 32 images and 32 fakes."""
    adam = Adam(learning_rate=1e-3)
    return TwoPlayers(
        name="noise-classifier",
        generator=MLPGenerator(latent=Normal(size=1), widths=(256,)),
        discriminator=MLPDiscriminator(widths=(256,), dropout=0.5),
        objective=NonSaturating(),
        optimizers=Optimizers(generator=adam, discriminator=adam),
        generator_steps=0,
        joint_batch=True,
        batch_size=32,
        held_out=10_000,
        images=180_000,
    )
