"""Reflection against numpy's, of any width, with its slopes."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from ganache.networks.reflection import Ends, ReflectedConv2d, in_slices, reflected

Way = Callable[[Tensor, Ends, Ends], Tensor]


@pytest.mark.parametrize("size", [(1, 1), (1, 4), (2, 3), (5, 7)])
@pytest.mark.parametrize(("rows", "columns"), [((0, 0), (0, 0)), ((1, 0), (0, 1)), ((3, 3), (3, 3)), ((0, 17), (9, 2))])
@pytest.mark.parametrize("way", [reflected, in_slices])
def test_features_go_on_as_numpys_do(size: tuple[int, int], rows: Ends, columns: Ends, way: Way) -> None:
    torch.manual_seed(0)
    features = torch.randn(2, 3, *size)
    expected = np.pad(features.numpy(), ((0, 0), (0, 0), rows, columns), "reflect")
    assert np.array_equal(way(features, rows, columns).numpy(), expected)


@pytest.mark.parametrize("way", [reflected, in_slices])
def test_slopes_of_what_is_seen_twice_add_up(way: Way) -> None:
    features = torch.zeros(1, 1, 2, 4, requires_grad=True)
    way(features, (0, 1), (2, 1)).sum().backward()  # type: ignore[no-untyped-call]
    assert features.grad is not None
    assert features.grad.tolist() == [[[[2.0, 4.0, 6.0, 2.0], [1.0, 2.0, 3.0, 1.0]]]]


def test_both_ways_have_the_same_values_and_slopes_of_any_order() -> None:
    torch.manual_seed(0)
    features = torch.randn(2, 3, 5, 6, dtype=torch.float64, requires_grad=True)
    found = []
    for way in (reflected, in_slices):
        made = way(features, (2, 3), (4, 1))
        (slope,) = torch.autograd.grad(made.pow(3).sum(), features, create_graph=True)
        found.append((made, slope, *torch.autograd.grad(slope.pow(2).sum(), features)))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)
    assert torch.autograd.gradgradcheck(lambda given: reflected(given, (1, 1), (1, 1)).pow(2), features)


def test_in_mixed_precision_what_is_copied_keeps_its_type() -> None:
    features = torch.randn(1, 2, 4, 4, dtype=torch.bfloat16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert reflected(features, (1, 1), (1, 1)).dtype == torch.bfloat16


def test_the_order_in_memory_stays() -> None:
    features = torch.randn(2, 3, 5, 7).contiguous(memory_format=torch.channels_last)
    assert reflected(features, (1, 1), (2, 2)).is_contiguous(memory_format=torch.channels_last)


def test_a_reflected_convolution_is_torchs_with_its_padding_mode() -> None:
    torch.manual_seed(0)
    ours, features = ReflectedConv2d(3, 4, 7), torch.randn(2, 3, 8, 9)
    torchs = torch.nn.Conv2d(3, 4, 7, padding=3, padding_mode="reflect")
    torchs.load_state_dict(ours.state_dict())
    torch.testing.assert_close(ours(features), torchs(features))
