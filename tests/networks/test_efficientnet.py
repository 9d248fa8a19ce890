"""The network against the published list of its layers, and against itself written down once more in float64."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from ganache.networks.efficientnet import EfficientNetLite0, blocks, folded, scaled, shapes
from ganache.networks.fixed_convolution import same_padding
from tests.networks.efficientnet_weights import drawn_weights

# Kernel, stride, inputs, maps of each block as the weights' file has them, the widened maps between.
PUBLISHED = """
3 1 32 16 32, 3 2 16 24 96, 3 1 24 24 144, 5 2 24 40 144, 5 1 40 40 240, 3 2 40 80 240, 3 1 80 80 480, 3 1 80 80 480,
5 1 80 112 480, 5 1 112 112 672, 5 1 112 112 672, 5 2 112 192 672, 5 1 192 192 1152, 5 1 192 192 1152,
5 1 192 192 1152, 3 1 192 320 1152
"""


def published() -> list[tuple[int, ...]]:
    return [tuple(int(number) for number in block.split()) for block in PUBLISHED.split(",")]


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding"),
    [
        (224, 3, 2, (0, 1)),  # 112 outputs reach from 0 to 222 + 3 = 225: one place too far
        (112, 3, 1, (1, 1)),
        (56, 5, 2, (1, 2)),  # 28 outputs: 27 · 2 + 5 = 59 = 56 + 3
        (28, 5, 1, (2, 2)),
        (7, 3, 2, (1, 1)),  # 4 outputs: 3 · 2 + 3 = 9 = 7 + 2
        (7, 1, 1, (0, 0)),
        (5, 1, 2, (0, 0)),
    ],
)
def test_padding_as_tensorflow_has_it(size: int, kernel: int, stride: int, padding: tuple[int, int]) -> None:
    assert same_padding(size, kernel, stride) == padding
    assert (size + sum(padding) - kernel) // stride + 1 == -(-size // stride)


def test_names_and_shapes_are_those_of_the_published_weights() -> None:
    wanted: dict[str, tuple[int, ...]] = {"_conv_stem.weight": (32, 3, 3, 3), "_conv_head.weight": (1280, 320, 1, 1)}
    norms = {"_bn0": 32, "_bn1": 1280}
    for number, (kernel, _, inputs, maps, inner) in enumerate(published()):
        at = f"_blocks.{number}"
        if inner != inputs:
            wanted[f"{at}._expand_conv.weight"], norms[f"{at}._bn0"] = (inner, inputs, 1, 1), inner
        wanted[f"{at}._depthwise_conv.weight"], norms[f"{at}._bn1"] = (inner, 1, kernel, kernel), inner
        wanted[f"{at}._project_conv.weight"], norms[f"{at}._bn2"] = (maps, inner, 1, 1), maps
    for name, size in norms.items():
        wanted |= {f"{name}.{vector}": (size,) for vector in ("weight", "bias", "running_mean", "running_var")}
    assert shapes() == wanted


def in_float64(weights: dict[str, Tensor], images: Tensor) -> Tensor:
    """Compute the features with batch norm apart, padded by what ⌈n / s⌉ outputs need."""

    def layer(x: Tensor, conv: str, norm: str, stride: int = 1, groups: int = 1, clipped: bool = True) -> Tensor:
        kernel = weights[f"{conv}.weight"].double()
        side = kernel.shape[-1]
        missing = [max(0, (-(-n // stride) - 1) * stride + side - n) for n in (x.shape[3], x.shape[2])]
        x = pad(x, tuple(part for n in missing for part in (n // 2, n - n // 2)))
        y = conv2d(x, kernel, stride=stride, groups=groups)
        parts = ("running_mean", "running_var", "weight", "bias")
        mean, variance, scale, shift = (weights[f"{norm}.{part}"].double()[:, None, None] for part in parts)
        y = (y - mean) / (variance + 1e-3) ** 0.5 * scale + shift
        return y.clamp(0, 6) if clipped else y

    x = layer(images.double(), "_conv_stem", "_bn0", stride=2)
    for number, (_, stride, inputs, maps, inner) in enumerate(published()):
        at, y = f"_blocks.{number}", x
        if inner != inputs:
            y = layer(y, f"{at}._expand_conv", f"{at}._bn0")
        y = layer(y, f"{at}._depthwise_conv", f"{at}._bn1", stride, groups=inner)
        y = layer(y, f"{at}._project_conv", f"{at}._bn2", clipped=False)
        x = x + y if stride == 1 and inputs == maps else y
    return layer(x, "_conv_head", "_bn1").mean(dim=(2, 3))


@pytest.mark.parametrize("size", [(32, 32), (37, 50)])
def test_features_are_those_of_the_layers_one_by_one(size: tuple[int, int]) -> None:
    weights = drawn_weights()
    network = EfficientNetLite0(weights)
    images = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(1)) * 2 - 1
    found, wanted = network(images), in_float64(weights, images)
    assert found.shape == (2, 1280)
    assert wanted.std() > 0.1
    np.testing.assert_allclose(found.numpy(), wanted.numpy(), atol=1e-4)


def test_a_layer_and_its_norm_in_one_by_hand() -> None:
    # γ = 3, β = 1, μ = 0.5, σ² = 0.249, so that √(σ² + ε) = 0.5: w' = 6 w, b' = 1 − 0.5 · 6 = −2.
    stem = next(blocks()).layers[0]
    weights = {"_conv_stem.weight": torch.full((32, 3, 3, 3), 0.25)}
    for name, value in {"weight": 3.0, "bias": 1.0, "running_mean": 0.5, "running_var": 0.249}.items():
        weights[f"_bn0.{name}"] = torch.full((32,), value)
    filters, bias = folded(weights, stem)
    assert torch.allclose(filters, torch.tensor(1.5))
    assert torch.allclose(bias, torch.tensor(-2.0))


def test_pixels_are_scaled_about_127() -> None:
    assert scaled(torch.tensor([0.0, 127.0, 255.0])).tolist() == [-127 / 128, 0.0, 1.0]


def test_maps_are_those_before_each_halving_and_slopes_reach_the_picture() -> None:
    network = EfficientNetLite0(drawn_weights())
    images = torch.zeros(1, 3, 64, 64, requires_grad=True)
    maps = network.maps(images)
    assert [tuple(one.shape[1:]) for one in maps] == [(16, 32, 32), (24, 16, 16), (40, 8, 8), (112, 4, 4), (320, 2, 2)]
    (slope,) = torch.autograd.grad([one.sum() for one in maps], images)
    assert slope.abs().sum() > 0
