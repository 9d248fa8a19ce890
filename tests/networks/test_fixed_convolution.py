"""Convolutions whose weights stay: values and slopes are those of torch's own, of maps padded as TensorFlow pads."""

import pytest
import torch
from torch.nn.functional import conv2d, pad

from ganache.networks.fixed_convolution import FixedConvolution, same_padding


@pytest.mark.parametrize("size", [(8, 8), (7, 5), (6, 9), (1, 2)])
@pytest.mark.parametrize(("kernel", "stride", "groups"), [(1, 1, 1), (3, 1, 6), (5, 2, 6), (3, 2, 2), (3, 1, 3)])
def test_values_and_slopes_of_two_orders_are_torchs(
    size: tuple[int, int], kernel: int, stride: int, groups: int
) -> None:
    generator = torch.Generator().manual_seed(0)
    filters = torch.randn(12, 6 // groups, kernel, kernel, generator=generator, dtype=torch.float64)
    bias = torch.randn(12, generator=generator, dtype=torch.float64)
    maps = torch.randn(2, 6, *size, generator=generator, dtype=torch.float64, requires_grad=True)
    rows, columns = (same_padding(side, kernel, stride) for side in size)
    wanted = conv2d(pad(maps, (*columns, *rows)), filters, bias, stride, groups=groups)
    found = FixedConvolution(filters, bias, stride, groups)(maps)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-12)
    for made in (found, wanted):
        assert made.shape[2:] == tuple(-(-side // stride) for side in size)
    slopes = [torch.autograd.grad(made.pow(3).sum(), maps, create_graph=True)[0] for made in (found, wanted)]
    torch.testing.assert_close(*slopes, rtol=0, atol=1e-9)
    bends = [torch.autograd.grad(slope.square().sum(), maps)[0] for slope in slopes]
    torch.testing.assert_close(*bends, rtol=1e-9, atol=1e-9)


def test_filters_are_rounded_once_for_each_precision_and_slopes_come_in_it() -> None:
    layer = FixedConvolution(torch.randn(4, 1, 3, 3), torch.zeros(4), stride=2, groups=4)
    maps = torch.randn(2, 4, 6, 6)
    exact = layer(maps)
    rounded = maps.bfloat16().requires_grad_()
    made = layer(rounded)
    assert made.dtype == torch.bfloat16
    torch.testing.assert_close(made.float(), exact, rtol=0.03, atol=0.05)
    (slope,) = torch.autograd.grad(made.sum(), rounded)
    assert slope.dtype == torch.bfloat16
    layer(maps.bfloat16())
    assert len(layer._prepared) == 2


def test_nothing_of_it_is_state() -> None:
    layer = FixedConvolution(torch.ones(1, 1, 1, 1), torch.zeros(1))
    assert not layer.state_dict()
    assert not list(layer.parameters())
