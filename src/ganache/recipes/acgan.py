"""AC-GAN (Odena et al. 2017, "Conditional Image Synthesis with Auxiliary Classifier GANs"): D also tells the class.

discriminator: -E[log D(x)] - E[log(1 - D(G(z,y)))] - E[log P(y | x)] + γ/2 E|∇D(x)|²
generator:     -E[log D(G(z,y))] - E[log P(y | G(z,y))],   z standard normal in 32 dimensions, y the reals' own labels

D is not told y: it has a second head, P, and G is paid for images whose class that head can read.

ganache train acgan --data mnist
"""

from ganache.games import Optimizers, TwoPlayers
from ganache.networks import ClassifyingDiscriminator, DCGANDiscriminator, DCGANGenerator
from ganache.parts.auxiliary import ClassCrossEntropy
from ganache.parts.latents import Normal
from ganache.parts.objectives import NonSaturating
from ganache.parts.optimizers import Adam
from ganache.parts.penalties import R1


def recipe() -> TwoPlayers:
    """Return the recipe: the losses are the paper's, but that D learns classes from reals alone.

    Ours are the networks (`mnist-speedrun`'s, with its Adam, average and lazy R1), whose paper has none for MNIST.
    """
    adam = Adam(learning_rate=2e-3, betas=(0.5, 0.99))
    return TwoPlayers(
        name="acgan",
        generator=DCGANGenerator(latent=Normal(size=32), width=32),
        discriminator=ClassifyingDiscriminator(body=DCGANDiscriminator(width=32, batch_norm=False)),
        objective=NonSaturating(),
        penalties={"r1": R1(weight=0.1, every=8), "class": ClassCrossEntropy(of_fakes=False)},
        generator_terms={"class": ClassCrossEntropy()},
        optimizers=Optimizers(generator=adam, discriminator=adam),
        batch_size=32,
        ema_half_life=2_000,
        conditional=True,
        images=60_000,
    )
