"""AC-GAN (Odena et al. 2017, "Conditional Image Synthesis with Auxiliary Classifier GANs"): D also tells the class.

discriminator: ½ E[(D(x) - 1)²] + ½ E[D(G(z,y))²] - E[log P(y | x)] + γ/2 E|∇D(x)|²
generator:     ½ E[(D(G(z,y)) - 1)²] - E[log P(y | G(z,y))],   z standard normal in 32 dimensions, y the reals' labels

D is not told y: it has a second head, P, and G is paid for images whose class that head can read.

ganache train acgan --data mnist

60,000 images (1m 45s of one CPU core) reached a label accuracy of 99.0%, 98.9% and 99.2% and a Fréchet distance of 3.1,
3.0 and 2.9 (seeds 0, 1, 2; `ganache judge`, 10,000 samples).
"""

from ganache.games import Optimizers, TwoPlayers
from ganache.networks import ClassifyingDiscriminator, DCGANDiscriminator, DCGANGenerator
from ganache.parts.auxiliary_terms import ClassCrossEntropy
from ganache.parts.latents import Normal
from ganache.parts.objectives import LeastSquares
from ganache.parts.optimizers import Adam
from ganache.parts.penalties import R1


def recipe() -> TwoPlayers:
    """Return the recipe: the two heads and who is paid for what are the paper's, which has no networks for MNIST.

    Ours are `mnist-speedrun`'s networks, Adam, average and lazy R1, least squares in the place of the logarithms (97.6%
    became 99.1% in one trial), and that D learns classes from reals alone: with fakes too it was 94.3%, since the two
    players then agree on signs of a class that no digit has.
    """
    adam = Adam(learning_rate=2e-3, betas=(0.5, 0.99))
    return TwoPlayers(
        name="acgan",
        generator=DCGANGenerator(latent=Normal(size=32), width=32),
        discriminator=ClassifyingDiscriminator(body=DCGANDiscriminator(width=32, batch_norm=False)),
        objective=LeastSquares(),
        penalties={"r1": R1(weight=0.1, every=8), "class": ClassCrossEntropy(of_fakes=False)},
        generator_terms={"class": ClassCrossEntropy()},
        optimizers=Optimizers(generator=adam, discriminator=adam),
        batch_size=32,
        ema_half_life=2_000,
        conditional=True,
        images=60_000,
    )
