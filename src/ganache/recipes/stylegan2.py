"""StyleGAN2 (Karras et al. 2020) in a size for a processor, its discriminator four times as fast as its generator.

discriminator: E[softplus(-D(x))] + E[softplus(D(G(z)))] + γ/2 E|∇D(x)|², the last term on every 4th step 4-fold
generator:     E[softplus(-D(G(z)))]

ganache train stylegan2 --data FOLDER

With the published rates and γ networks as narrow as these collapse on MNIST, ours and the authors' alike, within some
ten thousand images: the discriminator is soon right about everything, and all latents come to draw one figure. At four
times the generator's rate and with a γ that suits the size ten digits come of the same networks (docs/recipes.md).
Mixed styles and the lengths of paths are left out, as in the authors' setting for CIFAR-10; either does no harm, both
together did: `--set generator.mixing=0.9` and `--set generator_terms.path=PathLength` bring them back.

On MNIST 240,000 images (23 minutes of one core) reached Fréchet distances of 3.6 and 4.7, smallest classes of 6.7% and
6.8%, and 7% and 8% unsure (`ganache judge`, 10,000 samples, seeds 0 and 1).
"""

from ganache.games import Optimizers, TwoPlayers
from ganache.networks import StyleGAN2Discriminator, StyleGAN2Generator
from ganache.parts.augmentations import Unchanged
from ganache.parts.gammas import R3GANGamma
from ganache.parts.optimizers import Adam
from ganache.parts.penalties import R1
from ganache.recipes import stylegan2_auto

RATE, FASTER = 0.0025, 4.0  # the authors' rate; how many times as fast the discriminator is
R1_EVERY = 4


def recipe() -> TwoPlayers:
    """Return the recipe: what is not named here is as in `stylegan2-auto`."""
    return stylegan2_auto.recipe().changed(
        name="stylegan2",
        generator=StyleGAN2Generator(mixing=0.0),
        discriminator=StyleGAN2Discriminator(),
        penalties={"r1": R1(weight=R3GANGamma(), every=R1_EVERY)},
        generator_terms={},
        optimizers=Optimizers(
            generator=Adam(learning_rate=RATE, betas=(0.0, 0.99)),
            discriminator=Adam(learning_rate=FASTER * RATE, betas=(0.0, 0.99)),
        ),
        augment=Unchanged(),
        images=250_000,
    )
