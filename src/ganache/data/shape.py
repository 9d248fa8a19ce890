"""The shape of one image, and of a row of a table, which is an image of one pixel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt

from ganache.support.errors import UserError

if TYPE_CHECKING:  # what decodes pictures knows no tables, and would wait for pydantic
    from ganache.data.rows.table import Schema

MAX_SIDE = 16384

# How a picture comes to a shape: it covers it and is cropped, is stretched to it, or each of its halves covers a half.
Fitting = Literal["covered", "stretched", "halves"]


@dataclass(frozen=True)
class ImageShape:
    """Channels (1 … 4), height and width in pixels (1 … 16384) of every image of a set; raises UserError outside.

    Of data from picture to picture an image is two, one behind the other in its channels: first the `given` channels of
    the input (1 … 4; 0: there is none), then those of its target. A row is one pixel of as many channels as it has
    values, whose meaning its `table` knows.
    """

    channels: int
    height: int
    width: int
    given: int = 0
    table: "Schema | None" = None

    def __post_init__(self) -> None:
        """Refuse what no image of ours can be."""
        if self.table is not None:
            if (self.channels, self.height, self.width, self.given) != (self.table.width, 1, 1, 0):
                raise UserError(f"size: {self} is no row of {self.table.width} values")
            return
        if odd := [part for part in self.pictures if part not in (1, 2, 3, 4)]:
            raise UserError(f"channels: {odd[0]} is not 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha)")
        if not (1 <= self.height <= MAX_SIDE and 1 <= self.width <= MAX_SIDE):
            raise UserError(f"size: {self.height}x{self.width} is not HEIGHTxWIDTH with sides of 1 … {MAX_SIDE} pixels")

    @classmethod
    def of_row(cls, table: "Schema") -> Self:
        """Return the shape of a table's rows."""
        return cls(table.width, 1, 1, table=table)

    @classmethod
    def recorded(cls, data: Mapping[str, Any]) -> Self:
        """Return the shape that a summary of data tells, as run.json has it: of rows, their number of values alone.

        Raises KeyError, TypeError or UserError where it tells none.
        """
        channels, height, width = data["shape"]
        given = int(data.get("given", 0))
        if not data.get("columns"):
            return cls(channels, height, width, given)
        from ganache.data.rows.table import Schema

        return cls(channels, height, width, given, Schema.unnamed(channels))

    @property
    def pictures(self) -> tuple[int, ...]:
        """The channels of each of the pictures in an image."""
        return (self.given, self.channels - self.given) if self.given else (self.channels,)

    @property
    def pixels(self) -> int:
        """The number of values in one image."""
        return self.channels * self.height * self.width

    @property
    def is_point(self) -> bool:
        """Whether an image is a point of a density: one pixel, its two channels the coordinates."""
        return (self.channels, self.height, self.width) == (2, 1, 1) and not self.given and self.table is None

    @property
    def is_row(self) -> bool:
        """Whether an image is no picture, but numbers: a row of a table, or a point."""
        return self.table is not None or self.is_point

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of values as they are stored: pixels of 8 bits, or a row's float32."""
        return np.dtype("<f4" if self.is_row else "|u1")

    @property
    def stored_bytes(self) -> int:
        """The bytes of one image as it is stored."""
        return self.pixels * self.dtype.itemsize

    def settled(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return a network's values (N, 1, 1, K) of rows as those of the rows that they mean; points as they are."""
        if self.table is None:
            return values
        return self.table.settled(values.reshape(len(values), self.channels)).reshape(values.shape)

    @property
    def inputs(self) -> Self:
        """The shape of the input alone."""
        return type(self)(self.given, self.height, self.width)

    @property
    def targets(self) -> Self:
        """The shape of the target alone; of an image without an input its own."""
        return type(self)(self.channels - self.given, self.height, self.width)

    def sides(self, is_reverse: bool) -> tuple[Self, Self]:
        """Return what a translator is given and what it makes: inputs and targets, or the other way round."""
        return (self.targets, self.inputs) if is_reverse else (self.inputs, self.targets)

    def to_json(self) -> dict[str, Any]:
        """Return the fields by name; one that is 0 or absent is left out, as it was before there was any."""
        sides = {"channels": self.channels, "height": self.height, "width": self.width, "given": self.given}
        told = {} if self.table is None else {"table": self.table.to_json()}
        return {name: side for name, side in sides.items() if side} | told

    def __str__(self) -> str:
        """Return ``28x28x1``: height, width, channels; of two pictures ``28x28x1+3``."""
        return f"{self.height}x{self.width}x{'+'.join(map(str, self.pictures))}"
