"""Densities that lie in a file: JSON with the centres of round Gaussians, their deviation, and how much each weighs.

``{"modes": [[x, y], …], "std": 0.03, "weights": [1, 2, …]}``, coordinates in [-1, 1]; without weights all are equal.
"""

import math
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ganache.data.sources.densities import Density
from ganache.support.errors import UserError
from ganache.support.json_files import read_json

SUFFIX = ".json"
MOST_MODES = 4096
MOST_WEIGHT = 1e9  # sums of which are still numbers
_Coordinate = Annotated[float, Field(ge=-1, le=1)]


class Mixture(BaseModel):
    """What such a file holds."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    modes: tuple[tuple[_Coordinate, _Coordinate], ...] = Field(min_length=1, max_length=MOST_MODES)
    std: float = Field(gt=0, le=1)
    weights: tuple[Annotated[float, Field(ge=0, le=MOST_WEIGHT)], ...] | None = None

    @model_validator(mode="after")
    def _has_one_weight_for_each(self) -> Self:
        if self.weights is not None and len(self.weights) != len(self.modes):
            raise ValueError(f"weights: there are {len(self.weights)} for {len(self.modes)} modes")
        if self.weights is not None and not any(self.weights):
            raise ValueError("weights: one at least must be above 0")
        return self

    def density(self, name: str) -> Density:
        """Return the density; what weighs nothing is no mode of it."""
        shares = None if self.weights is None else np.array(self.weights) / math.fsum(self.weights)
        kept = slice(None) if shares is None else shares > 0
        return Density(name, np.array(self.modes)[kept], self.std, None if shares is None else shares[kept])


def density_file(path: Path, text: str) -> Density:
    """Return the density of a file; raises UserError for a file that holds none."""
    try:
        return Mixture.model_validate(read_json(path, "data")).density(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        said = f"{field}: {first['msg']}" if field else first["msg"].removeprefix("Value error, ")
        raise UserError(f"data: {text!r} holds no density: {said}") from None
