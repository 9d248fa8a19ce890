"""Layers that several families share."""

import itertools
import math
from collections.abc import Iterable
from typing import TypeGuard, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import group_norm
from torch.nn.utils import parametrizations
from torch.nn.utils.parametrize import register_parametrization

from ganache.networks.convolutions import Conv2d, ConvTranspose2d, is_traced
from ganache.support.world import here, own_rows

Weighted = TypeVar("Weighted", nn.Linear, Conv2d, ConvTranspose2d)


def with_conditions(vectors: Tensor, conditions: Tensor) -> Tensor:
    """Append conditions (N, K) to vectors (N, Z): (N, Z + K). Conditioning by concatenation (Mirza & Osindero 2014)."""
    return torch.cat([vectors, conditions.to(vectors.dtype)], dim=1) if conditions.shape[1] else vectors


def with_condition_planes(images: Tensor, conditions: Tensor) -> Tensor:
    """Append conditions (N, K) to images (N, C, H, W) as K constant planes: (N, C + K, H, W)."""
    if not conditions.shape[1]:
        return images
    planes = conditions.to(images.dtype)[:, :, None, None].expand(-1, -1, *images.shape[2:])
    return torch.cat([images, planes], dim=1)


def halvings(height: int, width: int, smallest: int = 7, at_least: int = 2) -> list[tuple[int, int]]:
    """Return the image's size and its repeated halves, rounded up, until both sides are at most `smallest`.

    Each side halves on its own: (128, 8) gives (128, 8), (64, 4), (32, 4), … An image too small for `at_least`
    halvings begins with steps that keep its size, since one layer alone sees no shapes: (8, 8), (8, 8), (4, 4).
    """
    sizes = [(height, width)]
    while max(sizes[-1]) > smallest:
        sizes.append((_half(sizes[-1][0], smallest), _half(sizes[-1][1], smallest)))
    return [(height, width)] * (at_least + 1 - len(sizes)) + sizes


def _half(side: int, smallest: int) -> int:
    return (side + 1) // 2 if side > smallest else side


def stride_between(large: tuple[int, int], small: tuple[int, int]) -> tuple[int, int]:
    """Return the stride, 1 or 2 a side, that leads from one size to its half."""
    return (2 if large[0] > small[0] else 1, 2 if large[1] > small[1] else 1)


def kernel_for(stride: tuple[int, int]) -> tuple[int, int]:
    """Return kernel sizes for padding 1: 4 where the stride is 2 (no checkerboard overlap), 3 where it is 1."""
    return (4 if stride[0] == 2 else 3, 4 if stride[1] == 2 else 3)


def beyond_odd_sides(large: tuple[int, int], stride: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the zeros beside a map, as torch pads, with which `kernel_for`'s convolutions halve odd sides upwards."""
    return 0, large[1] % 2 if stride[1] == 2 else 0, 0, large[0] % 2 if stride[0] == 2 else 0


def in_stages(layers: Iterable[nn.Module]) -> list[nn.Module]:
    """Return layers in parts, each of which begins with one that multiplies by a weight: norms stand beside it."""
    multiplying, layers = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear), list(layers)
    first = [place for place, layer in enumerate(layers) if isinstance(layer, multiplying)]
    return [nn.Sequential(*layers[start:end]) for start, end in itertools.pairwise([*first, len(layers)])]


