import numpy as np
import pytest
from torch import nn

from ganache.scratch.convolution import Convolution, Pair, TransposedConvolution
from ganache.scratch.sequence import Sequence
from tests.scratch.checks import check_against_torch, check_by_differences, numbers

# kernel, stride, padding, size: what a DCGAN has, odd sizes with a rest, and different sides
SHAPES: list[tuple[Pair, Pair, Pair, Pair]] = [
    ((1, 1), (1, 1), (0, 0), (2, 3)),
    ((3, 3), (1, 1), (1, 1), (4, 4)),
    ((4, 4), (2, 2), (1, 1), (6, 4)),
    ((3, 3), (2, 2), (0, 0), (6, 5)),
    ((3, 2), (3, 1), (2, 1), (5, 4)),
    ((4, 3), (2, 1), (1, 1), (4, 3)),
]


@pytest.mark.parametrize(("kernel", "stride", "padding", "size"), SHAPES)
@pytest.mark.parametrize("bias", [True, False])
def test_convolution(kernel: Pair, stride: Pair, padding: Pair, size: Pair, bias: bool) -> None:
    weight, x = numbers(3, 2, *kernel, seed=1), numbers(2, 2, *size)
    layer = Convolution(weight, numbers(3, seed=2) if bias else None, stride, padding)
    check_by_differences(lambda: layer, x)
    check_against_torch(Sequence(layer), nn.Conv2d(2, 3, kernel, stride, padding, bias=bias), x)


@pytest.mark.parametrize(("kernel", "stride", "padding", "size"), SHAPES)
@pytest.mark.parametrize("bias", [True, False])
def test_transposed_convolution(kernel: Pair, stride: Pair, padding: Pair, size: Pair, bias: bool) -> None:
    weight, x = numbers(2, 3, *kernel, seed=1), numbers(2, 2, *size)
    layer = TransposedConvolution(weight, numbers(3, seed=2) if bias else None, stride, padding)
    check_by_differences(lambda: layer, x)
    check_against_torch(Sequence(layer), nn.ConvTranspose2d(2, 3, kernel, stride, padding, bias=bias), x)


@pytest.mark.parametrize(("kernel", "stride", "padding", "size"), SHAPES)
def test_folding_is_the_transpose_of_unfolding(kernel: Pair, stride: Pair, padding: Pair, size: Pair) -> None:
    window = Convolution(numbers(1, 2, *kernel), None, stride, padding).window
    x = numbers(2, 2, *size)
    columns = window.unfold(x)
    other = numbers(*columns.shape, seed=7)
    assert float((columns * other).sum()) == pytest.approx(float((x * window.fold(other, size)).sum()), abs=1e-10)


def test_a_hand_made_convolution() -> None:
    x = np.arange(9.0).reshape(1, 1, 3, 3)
    edge = Convolution(np.array([[[[1.0, -1.0]]]]), np.array([0.5]))
    np.testing.assert_array_equal(edge.forward(x, training=False)[0], np.full((1, 1, 3, 2), -0.5))


def test_a_kernel_without_a_place_is_a_broken_invariant() -> None:
    with pytest.raises(AssertionError, match="no place"):
        Convolution(numbers(1, 1, 4, 4)).forward(numbers(1, 1, 3, 5), training=False)
