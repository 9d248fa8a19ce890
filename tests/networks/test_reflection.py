"""Reflection against numpy's, of any width, with its slopes."""

import numpy as np
import pytest
import torch

from ganache.networks.reflection import ReflectedConv2d, reflected


@pytest.mark.parametrize("size", [(1, 1), (1, 4), (2, 3), (5, 7)])
@pytest.mark.parametrize(("rows", "columns"), [((0, 0), (0, 0)), ((1, 0), (0, 1)), ((3, 3), (3, 3)), ((0, 17), (9, 2))])
def test_features_go_on_as_numpys_do(size: tuple[int, int], rows: tuple[int, int], columns: tuple[int, int]) -> None:
    torch.manual_seed(0)
    features = torch.randn(2, 3, *size)
    expected = np.pad(features.numpy(), ((0, 0), (0, 0), rows, columns), "reflect")
    assert np.array_equal(reflected(features, rows, columns).numpy(), expected)


def test_slopes_of_what_is_seen_twice_add_up() -> None:
    features = torch.zeros(1, 1, 1, 4, requires_grad=True)
    reflected(features, (0, 0), (2, 1)).sum().backward()  # type: ignore[no-untyped-call]
    assert features.grad is not None
    assert features.grad.flatten().tolist() == [1.0, 2.0, 3.0 - 0.0, 1.0]


def test_the_order_in_memory_stays() -> None:
    features = torch.randn(2, 3, 5, 7).contiguous(memory_format=torch.channels_last)
    assert reflected(features, (1, 1), (2, 2)).is_contiguous(memory_format=torch.channels_last)


def test_a_reflected_convolution_is_torchs_with_its_padding_mode() -> None:
    torch.manual_seed(0)
    ours, features = ReflectedConv2d(3, 4, 7), torch.randn(2, 3, 8, 9)
    torchs = torch.nn.Conv2d(3, 4, 7, padding=3, padding_mode="reflect")
    torchs.load_state_dict(ours.state_dict())
    torch.testing.assert_close(ours(features), torchs(features))
