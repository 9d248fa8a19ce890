"""The small DCGAN for handwritten digits in TensorFlow's manner: "same" padding, batch norm over every feature.

Published for 28×28×1 (7 → 7 → 14 → 28); other shapes follow by the same rule: each side is halved twice, upwards.
Weights are drawn and statistics kept as TensorFlow's layers do by default.
"""

from torch import Tensor, nn

from ganache.networks.base import Discriminator, FeatureDiscriminator, Generator, Latent, Normal
from ganache.networks.layers import (
    SameConv2d,
    SameConvTranspose2d,
    glorot_initialised,
    with_label_planes,
    with_labels,
)
from ganache.shape import ImageShape


class MNISTDCGANGenerator(Generator):
    """100-(256 × a quarter of each side), then transposed 5×5 convolutions to 128, 64 (leaky ReLU 0.2), then tanh.

    Batch norm before each leaky ReLU has a mean, a deviation, a scale and a shift for every feature at every place.
    """

    latent: Latent = Normal(size=100)

    def build(self, shape: ImageShape, labels: int) -> nn.Module:
        """Return the module; every shape is possible."""
        return glorot_initialised(_MNISTDCGANGenerator(self.latent.size + labels, shape))


class MNISTDCGANDiscriminator(Discriminator):
    """Two 5×5 convolutions of stride 2 (64, 128 features), each with leaky ReLU 0.2 and dropout 0.3, then one logit."""

    def build(self, shape: ImageShape, labels: int) -> nn.Module:
        """Return the module; every shape is possible."""
        return glorot_initialised(_MNISTDCGANDiscriminator(shape, labels))


class _MNISTDCGANGenerator(nn.Module):
    def __init__(self, inputs: int, shape: ImageShape) -> None:
        super().__init__()
        full = (shape.height, shape.width)
        half, quarter = _halved(full), _halved(_halved(full))
        self.layers = nn.Sequential(
            nn.Linear(inputs, 256 * quarter[0] * quarter[1]),
            *_normalised(256, quarter),
            *(SameConvTranspose2d(256, 128, 5, 1, quarter), nn.Flatten(), *_normalised(128, quarter)),
            *(SameConvTranspose2d(128, 64, 5, 2, half), nn.Flatten(), *_normalised(64, half)),
            *(SameConvTranspose2d(64, shape.channels, 5, 2, full), nn.Tanh()),
        )

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        images: Tensor = self.layers(with_labels(latent, labels))
        return images


class _MNISTDCGANDiscriminator(FeatureDiscriminator):
    def __init__(self, shape: ImageShape, labels: int) -> None:
        super().__init__()
        height, width = _halved(_halved((shape.height, shape.width)))
        self.layers = nn.Sequential(
            *(SameConv2d(shape.channels + labels, 64, 5, 2), nn.LeakyReLU(0.2), nn.Dropout(0.3)),
            *(SameConv2d(64, 128, 5, 2), nn.LeakyReLU(0.2), nn.Dropout(0.3)),
            *(nn.Flatten(), nn.Linear(128 * height * width, 1)),
        )

    def features(self, images: Tensor, labels: Tensor) -> Tensor:
        features: Tensor = self.layers[:-1](with_label_planes(images, labels))
        return features

    def logits(self, features: Tensor, labels: Tensor) -> Tensor:
        logits: Tensor = self.layers[-1](features)
        return logits


def _halved(size: tuple[int, int]) -> tuple[int, int]:
    return (size[0] + 1) // 2, (size[1] + 1) // 2


def _normalised(features: int, size: tuple[int, int]) -> tuple[nn.Module, ...]:
    # TensorFlow's momentum 0.99 is the weight of the old value, torch's that of the new one.
    norm = nn.BatchNorm1d(features * size[0] * size[1], eps=1e-3, momentum=0.01)
    return norm, nn.LeakyReLU(0.2), nn.Unflatten(1, (features, *size))
