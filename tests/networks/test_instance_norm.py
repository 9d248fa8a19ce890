"""Instance norm by its equation: values, slopes, and slopes of slopes, in whatever order their elements lie.

Torch's own is no reference: for one picture whose slope has its channels last, its slopes are wrong on a processor.
"""

import itertools

import pytest
import torch
from torch import Tensor

from ganache.networks.layers import InstanceNorm

LAYOUTS = (torch.contiguous_format, torch.channels_last)


def by_equation(features: Tensor) -> Tensor:
    centred = features - features.mean(dim=(2, 3), keepdim=True)
    normal: Tensor = centred / (centred.square().mean(dim=(2, 3), keepdim=True) + 1e-5).sqrt()
    return normal


@pytest.mark.parametrize(("features", "slope"), list(itertools.product(LAYOUTS, LAYOUTS)))
@pytest.mark.parametrize("size", [(2, 3, 4, 5), (1, 7, 4, 5), (1, 7, 2, 1), (1, 1, 3, 3)])
def test_it_is_its_equation(size: tuple[int, ...], features: torch.memory_format, slope: torch.memory_format) -> None:
    torch.manual_seed(0)
    given = (torch.randn(size, dtype=torch.float64) * 3.0 + 1.0).contiguous(memory_format=features).requires_grad_()
    along = torch.randn(size, dtype=torch.float64).contiguous(memory_format=slope).requires_grad_()
    found = []
    for norm in (InstanceNorm(size[1]), by_equation):
        value = norm(given)
        (first,) = torch.autograd.grad(value, given, along, create_graph=True)
        found.append([value, first, *torch.autograd.grad(first.square().sum(), [given, along])])
    torch.testing.assert_close(*found, rtol=1e-9, atol=1e-11)


def test_it_is_by_hand() -> None:
    given = torch.tensor([1.0, 3.0, 5.0, 7.0]).view(1, 1, 2, 2)
    expected = torch.tensor([-3.0, -1.0, 1.0, 3.0]) / (5.0 + 1e-5) ** 0.5
    torch.testing.assert_close(InstanceNorm(1)(given).flatten(), expected)


def test_mixed_precision_stays_mixed() -> None:
    assert InstanceNorm(3)(torch.randn(1, 3, 4, 4, dtype=torch.bfloat16)).dtype == torch.bfloat16


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_order_in_memory_stays_so_that_what_comes_next_need_not_change_it(layout: torch.memory_format) -> None:
    given = torch.randn(2, 3, 4, 5).contiguous(memory_format=layout)
    assert InstanceNorm(3)(given).is_contiguous(memory_format=layout)
