"""The networks: one family a file. Importing this package makes every kind known by its name."""

from ganache.networks.base import Discriminator, Generator
from ganache.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from ganache.networks.dcgan_mnist import MNISTDCGANDiscriminator, MNISTDCGANGenerator
from ganache.networks.lsgan import LSGANDiscriminator, LSGANGenerator
from ganache.networks.mlp import MLPDiscriminator, MLPGenerator
from ganache.networks.r3gan import R3GANDiscriminator, R3GANGenerator
from ganache.parts.latents import Latent, Normal, Uniform

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
    "R3GANDiscriminator",
    "R3GANGenerator",
    "Uniform",
]
