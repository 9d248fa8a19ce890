"""The networks: one family a file. Importing this package makes every kind known by its name."""

from ganache.networks.base import Discriminator, Generator
from ganache.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from ganache.networks.dcgan_mnist import MNISTDCGANDiscriminator, MNISTDCGANGenerator
from ganache.networks.feature_networks import ClassifyingDiscriminator, FeatureEncoder, FeaturePairDiscriminator
from ganache.networks.lsgan import LSGANDiscriminator, LSGANGenerator
from ganache.networks.mlp import MLPDiscriminator, MLPGenerator
from ganache.networks.r3gan import R3GANDiscriminator, R3GANGenerator

__all__ = [
    "ClassifyingDiscriminator",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "Discriminator",
    "FeatureEncoder",
    "FeaturePairDiscriminator",
    "Generator",
    "LSGANDiscriminator",
    "LSGANGenerator",
    "MLPDiscriminator",
    "MLPGenerator",
    "MNISTDCGANDiscriminator",
    "MNISTDCGANGenerator",
    "R3GANDiscriminator",
    "R3GANGenerator",
]
