"""Rows as they are: the values that networks take of them, what they mean being part of what sees them."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganache.data.rows.table import Schema
from ganache.engine.transfers import CPU
from ganache.evaluation.features.extractor import Extracted
from ganache.support.errors import UserError


class ValueExtractor:
    """Values of rows (N, 1, 1, W): numbers in [-1, 1], categories one-hot as -1 and 1."""

    name = "values"
    version = 1

    def __init__(self, table: Schema, device: torch.device | None = None) -> None:
        self.table, self.device = table, device or CPU

    @property
    def size(self) -> int:
        """W: numbers, and one for each category."""
        return self.table.width

    def describe(self) -> dict[str, Any]:
        """Return name, version, size, and the digest of what the values mean, as JSON values."""
        about = {"name": self.name, "version": self.version, "size": self.size, "checksum": self.table.digest}
        return {**about, "resize": "as they are"}

    def at_once(self, images: NDArray[Any]) -> int:
        """Return that all are: there is nothing to compute."""
        return max(1, len(images))

    def __call__(self, images: NDArray[Any]) -> Extracted:
        """Return the values (N, W) of rows; raises UserError for what are none of this table."""
        if images.shape[1:] != (1, 1, self.size) or images.dtype.kind != "f":
            raise UserError(f"images: {images.dtype} {images.shape} are no rows, float (N, 1, 1, {self.size})")
        return Extracted(images.reshape(len(images), -1).astype(np.float32))
