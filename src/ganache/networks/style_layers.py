"""Layers of style-based networks: styles scale what a layer hears; features are resampled by a filter.

Weights have an equalised learning rate. The gain √2 of a leaky ReLU stands in the weights before it, which is the same
thing, since it is positively homogeneous.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from ganache.networks.convolutions import Conv2d, ConvTranspose2d
from ganache.networks.layers import draw_normal, equalised, stride_between
from ganache.networks.resampling import BlurredFromStride, BlurredToStride, Resampled, Size
from ganache.support.precision import unmixed
from ganache.support.world import here, whole_batch

SLOPE = 0.2
GAIN = math.sqrt(2.0)  # the authors', behind every leaky ReLU
LEAST = 1e-8  # beside what a root is taken of


def clamped(features: Tensor, limit: float | None) -> Tensor:
    """Return features in ±limit, or as they are."""
    return features if limit is None else features.clamp(-limit, limit)


def normalised(vectors: Tensor) -> Tensor:
    """Return vectors (N, W) with a mean square of 1."""
    return vectors * (vectors.square().mean(dim=1, keepdim=True) + LEAST).rsqrt()


class Mapping(nn.Module):
    """Connected layers from latents (N, Z), conditions (N, K) or both to vectors w (N, W), in full precision.

    Source: Karras et al. 2019, section 2; conditions as in Karras et al. 2020, "Training GANs with Limited Data".
    """

    RATE = 0.01  # of these layers beside the others

    def __init__(self, values: int, conditions: int, width: int, layers: int) -> None:
        super().__init__()
        self.embedding = equalised(nn.Linear(conditions, width)) if conditions else None
        widths = [values + (width if conditions else 0)] + [width] * layers
        self.layers = nn.ModuleList(equalised(nn.Linear(one, width), gain=GAIN, rate=self.RATE) for one in widths[:-1])

    def forward(self, values: Tensor, conditions: Tensor) -> Tensor:
        """Return w (N, W)."""
        with unmixed(values):
            parts = [normalised(values)] if values.shape[1] else []
            if self.embedding is not None:
                parts.append(normalised(self.embedding(conditions)))
            vectors = torch.cat(parts, dim=1)
            for layer in self.layers:
                vectors = leaky_relu(layer(vectors), SLOPE)
            return vectors


class StyledConvolution(nn.Module):
    """A 3×3 convolution whose kernel a style scales by input and divides by its length, then noise, bias, leaky ReLU.

    The scales are applied to what goes in and what comes out, which is the same, so that all images have one kernel.
    To larger maps it is transposed, and followed by the filter [1, 3, 3, 1].
    Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", equations 1 and 3.
    """

    def __init__(
        self, inputs: int, outputs: int, style: int, sizes: tuple[Size, Size], noise: bool, clamp: float | None
    ) -> None:
        super().__init__()
        before, after = sizes
        stride = stride_between(after, before)
        padding = (2 - stride[0], 2 - stride[1])
        self.affine = equalised(nn.Linear(style, inputs), bias=1.0)
        self.convolution = (
            Conv2d(inputs, outputs, 3, padding=1, bias=False)
            if before == after
            else ConvTranspose2d(inputs, outputs, 3, stride, padding, bias=False)
        )
        draw_normal(self.convolution.weight, 0.0, 1.0)
        self.blur = nn.Identity() if before == after else BlurredFromStride(before, after)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.noise_strength = nn.Parameter(torch.zeros(())) if noise else None
        self.outer = 0 if before == after else 1  # the dimension of the weight that counts outputs
        self.clamp = clamp

    def forward(self, features: Tensor, style: Tensor, noise: Tensor | None) -> Tensor:
        """Map features (N, I, h, w), styles (N, W) and noise (N, 1, H, W) to (N, O, H, W)."""
        scales = self.affine(style)
        features = self.blur(self.convolution(features * scales[:, :, None, None].to(features.dtype)))
        divided, bias = GAIN * self._inverse_lengths(scales), GAIN * self.bias
        kind = features.dtype
        features = torch.addcmul(bias.to(kind)[:, None, None], features, divided.to(kind)[:, :, None, None])
        if self.noise_strength is not None and noise is not None:
            features = features + (GAIN * self.noise_strength * noise).to(kind)
        return clamped(leaky_relu(features, SLOPE), self.clamp)

    def _inverse_lengths(self, scales: Tensor) -> Tensor:
        """Return one over the length (N, O) of the kernel of each image and output."""
        with unmixed(scales):
            squares = self.convolution.weight.square().sum(dim=(2, 3))
            squares = squares.T if self.outer == 0 else squares
            lengths: Tensor = scales.to(squares.dtype).square() @ squares + LEAST
            return lengths.rsqrt()


class StyledPixels(nn.Module):
    """Pixels of features: a 1×1 convolution whose inputs a style scales."""

    def __init__(self, inputs: int, channels: int, style: int, clamp: float | None) -> None:
        super().__init__()
        self.affine = equalised(nn.Linear(style, inputs), bias=1.0)
        self.linear = equalised(nn.Linear(inputs, channels))
        self.clamp = clamp

    def forward(self, features: Tensor, style: Tensor) -> Tensor:
        """Map features (N, I, H, W) and styles (N, W) to (N, channels, H, W) in float32."""
        scaled = features.movedim(1, -1) * self.affine(style)[:, None, None].to(features.dtype)
        return clamped(self.linear(scaled), self.clamp).movedim(-1, 1).float()


class PointwiseConvolution(nn.Module):
    """A 1×1 convolution with an equalised rate, as the product of matrices that it is."""

    def __init__(self, inputs: int, outputs: int, gain: float = 1.0, bias: bool = True) -> None:
        super().__init__()
        self.linear = equalised(nn.Linear(inputs, outputs, bias=bias), gain)

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, I, H, W) to (N, O, H, W)."""
        made: Tensor = self.linear(features.movedim(1, -1))
        return made.movedim(-1, 1)


