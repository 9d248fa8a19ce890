"""R3GAN (Huang et al. 2024) as its authors train it on CIFAR-10: the preset of their code, for GPUs.

discriminator: E[softplus(D(G(z,y),y) - D(x,y))] + γ/2 (E|∇D(x,y)|² + E|∇D(G(z,y),y)|²)
generator:     E[softplus(D(x,y) - D(G(z,y),y))],   z standard normal in 64 dimensions, y the class of the x beside it

768 features at 32, 16, 8 and 4 pixels, two blocks at each: 20.8 million weights in G, 21.3 million in D, and what both
compute is what the authors' networks compute. Learning rate, β₂, γ, the average's half-life and the chance of each
transformation (ADA's, those of colours half as often, and a hole) follow half a cosine through the first 20 million
images and then stay.

ganache train r3gan-cifar10 --data cifar10 --mirror

The authors saw 250 million images, four days of eight L40 at about 90 images/s each, and report a Fréchet distance of
1.96 in Inception's features. It was not trained here. An image of the batch takes 0.2 GB in float32, and a core of a
processor ten seconds. GPUs share the batch: `torchrun --nproc-per-node=8 -m ganache train
…`. Without classes: `--set conditional=false`. Smaller: fewer `--images`, a smaller `--batch`, and a quarter of the
width by `--set generator.width=192 --set generator.max_width=192`, the discriminator's alike; γ for a smaller batch by
`--set penalties.r1.weight=R3GANGamma`, `r2` alike. On a processor there is `r3gan`.
"""

from ganache.games import Optimizers, TwoPlayers
from ganache.networks import R3GANDiscriminator, R3GANGenerator
from ganache.parts.adaptive import Adaptive
from ganache.parts.latents import Normal
from ganache.parts.objectives import RelativisticPairing
from ganache.parts.optimizers import Adam
from ganache.parts.penalties import R1, R2
from ganache.parts.schedules import Cosine

BURN_IN = 20_000_000  # images
WIDTH, BLOCKS = 768, 2


def recipe() -> TwoPlayers:
    """Return the recipe; every number is the authors' (github.com/brownvc/R3GAN, commit 19a7ddf, train.py)."""
    adam = Adam(
        learning_rate=Cosine(start=2e-4, end=5e-5, until=BURN_IN),
        betas=(0.0, Cosine(start=0.9, end=0.99, until=BURN_IN)),
    )
    gamma = Cosine(start=0.05, end=0.005, until=BURN_IN)
    return TwoPlayers(
        name="r3gan-cifar10",
        generator=R3GANGenerator(latent=Normal(size=64), width=WIDTH, max_width=WIDTH, blocks=BLOCKS, published=True),
        discriminator=R3GANDiscriminator(width=WIDTH, max_width=WIDTH, blocks=BLOCKS, published=True),
        objective=RelativisticPairing(),
        penalties={"r1": R1(weight=gamma), "r2": R2(weight=gamma)},
        optimizers=Optimizers(generator=adam, discriminator=adam),
        augment=Adaptive(colour=0.5, cutout=1.0, probability=Cosine(start=0.0, end=0.55, until=BURN_IN)),
        batch_size=512,
        ema_half_life=Cosine(start=0.0, end=5_000_000.0, until=BURN_IN),
        conditional=True,
        images=250_000_000,
    )
