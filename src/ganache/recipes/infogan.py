"""InfoGAN (Chen et al. 2016): codes in the latents that can be read off the image, found without any label.

discriminator: -E[log D(x + ε)] - E[log(1 - D(G(c) + ε))] + γ/2 E|∇D(x)|²
generator:     -E[log D(G(c) + ε)] - λ E[log Q(c | G(c) + ε)],   c one of ten categories and four values in [-1, 1)

Q, a small network on D's features, learns with the generator; what it can read is a lower bound of the information
that images hold about their codes. ε is noise on the pixels that both see.

ganache train infogan --data digits
ganache codes runs/infogan-digits --out codes.png

400,000 images (about a minute of one CPU core): with each value of the category given one digit, 94.7%, 89.1% and 93.9%
of 10,000 samples were that digit (seeds 0, 1, 2; `python -m benchmarks.games infogan`).
"""

from ganache.games import Optimizers, TwoPlayers
from ganache.networks import MLPDiscriminator, MLPGenerator
from ganache.parts.augmentations import InputNoise
from ganache.parts.auxiliary_terms import CodeRecovery
from ganache.parts.latents import Coded
from ganache.parts.objectives import NonSaturating
from ganache.parts.optimizers import Adam
from ganache.parts.penalties import R1


def recipe() -> TwoPlayers:
    """Return the recipe: codes, Q and the weights of their losses are the paper's, which has convolutions and MNIST.

    Ours are the networks, R1, the noise on pixels, and latents that hold nothing but codes: with noise beside them (62
    values in the paper) the category became a way of drawing and not a digit, on MNIST for longer than we tried.
    """
    adam = Adam(learning_rate=1e-3, betas=(0.5, 0.99))
    return TwoPlayers(
        name="infogan",
        generator=MLPGenerator(latent=Coded(size=14, categories=(10,), continuous=4), widths=(128, 128)),
        discriminator=MLPDiscriminator(widths=(128, 128), slope=0.2),
        objective=NonSaturating(),
        augment=InputNoise(deviation=0.4),
        penalties={"r1": R1(weight=0.1, every=4)},
        generator_terms={"codes": CodeRecovery()},
        optimizers=Optimizers(generator=adam, discriminator=adam),
        ema_half_life=2_000,
        images=400_000,
    )
