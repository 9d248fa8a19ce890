"""Relativistic average least-squares GAN told the class of every picture (Mirza & Osindero 2014), else as `ralsgan`.

discriminator: E[(D(x,y) - E[D(G(z,y),y)] - 1)²] + E[(D(G(z,y),y) - E[D(x,y)] + 1)²]
generator:     E[(D(G(z,y),y) - E[D(x,y)] - 1)²] + E[(D(x,y) - E[D(G(z,y),y)] + 1)²],   y the reals' own labels

Labels are one-hot: beside the latent for G, as constant planes beside the image for D.

ganache train ralsgan-conditional --data FOLDER_OF_CLASSES --size 64

On MNIST at 28×28, 50,000 images (22 minutes of one CPU core, far from done) reached a Fréchet distance of 21, and 70.5%
of the samples had the class asked for (`ganache judge`, 10,000 samples, seed 0; from first weights of N(0, 0.02²)).
"""

from ganache.games import TwoPlayers
from ganache.recipes import ralsgan


def recipe() -> TwoPlayers:
    """Return the recipe: the networks, optimisers and budget of `ralsgan`."""
    return ralsgan.recipe().changed(name="ralsgan-conditional", conditional=True)
