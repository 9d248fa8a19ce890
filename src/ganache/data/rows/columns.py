"""What the values of one column mean: numbers along a line, categories one-hot; to values in [-1, 1] and back.

A number is placed by knots, a broken line that never falls: with two of them it is standardised, with hundreds it has
its rank among the training rows. Where the line stands still over a stretch of values in [-1, 1], all of the stretch
means the same number, and that number goes to the stretch's middle: a value that a tenth of the rows share has a tenth
of the interval, and is drawn exactly.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ganache.data.rows.cells import LARGEST, Cells, Floats, is_missing, numbers_of
from ganache.support.errors import UserError

MAX_NAME = 200  # letters of a column's or a category's name
MAX_CATEGORIES = 1_000  # of one column
MAX_KNOTS = 1_024
SAME = 1e-6  # by which share of it a number that all training rows have may differ: digits that one file has lost
BEYOND = 1.0  # how far outside of [-1, 1] a number may be placed that no training row comes near
_SINGLE_DIGITS, _DOUBLE_DIGITS = 7, 17  # that numbers of four and of eight bytes have

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
_Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]


class _Column(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    name: Name


class NumberColumn(_Column):
    """Numbers, by knots (`positions` in [-1, 1], `values`), neither of which falls, the positions from -1 to 1.

    They are written with so many `decimals` at most, 0 for whole numbers, None for any; `fill` stands for what is
    missing, which is refused where it is None.
    """

    kind: Literal["number"] = "number"
    positions: tuple[Annotated[float, Field(ge=-1, le=1)], ...] = Field(min_length=2, max_length=MAX_KNOTS)
    values: tuple[_Number, ...] = Field(min_length=2, max_length=MAX_KNOTS)
    decimals: Annotated[int, Field(ge=0, le=15)] | None = None
    fill: _Number | None = None

    @model_validator(mode="after")
    def _never_falls(self) -> Self:
        if len(self.positions) != len(self.values) or (self.positions[0], self.positions[-1]) != (-1.0, 1.0):
            raise ValueError(f"{self.name}: each knot has a value, and the positions reach from -1 to 1")
        if any(later < before for side in (self.positions, self.values) for before, later in itertools.pairwise(side)):
            raise ValueError(f"{self.name}: the knots fall")
        return self

    @property
    def width(self) -> int:
        """How many values a cell becomes."""
        return 1

    def encoded(self, cells: Cells) -> Floats:
        """Return cells (N,) as values (N, 1), beyond ±1 by a bounded way where no training row has such a number.

        Raises UserError for a text, and for a missing number where nothing is to be put in its place.
        """
        numbers = numbers_of(cells)
        if numbers is None:
            raise UserError(f"data: the column {self.name!r} holds numbers, and a text is among these")
        absent = np.isnan(numbers)
        if absent.any():
            if self.fill is None:
                raise _missing(self.name)
            numbers = np.where(absent, self.fill, numbers)
        positions, values = np.array(self.positions), np.array(self.values)
        if values[0] == values[-1]:
            numbers = np.where(np.abs(numbers - values[0]) <= SAME * abs(values[0]), values[0], numbers)
        # Where the same number has several knots, the one finds the last of them and the other the first.
        last = np.interp(numbers, values, positions)
        first = -np.interp(-numbers, -values[::-1], -positions[::-1])
        outside = numbers - np.clip(numbers, values[0], values[-1])
        span = max(values[-1] - values[0], abs(values[0]) * 1e-9, np.finfo(np.float32).tiny)
        far = np.sign(outside) + np.clip(outside / span, -BEYOND, BEYOND)
        placed: Floats = np.where(outside == 0.0, (first + last) / 2.0, far)[:, None]
        return placed

    def decoded(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return values (N, 1) as numbers (N,), int64 where they are whole."""
        numbers = np.interp(values[:, 0].astype(np.float64), self.positions, self.values)
        if self.decimals is None:
            return numbers
        rounded = np.round(numbers, self.decimals) + 0.0  # no -0.0
        return rounded.astype(np.int64) if self.decimals == 0 else rounded

    def settled(self, values: npt.NDArray[Any]) -> Floats:
        """Return values (N, 1) of a network as those of the numbers that they mean."""
        return self.encoded(self.decoded(values).astype(np.float64))

    def written(self, numbers: npt.NDArray[Any]) -> list[str]:
        """Return decoded numbers as texts; of those with any decimals, the digits that float32 tells apart.

        These are seven, and more where the column's span is small beside the numbers themselves. A number that many
        rows share has all of its digits, or it would no longer lie in the middle of its stretch.
        """
        if self.decimals is not None:
            return [repr(number) for number in numbers.tolist()]
        shared = {one for one, other in itertools.pairwise(self.values) if one == other}
        low, high = self.values[0], self.values[-1]
        further = math.floor(math.log10(max(abs(low), abs(high)) / (high - low))) if low < high else 0
        digits = min(_DOUBLE_DIGITS, _SINGLE_DIGITS + max(0, further))
        return [repr(number) if number in shared else f"{number:.{digits}g}" for number in numbers.tolist()]


class CategoryColumn(_Column):
    """One of some names: a value of 1 for it and of -1 for every other one, for all of them where it is unknown."""

    kind: Literal["category"] = "category"
    names: tuple[Name, ...] = Field(min_length=1, max_length=MAX_CATEGORIES)
    fill: Name | None = None

    @model_validator(mode="after")
    def _are_different(self) -> Self:
        if len(set(self.names)) < len(self.names) or self.fill not in (None, *self.names):
            raise ValueError(f"{self.name}: the categories are not different, or that of missing cells is none of them")
        return self

    @property
    def width(self) -> int:
        """How many values a cell becomes: one for each category."""
        return len(self.names)

    def encoded(self, cells: Cells) -> Floats:
        """Return cells (N,) as values (N, K); raises UserError for a missing one where none is to be put in its place.

        A name that no training row has is none of the categories.
        """
        texts = as_texts(cells)
        if self.fill is None and any(map(is_missing, texts)):
            raise _missing(self.name)
        numbers = {name: number for number, name in enumerate(self.names)}
        filled = numbers.get(self.fill or "", -1)
        places = np.array([filled if is_missing(text) else numbers.get(text, -1) for text in texts], np.int64)
        return np.where(places[:, None] == np.arange(len(self.names)), 1.0, -1.0)

    def decoded(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return values (N, K) as the names (N,) of the largest ones."""
        names: npt.NDArray[Any] = np.array(self.names, object)[values.argmax(axis=1)]
        return names

    def settled(self, values: npt.NDArray[Any]) -> Floats:
        """Return values (N, K) of a network as those of the categories that they mean."""
        return np.where(values.argmax(axis=1)[:, None] == np.arange(self.width), 1.0, -1.0)

    def written(self, names: npt.NDArray[Any]) -> list[str]:
        """Return decoded names as texts."""
        return [str(name) for name in names]


Column: TypeAlias = Annotated[NumberColumn | CategoryColumn, Field(discriminator="kind")]


def as_texts(cells: Cells) -> Sequence[str]:
    """Return cells as texts, numbers in their shortest form."""
    if not isinstance(cells, np.ndarray):
        return cells
    return ["" if np.isnan(cell) else f"{cell:.15g}" for cell in cells.tolist()]


def _missing(name: str) -> UserError:
    return UserError(
        f"data: the column {name!r} has missing values; --missing mean or median fills them, drop leaves their rows out"
    )
