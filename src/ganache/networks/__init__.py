"""The networks: one family a file. Importing this package makes every kind known by its name."""

from ganache.networks.base import Discriminator, Generator, Latent, Normal, Uniform
from ganache.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from ganache.networks.dcgan_mnist import MNISTDCGANDiscriminator, MNISTDCGANGenerator
from ganache.networks.lsgan import LSGANDiscriminator, LSGANGenerator
from ganache.networks.mlp import MLPDiscriminator, MLPGenerator

__all__ = [
    "DCGANDiscriminator",
    "DCGANGenerator",
    "Discriminator",
    "Generator",
    "LSGANDiscriminator",
    "LSGANGenerator",
    "Latent",
    "MLPDiscriminator",
    "MLPGenerator",
    "MNISTDCGANDiscriminator",
    "MNISTDCGANGenerator",
    "Normal",
    "Uniform",
]
