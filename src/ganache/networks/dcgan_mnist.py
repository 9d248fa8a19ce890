"""The small DCGAN for handwritten digits in TensorFlow's manner: "same" padding, batch norm over every feature.

Published for 28×28×1 (7 → 7 → 14 → 28); other shapes follow by the same rule: each side is halved twice, upwards.
Weights are drawn and statistics kept as TensorFlow's layers do by default.

Before an even side "same" puts one pixel of padding and after it two, where torch pads both ends alike and leaves out
the last pixel: two before, one after. Turned by half a turn the two are the same, so both networks work on pictures
upside down, with kernels upside down. To pad explicitly instead costs a tenth of a step.
"""

from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.networks.base import Discriminator, FeatureDiscriminator, Generator
from ganache.networks.convolutions import Conv2d, ConvTranspose2d
from ganache.networks.layers import (
    Dropout,
    glorot_initialised,
    in_stages,
    with_condition_planes,
    with_conditions,
)
from ganache.parts.latents import Latent, Normal


class MNISTDCGANGenerator(Generator):
    """100-(256 × a quarter of each side), then transposed 5×5 convolutions to 128, 64 (leaky ReLU 0.2), then tanh.

    Batch norm before each leaky ReLU has a mean, a deviation, a scale and a shift for every feature at every place.
    """

    latent: Latent = Normal(size=100)

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the module; every shape is possible."""
        return glorot_initialised(_MNISTDCGANGenerator(self.latent.size + conditions, shape))


class MNISTDCGANDiscriminator(Discriminator):
    """Two 5×5 convolutions of stride 2 (64, 128 features), each with leaky ReLU 0.2 and dropout 0.3, then one logit."""

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the module; every shape is possible."""
        return glorot_initialised(_MNISTDCGANDiscriminator(shape, conditions))


class _MNISTDCGANGenerator(nn.Module):
    def __init__(self, inputs: int, shape: ImageShape) -> None:
        super().__init__()
        full = (shape.height, shape.width)
        half, quarter = _halved(full), _halved(_halved(full))
        self.layers = nn.Sequential(
            nn.Linear(inputs, 256 * quarter[0] * quarter[1]),
            *_normalised(256, quarter),
            *(nn.ConvTranspose2d(256, 128, 5, padding=2), nn.Flatten(), *_normalised(128, quarter)),
            *(_doubling(128, 64, half), nn.Flatten(), *_normalised(64, half)),
            *(_doubling(64, shape.channels, full), nn.Tanh()),
        )

    def forward(self, latent: Tensor, conditions: Tensor) -> Tensor:
        images: Tensor = self.layers(with_conditions(latent, conditions))
        return _turned(images)


class _MNISTDCGANDiscriminator(FeatureDiscriminator):
    def __init__(self, shape: ImageShape, conditions: int) -> None:
        super().__init__()
        height, width = _halved(_halved((shape.height, shape.width)))
        self.layers = nn.Sequential(
            *(Conv2d(shape.channels + conditions, 64, 5, 2, padding=2), nn.LeakyReLU(0.2), Dropout(0.3)),
            *(Conv2d(64, 128, 5, 2, padding=2), nn.LeakyReLU(0.2), Dropout(0.3)),
            *(nn.Flatten(), nn.Linear(128 * height * width, 1)),
        )

    def stages(self) -> list[nn.Module]:
        """Return the layers before the logit's."""
        return in_stages(list(self.layers)[:-1])

    def features(self, images: Tensor, conditions: Tensor) -> Tensor:
        features: Tensor = self.layers[:-1](with_condition_planes(_turned(images), conditions))
        return features

    def logits(self, features: Tensor, conditions: Tensor) -> Tensor:
        logits: Tensor = self.layers[-1](features)
        return logits


def _halved(size: tuple[int, int]) -> tuple[int, int]:
    return (size[0] + 1) // 2, (size[1] + 1) // 2


def _doubling(inputs: int, outputs: int, size: tuple[int, int]) -> nn.Module:
    """Return the adjoint of the convolution that halves images of this size."""
    beyond = (1 - size[0] % 2, 1 - size[1] % 2)  # an even side's last pixel, which no kernel is centred near
    return ConvTranspose2d(inputs, outputs, 5, 2, padding=2, output_padding=beyond)


def _turned(images: Tensor) -> Tensor:
    return images.flip(2, 3)


def _normalised(features: int, size: tuple[int, int]) -> tuple[nn.Module, ...]:
    # TensorFlow's momentum 0.99 is the weight of the old value, torch's that of the new one.
    norm = nn.BatchNorm1d(features * size[0] * size[1], eps=1e-3, momentum=0.01)
    return norm, nn.LeakyReLU(0.2), nn.Unflatten(1, (features, *size))
