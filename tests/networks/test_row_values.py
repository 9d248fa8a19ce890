"""The last step of a network that makes rows."""

import torch
from torch import nn

from ganache import ImageShape, MLPGenerator
from ganache.data.rows.columns import CategoryColumn
from ganache.data.rows.table import Schema
from ganache.networks.row_values import RowValues, last_step

NUMBERS = Schema.unnamed(3).columns
CITY, KIND = (CategoryColumn(name=name, names=("a", "b", "c")) for name in ("city", "kind"))
TABLE = Schema(columns=(*NUMBERS[:2], CITY, KIND, NUMBERS[2]))


def test_numbers_have_a_tanh_and_categories_a_softmax_each() -> None:
    given = torch.randn(5, 9)
    made = RowValues(TABLE)(given)
    torch.testing.assert_close(made[:, [0, 1, 8]], given[:, [0, 1, 8]].tanh())
    for first in (2, 5):
        torch.testing.assert_close(made[:, first : first + 3], 2 * given[:, first : first + 3].softmax(dim=1) - 1)
        torch.testing.assert_close(made[:, first : first + 3].sum(dim=1), torch.full((5,), -1.0))


def test_pictures_points_and_numbers_alone_have_a_tanh() -> None:
    for shape in (ImageShape(3, 4, 4), ImageShape(2, 1, 1), ImageShape.of_row(Schema.unnamed(3))):
        assert isinstance(last_step(shape), nn.Tanh)


def test_a_generator_makes_rows_in_bounds_and_learns_by_all_of_them() -> None:
    network = MLPGenerator(widths=(8,)).build(ImageShape.of_row(TABLE), 2)
    rows = network(torch.randn(4, 100), torch.eye(2).repeat(2, 1))
    assert rows.shape == (4, 9, 1, 1)
    assert rows.abs().max() <= 1
    rows.square().sum().backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in network.parameters())
