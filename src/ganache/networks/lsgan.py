"""The convolutional pair of the least-squares recipe: dense layers, then two transposed convolutions;
5×5 convolutions with max-pooling, then a dense layer. Published for 28×28×1; other shapes follow by the same rule.
"""

from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.networks.base import Discriminator, FeatureDiscriminator, Generator
from ganache.networks.convolutions import Conv2d
from ganache.networks.layers import Upsample, in_stages, with_condition_planes, with_conditions
from ganache.parts.latents import Latent, Uniform
from ganache.support.errors import UserError


class LSGANGenerator(Generator):
    """96-1024-(128 × a quarter of each side), batch norm after each ReLU, two transposed 4×4 convolutions, tanh."""

    latent: Latent = Uniform(size=96)

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the module; every shape is possible."""
        return _LSGANGenerator(self.latent.size + conditions, shape)


class LSGANDiscriminator(Discriminator):
    """Two 5×5 convolutions (32, 64 features), leaky ReLU 0.01 and 2×2 max-pooling after each, then 1024 and 1."""

    def build(self, shape: ImageShape, conditions: int) -> nn.Module:
        """Return the module; raises UserError below 16×16 pixels, where nothing is left after the second pooling."""
        if min(shape.height, shape.width) < 16:
            raise UserError(
                f"discriminator: LSGANDiscriminator reads images of at least 16x16 pixels, not {shape}; "
                "the recipe dcgan takes any size"
            )
        return _LSGANDiscriminator(shape, conditions)


class _LSGANGenerator(nn.Module):
    def __init__(self, inputs: int, shape: ImageShape) -> None:
        super().__init__()
        full = (shape.height, shape.width)
        half = ((full[0] + 1) // 2, (full[1] + 1) // 2)
        quarter = ((half[0] + 1) // 2, (half[1] + 1) // 2)
        smallest = 128 * quarter[0] * quarter[1]
        self.dense = nn.Sequential(
            *(nn.Linear(inputs, 1024), nn.ReLU(), nn.BatchNorm1d(1024)),
            *(nn.Linear(1024, smallest), nn.ReLU(), nn.BatchNorm1d(smallest)),
            nn.Unflatten(1, (128, *quarter)),
        )
        self.convolutions = nn.Sequential(
            *(Upsample(128, 64, quarter, half), nn.ReLU(), nn.BatchNorm2d(64)),
            *(Upsample(64, shape.channels, half, full), nn.Tanh()),
        )

    def forward(self, latent: Tensor, conditions: Tensor) -> Tensor:
        images: Tensor = self.convolutions(self.dense(with_conditions(latent, conditions)))
        return images


class _LSGANDiscriminator(FeatureDiscriminator):
    def __init__(self, shape: ImageShape, conditions: int) -> None:
        super().__init__()
        height, width = (((side - 4) // 2 - 4) // 2 for side in (shape.height, shape.width))
        self.layers = nn.Sequential(
            # Published with the pooling last: the leaky ReLU grows with its input, so the greatest stays the greatest,
            # and here it has a quarter of the values to do.
            *(Conv2d(shape.channels + conditions, 32, 5), nn.MaxPool2d(2), nn.LeakyReLU(0.01)),
            *(nn.Conv2d(32, 64, 5), nn.MaxPool2d(2), nn.LeakyReLU(0.01)),
            *(nn.Flatten(), nn.Linear(64 * height * width, 1024), nn.LeakyReLU(0.01), nn.Linear(1024, 1)),
        )

    def stages(self) -> list[nn.Module]:
        """Return the layers before the logit's."""
        return in_stages(list(self.layers)[:-1])

    def features(self, images: Tensor, conditions: Tensor) -> Tensor:
        features: Tensor = self.layers[:-1](with_condition_planes(images, conditions))
        return features

    def logits(self, features: Tensor, conditions: Tensor) -> Tensor:
        logits: Tensor = self.layers[-1](features)
        return logits
