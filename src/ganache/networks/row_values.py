"""The last step of a network that makes rows: numbers by a tanh, categories by a softmax, all in [-1, 1]."""

from itertools import groupby

import torch
from torch import Tensor, nn

from ganache.data.rows.columns import CategoryColumn
from ganache.data.rows.table import Schema
from ganache.data.shape import ImageShape


class RowValues(nn.Module):
    """Values (N, W) of any size as those of rows: of each category's probabilities p, 2 p - 1, which add up to 2 - K.

    One-hot rows are the corners of what can be made; by a tanh for each category two could be chosen at once.
    """

    def __init__(self, table: Schema) -> None:
        super().__init__()
        self.parts = _parts(table)

    def forward(self, values: Tensor) -> Tensor:
        """Return the values in [-1, 1]."""
        pieces = torch.split(values, [width for _, width in self.parts], dim=1)
        made = [
            2.0 * piece.softmax(dim=1) - 1.0 if is_category else piece.tanh()
            for (is_category, _), piece in zip(self.parts, pieces, strict=True)
        ]
        return torch.cat(made, dim=1)


def last_step(shape: ImageShape) -> nn.Module:
    """Return what brings the values of images of a shape, flat, into [-1, 1]: a tanh, but for a table's categories."""
    table = shape.table
    has_categories = table is not None and any(isinstance(column, CategoryColumn) for column in table.columns)
    return RowValues(table) if table is not None and has_categories else nn.Tanh()


def _parts(table: Schema) -> list[tuple[bool, int]]:
    """Return whether values are those of a category, and how many they are; numbers side by side are taken together."""
    kinds = [(isinstance(column, CategoryColumn), column.width) for column in table.columns]
    parts: list[tuple[bool, int]] = []
    for is_category, group in groupby(kinds, key=lambda kind: kind[0]):
        widths = [width for _, width in group]
        parts += [(True, width) for width in widths] if is_category else [(False, sum(widths))]
    return parts
