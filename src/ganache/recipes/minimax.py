"""The minimax game as it is written down (Goodfellow et al. 2014, equation 1), on fully connected networks.

discriminator: -E[log D(x)] - E[log(1 - D(G(z)))]
generator:      E[log(1 - D(G(z)))],   z standard normal in 100 dimensions

The generator's gradient vanishes where the discriminator is sure of itself; `nonsaturating` is the remedy.

ganache train minimax --data mnist

That took 5 minutes of one CPU core and reached a Fréchet distance of 264: noise, all of it read as an 8
(`ganache judge`, 10,000 samples, seed 0). The same networks and losses draw digits where R1 keeps the discriminator
from being sure of itself, and both move faster:

ganache train minimax --data mnist --images 1500k --set penalties.r1=R1 --set penalties.r1.weight=0.2
    --set optimizers.generator.learning_rate=2e-4 --set optimizers.discriminator.learning_rate=2e-4

13 minutes of one core: a distance of 20.6, every digit between 6.0% and 17.2%, 24% of the samples unsure.
"""

from ganache.games import Optimizers, TwoPlayers
from ganache.networks import MLPDiscriminator, MLPGenerator
from ganache.parts.latents import Normal
from ganache.parts.objectives import Minimax
from ganache.parts.optimizers import Adam


def recipe() -> TwoPlayers:
    """Return the recipe: five passes over 60,000 images in batches of 64."""
    adam = Adam(learning_rate=5e-5)
    return TwoPlayers(
        name="minimax",
        generator=MLPGenerator(latent=Normal(size=100), widths=(256, 512, 1024)),
        discriminator=MLPDiscriminator(widths=(512, 256), slope=0.01),
        objective=Minimax(),
        optimizers=Optimizers(generator=adam, discriminator=adam),
        batch_size=64,
        images=300_000,
    )
