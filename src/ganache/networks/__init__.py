"""The networks: one family a file. Importing this package makes every kind known by its name."""

from ganache.networks.base import Discriminator as Discriminator
from ganache.networks.base import Generator as Generator
from ganache.networks.biggan import BigGANDiscriminator as BigGANDiscriminator
from ganache.networks.biggan import BigGANGenerator as BigGANGenerator
from ganache.networks.dcgan import DCGANDiscriminator as DCGANDiscriminator
from ganache.networks.dcgan import DCGANGenerator as DCGANGenerator
from ganache.networks.dcgan_mnist import MNISTDCGANDiscriminator as MNISTDCGANDiscriminator
from ganache.networks.dcgan_mnist import MNISTDCGANGenerator as MNISTDCGANGenerator
from ganache.networks.fastgan import FastGANDiscriminator as FastGANDiscriminator
from ganache.networks.fastgan import FastGANGenerator as FastGANGenerator
from ganache.networks.feature_networks import ClassifyingDiscriminator as ClassifyingDiscriminator
from ganache.networks.feature_networks import FeatureEncoder as FeatureEncoder
from ganache.networks.feature_networks import FeaturePairDiscriminator as FeaturePairDiscriminator
from ganache.networks.lsgan import LSGANDiscriminator as LSGANDiscriminator
from ganache.networks.lsgan import LSGANGenerator as LSGANGenerator
from ganache.networks.mlp import MLPDiscriminator as MLPDiscriminator
from ganache.networks.mlp import MLPGenerator as MLPGenerator
from ganache.networks.progan import ProGANDiscriminator as ProGANDiscriminator
from ganache.networks.progan import ProGANGenerator as ProGANGenerator
from ganache.networks.r3gan import R3GANDiscriminator as R3GANDiscriminator
from ganache.networks.r3gan import R3GANGenerator as R3GANGenerator
from ganache.networks.reconstruction import Reconstruction as Reconstruction
from ganache.networks.stylegan2 import StyleGAN2Discriminator as StyleGAN2Discriminator
from ganache.networks.stylegan2 import StyleGAN2Generator as StyleGAN2Generator