class ShrinkingBlock(nn.Module):
    """Two 3×3 convolutions, the second to the smaller size, and beside them, where `residual`, a 1×1 one.

    Source: Karras et al. 2020, "Analyzing and Improving …", section 4.1, figure 7c.
    """

    def __init__(
        self, inputs: int, outputs: int, sizes: tuple[Size, Size], residual: bool, clamp: float | None
    ) -> None:
        super().__init__()
        before, after = sizes
        stride = stride_between(before, after)
        share = math.sqrt(0.5) if residual else 1.0  # of each way, so that the variance of their sum stays
        self.first = equalised(Conv2d(inputs, inputs, 3, padding=1), GAIN)
        self.blur = nn.Identity() if before == after else BlurredToStride(before, after)
        padding = (2 - stride[0], 2 - stride[1])
        self.second = equalised(Conv2d(inputs, outputs, 3, stride, padding), GAIN * share)
        self.shrink = Resampled(before, after)
        self.beside = PointwiseConvolution(inputs, outputs, share, bias=False) if residual else None
        self.clamp, self.share = clamp, share

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, I, H, W) to (N, O, h, w)."""
        made = clamped(leaky_relu(self.first(features), SLOPE), self.clamp)
        limit = None if self.clamp is None else self.clamp * self.share
        made = clamped(leaky_relu(self.second(self.blur(made)), SLOPE), limit)
        return made if self.beside is None else made + self.beside(self.shrink(features))


class BatchDeviation(nn.Module):
    """One more feature: how much the images of a group differ, the same for all of them and at all places.

    Groups are neighbours in the batch, as equal in size as can be and `group` at most; the images of all processes are
    one batch.
    Source: Karras et al. 2018, "Progressive Growing of GANs", section 3.
    """

    sees_batch = True

    def __init__(self, group: int) -> None:
        super().__init__()
        self.group = group

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C + 1, H, W)."""
        if here().size == 1 or here().neighbours(len(features)) % self.group == 0:
            differences = self._differences(features)
        else:
            everybodys, own = whole_batch(features)
            differences = self._differences(everybodys)[own]
        plane = differences.to(features.dtype)[:, None, None, None].expand(-1, 1, *features.shape[2:])
        return torch.cat([features, plane], dim=1)

    def _differences(self, features: Tensor) -> Tensor:
        """Return the mean deviation (N,) of the features of each image's group."""
        groups = features.float().tensor_split(-(-len(features) // self.group))
        variances = [(group - group.mean(dim=0)).square().mean(dim=0) for group in groups]
        means = [(variance + LEAST).sqrt().mean() for variance in variances]
        return torch.cat([mean.expand(len(group)) for mean, group in zip(means, groups, strict=True)])
