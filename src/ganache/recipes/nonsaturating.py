"""The game with the generator's objective turned round (Goodfellow et al. 2014, section 3), else as `minimax`.

discriminator: -E[log D(x)] - E[log(1 - D(G(z)))]
generator:     -E[log D(G(z))],   z standard normal in 100 dimensions

ganache train nonsaturating --data mnist

That took 5 minutes of one CPU core and reached a Fréchet distance of 255: five passes are not enough at this rate. With
slopes that cost something and ten times the images, 15 minutes, it reached 6.1 and a smallest class of 7.5% (`ganache
judge`, 10,000 samples, seed 0):

ganache train nonsaturating --data mnist --images 3M --set penalties.r1=R1 --set penalties.r1.weight=0.1
    --set optimizers.generator.learning_rate=2e-4 --set optimizers.discriminator.learning_rate=2e-4
    --set ema_half_life=20000
"""

from ganache.games import TwoPlayers
from ganache.parts.objectives import NonSaturating
from ganache.recipes import minimax


def recipe() -> TwoPlayers:
    """Return the recipe: the networks, optimisers and budget of `minimax`."""
    return minimax.recipe().changed(name="nonsaturating", objective=NonSaturating())