class Upsample(nn.Module):
    """A transposed convolution to an exact size: twice the input or, for odd sizes, one less."""

    def __init__(self, inputs: int, outputs: int, small: tuple[int, int], large: tuple[int, int], bias: bool = True):
        super().__init__()
        stride = stride_between(large, small)
        self.size = large
        self.convolution = ConvTranspose2d(inputs, outputs, kernel_for(stride), stride, padding=1, bias=bias)

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, inputs, h, w) to (N, outputs, H, W)."""
        grown: Tensor = self.convolution(features)
        return grown[:, :, : self.size[0], : self.size[1]]


class ConditionalBatchNorm(nn.Module):
    """Batch norm with the scale 1 + g W_γ y and the shift g W_β y of each sample's conditions y.

    Source: de Vries et al. 2017, "Modulating early visual processing by language", section 3, from scale 1 and shift 0.
    The gain g is ours. Adam moves every weight by about its learning rate, and a label has a single weight for each
    feature where other layers have hundreds: without a gain the generator is deaf to labels for thousands of steps.
    Not `from_zero` the maps are ordinary layers of many conditions, to be drawn, and there is no gain (Brock et al.
    2019, "Large Scale GAN Training", appendix B).
    """

    GAIN = 10.0

    def __init__(self, features: int, conditions: int, from_zero: bool = True) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(features, affine=False)
        kind, self.gain = (_FromZero, self.GAIN) if from_zero else (_WithoutBias, 1.0)
        self.scale, self.shift = kind(conditions, features), kind(conditions, features)

    def forward(self, features: Tensor, conditions: Tensor) -> Tensor:
        """Map (N, features, H, W) to the same shape; conditions are (N, K)."""
        scale, shift = 1.0 + self.gain * self.scale(conditions), self.gain * self.shift(conditions)
        normalised: Tensor = self.norm(features) * scale[:, :, None, None] + shift[:, :, None, None]
        return normalised


class InstanceNorm(nn.InstanceNorm2d):
    """Each feature of each sample less its mean over all places, divided by its deviation; no weights.

    Source: Ulyanov et al. 2016, "Instance Normalization", equation 2. On a processor torch's norm of groups of one
    feature does the same in a third of the time, and its slopes are right: those of torch's own instance norm are not
    for a batch of one picture where the slope by what it makes has its channels last (torch 2.13).
    """

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, features, H, W) to the same shape."""
        if is_traced() or features.device.type != "cpu":
            return super().forward(features)
        normed = group_norm(features.contiguous(), features.shape[1], eps=self.eps)
        # What comes next, and its slopes, would change the order back and forth where this one's and its own differ.
        has_channels_last = features.is_contiguous(memory_format=torch.channels_last)
        return normed.contiguous(memory_format=torch.channels_last) if has_channels_last else normed


class _WithoutBias(nn.Linear):
    """A linear map without bias."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, bias=False)


class _FromZero(_WithoutBias):
    """One that begins as zero and that no initialiser draws anew."""

    def reset_parameters(self) -> None:
        nn.init.zeros_(self.weight)


class ConditionProjection(nn.Module):
    """⟨V y, φ⟩, what conditions y add to the logit of an image with features φ.

    Source: Miyato & Koyama 2018, "cGANs with projection discriminator", equation 3.
    """

    def __init__(self, conditions: int, features: int) -> None:
        super().__init__()
        self.embedding = nn.Linear(conditions, features, bias=False)

    def forward(self, features: Tensor, conditions: Tensor) -> Tensor:
        """Map features (N, F) and conditions (N, K) to (N, 1)."""
        product: Tensor = self.embedding(conditions) * features
        return product.sum(dim=1, keepdim=True)


class Dropout(nn.Dropout):
    """Dropout whose masks cost a processor a quarter: 16 random bits decide on each element.

    So there the probability is the nearest multiple of 2⁻¹⁶; the rest is scaled to keep its mean exactly.
    """

    STEPS = 2**16

    def forward(self, features: Tensor) -> Tensor:
        """Map a tensor of any shape to the same, while training with zeros for a share p of its elements."""
        if not self.training or not self.p or is_traced():
            return super().forward(features)
        if features.device.type == "cpu":
            return features * own_rows(features, self._mask)
        if here().size == 1:
            return super().forward(features)
        return features * own_rows(features, lambda like: super(Dropout, self).forward(torch.ones_like(like)))

    def _mask(self, like: Tensor) -> Tensor:
        dropped = min(round(self.p * self.STEPS), self.STEPS - 1)
        kept = torch.empty_like(like)
        in_memory = kept.as_strided((kept.numel(),), (1,))
        words = torch.empty(-(-kept.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
        bits = words.view(torch.int16)[: kept.numel()]  # evenly from -2¹⁵ to 2¹⁵ - 1
        torch.ge(bits, dropped - self.STEPS // 2, out=in_memory)
        return kept.mul_(self.STEPS / (self.STEPS - dropped))


def draw_normal(weight: Tensor, mean: float, deviation: float) -> None:
    """Draw every element anew; not on the meta device, where torch would import its compiler to draw nothing."""
    if not weight.is_meta:
        nn.init.normal_(weight, mean, deviation)


def _is_drawn(layer: nn.Module) -> TypeGuard[nn.Conv2d | nn.ConvTranspose2d | nn.Linear]:
    return isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear) and not isinstance(layer, _FromZero)


def normal_initialised(module: nn.Module, deviation: float = 0.02) -> nn.Module:
    """Draw every weight from N(0, 0.02²), batch norm's scale from N(1, 0.02²), as Radford et al. 2016, section 4."""
    for layer in module.modules():
        if _is_drawn(layer):
            draw_normal(layer.weight, 0.0, deviation)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.BatchNorm2d) and layer.affine:
            draw_normal(layer.weight, 1.0, deviation)
            nn.init.zeros_(layer.bias)
    return module


