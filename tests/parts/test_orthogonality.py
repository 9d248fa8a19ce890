from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ganache.parts.orthogonality import OrthogonalRegularisation
from ganache.parts.terms import Move


class Embedding(nn.Linear):
    is_embedding = True


def term_of(*layers: nn.Module) -> Tensor:
    nothing: Any = None
    images = torch.zeros(3, 2)
    networks = {"generator": nn.Sequential(*layers)}
    return OrthogonalRegularisation()(Move(nothing, networks, images, images, images, images, None, nothing))


def linear(rows: list[list[float]]) -> nn.Linear:
    layer = nn.Linear(len(rows[0]), len(rows))
    layer.weight.data = torch.tensor(rows)
    return layer


def test_by_hand() -> None:
    """(1, 1)·(2, 0) = 2 and (1, 1)·(0, 3) = 3, both counted twice; lengths do not count."""
    assert term_of(linear([[1.0, 1.0], [2.0, 0.0], [0.0, 3.0]])).tolist() == [26.0] * 3
    assert term_of(linear([[5.0, 0.0, 0.0], [0.0, 7.0, 0.0]])).tolist() == [0.0] * 3


def test_a_kernel_is_a_matrix_with_a_row_for_each_output() -> None:
    layer = nn.Conv2d(1, 2, (1, 2))
    layer.weight.data = torch.tensor([[[[1.0, 2.0]]], [[[3.0, -1.0]]]])  # 3 - 2 = 1
    turned = nn.ConvTranspose2d(1, 2, (1, 2))
    turned.weight.data = layer.weight.data.transpose(0, 1).clone()
    assert term_of(layer).tolist() == term_of(turned).tolist() == [2.0] * 3


@pytest.mark.parametrize("shape", [(3, 5), (5, 3)])
def test_the_slope_is_four_times_the_inner_products_off_the_diagonal_times_the_weight(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    layer = nn.Linear(*shape[::-1]).double()
    term_of(layer).mean().backward()  # type: ignore[no-untyped-call]
    weight = layer.weight.detach()
    products = weight @ weight.T
    torch.testing.assert_close(layer.weight.grad, 4.0 * (products - torch.diag(products.diag())) @ weight)


def test_embeddings_norms_and_biases_are_left_alone_and_a_normalised_weight_is_the_learnt_one() -> None:
    embedding = Embedding(2, 2)
    layer = linear([[1.0, 1.0], [2.0, 0.0]])
    assert term_of(embedding, nn.BatchNorm1d(2), spectral_norm(layer)).tolist() == [8.0] * 3
    assert term_of(nn.ReLU()).tolist() == [0.0] * 3
