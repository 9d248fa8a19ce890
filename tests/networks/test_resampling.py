"""Filters of sides with a convolution beside them; `Resampled` is tested where R3GAN's networks are."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d, pad

from ganache.networks.resampling import BlurredFromStride, BlurredToStride

TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.float64) / 8
BLUR = torch.outer(TAPS, TAPS)[None, None]


def drawn(*shape: int) -> Tensor:
    torch.manual_seed(0)
    return torch.randn(*shape, dtype=torch.float64)


@pytest.mark.parametrize("size", [(8, 6), (2, 4), (16, 2)])
def test_halving_pads_once_then_filters_then_strides(size: tuple[int, int]) -> None:
    """As the authors do: a filter of four and a kernel of three together need two places on each side."""
    features, kernel = drawn(2, 1, *size), drawn(1, 1, 3, 3)
    expected = conv2d(conv2d(pad(features, (2, 2, 2, 2)), BLUR), kernel, stride=2)
    found = conv2d(BlurredToStride(size, (size[0] // 2, size[1] // 2))(features), kernel, stride=2)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("size", [(4, 3), (1, 2), (8, 1)])
def test_doubling_filters_all_that_a_transposed_convolution_made(size: tuple[int, int]) -> None:
    features, kernel = drawn(2, 1, *size), drawn(1, 1, 3, 3)
    grown = conv_transpose2d(features, kernel, stride=2)
    expected = conv2d(pad(grown, (1, 1, 1, 1)), 4 * BLUR)
    found = BlurredFromStride(size, (2 * size[0], 2 * size[1]))(grown)
    torch.testing.assert_close(found, expected)


def test_odd_sides_by_hand() -> None:
    # Of three places the last counts twice; each of the five filtered ones begins two places before.
    line = torch.tensor([8.0, 16.0, 24.0]).view(1, 1, 1, 3)
    found = BlurredToStride((1, 3), (1, 2))(line).flatten().tolist()
    assert found == [3 + 2, 3 + 6 + 3, 1 + 6 + 9 + 3, 2 + 9 + 9, 3 + 9]
    # Of six places that four hold, the last is left out.
    grown = torch.tensor([4.0, 8.0, 12.0, 16.0, 20.0]).view(1, 1, 1, 5)
    found = BlurredFromStride((1, 2), (1, 3))(grown).flatten().tolist()
    assert found == [(3 * 4 + 3 * 8 + 12) / 4, (4 + 3 * 8 + 3 * 12 + 16) / 4, (8 + 3 * 12 + 3 * 16 + 20) / 4]


def test_a_side_that_keeps_its_length_is_left_alone() -> None:
    features = drawn(1, 2, 4, 3)
    assert BlurredToStride((4, 3), (2, 3))(features).shape == (1, 2, 5, 3)
    assert BlurredFromStride((2, 3), (4, 3))(drawn(1, 2, 5, 3)).shape == (1, 2, 4, 3)
    assert torch.equal(BlurredToStride((4, 3), (4, 3))(features), features)