def glorot_initialised(module: nn.Module) -> nn.Module:
    """Draw every weight uniformly in ±√(6 / (inputs + outputs)), biases 0 (Glorot & Bengio 2010, equation 16)."""
    for layer in module.modules():
        if _is_drawn(layer):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return module


def orthogonally_initialised(module: nn.Module) -> nn.Module:
    """Draw every weight as a matrix (outputs, all else) whose shorter vectors are orthonormal, biases 0.

    Source: Saxe et al. 2014, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks".
    """
    for layer in module.modules():
        if _is_drawn(layer):
            if not layer.weight.is_meta:
                nn.init.orthogonal_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return module


def spectrally_normalised(module: nn.Module, bound: float = 1.0) -> nn.Module:
    """Divide every weight matrix by its largest singular value, estimated by one power iteration a forward pass.

    Each is multiplied by an equal share of `bound` again, so that the product of their norms is `bound`. In a share for
    each layer, because in one of them it would draw all bends of the network together. A chain of linear layers alone
    is thereby no steeper than `bound`. What is normalised of a convolution is its kernel as a matrix (outputs, all
    else): as a map of images it may be steeper, up to √(kernel's height · width) times without a stride. And conditions
    by projection add a product of features and conditions, whose own steepness is not bounded by the layers before it.
    Source: Miyato et al. 2018, equation 8 and algorithm 1. The iteration's vectors are buffers, part of the state.
    """
    layers = [layer for layer in module.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)]
    for layer in layers:
        outputs = 1 if isinstance(layer, nn.ConvTranspose2d) else 0  # the weight's dimension, as `spectral_norm` has it
        register_parametrization(layer, "weight", _SpectralNorm(layer.weight, dim=outputs))
        if bound != 1.0:
            register_parametrization(layer, "weight", _Times(bound ** (1.0 / len(layers))))
    return module


class _SpectralNorm(parametrizations._SpectralNorm):
    """torch's own, which iterates on the meta device too: for seconds, in a rehearsal that asks for shapes alone."""

    def _power_method(self, weight_mat: Tensor, n_power_iterations: int) -> None:
        if not weight_mat.is_meta:
            super()._power_method(weight_mat, n_power_iterations)


def equalised(layer: Weighted, gain: float = 1.0, rate: float = 1.0, bias: float = 0.0) -> Weighted:
    """Keep weights of deviation 1 / rate, which are multiplied by gain · rate / √inputs whenever they are used.

    So an optimiser whose moves have one size moves all layers alike, and this one `rate` times as fast. Biases begin at
    `bias`, and are multiplied by gain · rate.
    Source: Karras et al. 2018, "Progressive Growing of GANs", section 4.1.
    """
    draw_normal(layer.weight, 0.0, 1.0 / rate)
    register_parametrization(layer, "weight", _Times(gain * rate / math.sqrt(layer.weight[0].numel())))
    if layer.bias is not None:
        nn.init.constant_(layer.bias, bias)
        if gain * rate != 1.0:
            register_parametrization(layer, "bias", _Times(gain * rate))
    return layer


class _Times(nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, weight: Tensor) -> Tensor:
        return weight * self.factor
