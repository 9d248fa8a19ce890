"""StyleGAN2 (Karras et al. 2020), with the settings of the authors' later `auto`, in a size for a processor.

discriminator: E[softplus(-D(x))] + E[softplus(D(G(z)))] + γ/2 E|∇D(x)|², the last term on every 16th step 16-fold
generator:     E[softplus(-D(G(z)))] + 2 E(‖J_wᵀy‖ - a)², the last on every 4th step 4-fold,   w the styles of z

ganache train stylegan2 --data FOLDER

On MNIST without classes it collapsed within 180,000 images; its generator draws digits in the game of `r3gan`:

ganache train r3gan --data mnist --set generator=StyleGAN2Generator
"""

from ganache.games import TwoPlayers
from ganache.networks import StyleGAN2Discriminator, StyleGAN2Generator
from ganache.parts.augmentations import Unchanged
from ganache.recipes import stylegan2_auto


def recipe() -> TwoPlayers:
    """Return the recipe: narrow networks, no augmentation and a short budget, else as `stylegan2-auto`."""
    return stylegan2_auto.recipe().changed(
        name="stylegan2",
        generator=StyleGAN2Generator(),
        discriminator=StyleGAN2Discriminator(),
        augment=Unchanged(),
        images=1_000_000,
    )
