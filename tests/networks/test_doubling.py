"""Repeated places and a convolution, in one: values and slopes, no lattice, no other size."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from ganache.networks.convolutions import ConvTranspose2d
from ganache.networks.doubling import RepeatedConv2d


def repeated_and_convolved(layer: RepeatedConv2d, features: Tensor) -> Tensor:
    """Return the same by torch's interpolation and convolution."""
    weight = layer.weight.transpose(0, 1).flip(2, 3)
    return F.conv2d(F.interpolate(features, scale_factor=2, mode="nearest"), weight, layer.bias, padding=1)


@pytest.mark.parametrize("outputs", [1, 3, 5])  # by tiles, by tiles, and by torch's kernels
@pytest.mark.parametrize("size", [(1, 1), (3, 4), (8, 8)])
def test_repeated_places_and_a_convolution_are_one_transposed_convolution(outputs: int, size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    layer, features = RepeatedConv2d(4, outputs).double(), torch.randn(2, 4, *size, dtype=torch.float64)
    features.requires_grad_()
    made, expected = layer(features), repeated_and_convolved(layer, features)
    assert made.shape == (2, outputs, 2 * size[0], 2 * size[1])
    torch.testing.assert_close(made, expected, rtol=0, atol=1e-12)
    slopes = [torch.autograd.grad(images.sin().sum(), [features, *layer.parameters()]) for images in (made, expected)]
    for ours, theirs in zip(*slopes, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


def test_even_features_stay_even_where_they_are_repeated() -> None:
    torch.manual_seed(0)
    features = torch.ones(1, 8, 6, 6)
    repeated, transposed = RepeatedConv2d(8, 2, bias=False), ConvTranspose2d(8, 2, 4, 2, 1, bias=False)
    inner = [layer(features)[..., 2:-2, 2:-2].flatten(2) for layer in (repeated, transposed)]
    lattice = [(made.amax(2) - made.amin(2)).max().item() for made in inner]
    assert lattice[0] < 1e-6 < 0.1 < lattice[1]


def test_repeated_places_have_no_other_size() -> None:
    layer, features = RepeatedConv2d(4, 2), torch.randn(1, 4, 3, 3)
    assert layer(features, output_size=[6, 6]).shape == (1, 2, 6, 6)
    with pytest.raises(ValueError, match="are doubled, and do not become"):
        layer(features, output_size=[7, 6])
