"""A table's columns together: from rows of cells to rows of values and back, and the same as JSON."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ganache.data.rows.cells import Cells
from ganache.data.rows.columns import CategoryColumn, Column, Name, NumberColumn
from ganache.support.errors import UserError

MAX_WIDTH = 16_384  # values of a row: its numbers, and one for each category
MAX_COLUMNS = 4_096


class Schema(BaseModel):
    """The columns of a table, in order; `label` is the one that names each row's class, at its place among them.

    A class is no value of a row, as it is no pixel of a picture.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: tuple[Column, ...] = Field(min_length=1, max_length=MAX_COLUMNS)
    label: Name | None = None
    label_place: int = Field(default=0, ge=0, le=MAX_COLUMNS)

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        names = [*(column.name for column in self.columns), *([self.label] if self.label else [])]
        if len(set(names)) < len(names):
            raise ValueError("two columns have one name")
        if self.width > MAX_WIDTH:
            raise ValueError(f"a row of {self.width:,} values, more than {MAX_WIDTH:,}")
        return self

    @classmethod
    def unnamed(cls, width: int) -> Self:
        """Return a table of so many numbers, for who needs to know no more than that they are rows."""
        ends = (-1.0, 1.0)
        names = (f"x{number}" for number in range(1, width + 1))
        return cls(columns=tuple(NumberColumn(name=name, positions=ends, values=ends) for name in names))

    @classmethod
    def of_json(cls, value: Any, where: str) -> Self:
        """Return the table of a JSON value; raises UserError, which begins with `where`, for what is none."""
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise UserError(f"{where}: its table is damaged: {place or 'all'}: {first['msg'][:200]}") from None

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return self.model_dump(mode="json")

    def filled(self, values: npt.NDArray[Any]) -> Self:
        """Return it without a class, and with what stands for missing cells where nothing does: of values (N, W), the
        mean of a column's numbers or the most frequent of its names."""
        columns = []
        for column, cells in zip(self.columns, self.decoded(values), strict=True):
            if column.fill is not None:
                columns.append(column)
            elif isinstance(column, NumberColumn):
                columns.append(column.model_copy(update={"fill": float(np.mean(cells))}))
            else:
                columns.append(column.model_copy(update={"fill": Counter(cells.tolist()).most_common(1)[0][0]}))
        return self.model_copy(update={"columns": tuple(columns), "label": None})

    @property
    def width(self) -> int:
        """How many values a row has."""
        return sum(column.width for column in self.columns)

    @property
    def digest(self) -> str:
        """SHA-256 of all that is known of the columns."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def places(self) -> Iterator[tuple[NumberColumn | CategoryColumn, slice]]:
        """Yield each column with the places of its values in a row."""
        start = 0
        for column in self.columns:
            yield column, slice(start, start + column.width)
            start += column.width

    def encoded(self, cells: Sequence[Cells]) -> npt.NDArray[np.float32]:
        """Return rows, given as the cells (N,) of each column, as values (N, W); raises UserError as columns do."""
        parts = [column.encoded(part) for column, part in zip(self.columns, cells, strict=True)]
        return np.concatenate(parts, axis=1).astype(np.float32)

    def decoded(self, values: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Return values (N, W) as the cells (N,) of each column: int64, float64, names as objects."""
        return [column.decoded(values[:, place]) for column, place in self.places()]

    def settled(self, values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return values (N, W) of a network as those of the rows that they mean: what is whole or one-hot becomes so.

        It is for rows what rounding to 8 bits is for pixels.
        """
        parts = [column.settled(values[:, place]) for column, place in self.places()]
        return np.concatenate(parts, axis=1).astype(np.float32)

    def header(self, labelled: bool) -> list[str]:
        """Return the columns' names as they stood in the table, the label's where rows have a class."""
        names = [column.name for column in self.columns]
        if labelled:
            names.insert(self.label_place, self.label or "label")
        return names

    def written(self, values: npt.NDArray[Any], labels: Sequence[str] | None = None) -> Iterator[tuple[str, ...]]:
        """Yield rows of values (N, W) as texts in the order of `header`, with the class of each where there are any."""
        decoded = zip(self.columns, self.decoded(values), strict=True)
        columns: list[Sequence[str]] = [column.written(cells) for column, cells in decoded]
        if labels is not None:
            columns.insert(self.label_place, labels)
        yield from zip(*columns, strict=True)
