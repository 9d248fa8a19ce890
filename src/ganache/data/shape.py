"""The shape of one image."""

from dataclasses import asdict, dataclass
from typing import Self

from ganache.support.errors import UserError

MAX_SIDE = 16384


@dataclass(frozen=True)
class ImageShape:
    """Channels (1 … 4), height and width in pixels (1 … 16384) of every image of a set; raises UserError outside.

    Of data from picture to picture an image is two, one behind the other in its channels: first the `given` channels of
    the input (1 … 4; 0: there is none), then those of its target.
    """

    channels: int
    height: int
    width: int
    given: int = 0

    def __post_init__(self) -> None:
        """Refuse what no image of ours can be."""
        parts = (self.given, self.channels - self.given) if self.given else (self.channels,)
        if odd := [part for part in parts if part not in (1, 2, 3, 4)]:
            raise UserError(f"channels: {odd[0]} is not 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha)")
        if not (1 <= self.height <= MAX_SIDE and 1 <= self.width <= MAX_SIDE):
            raise UserError(f"size: {self.height}x{self.width} is not HEIGHTxWIDTH with sides of 1 … {MAX_SIDE} pixels")

    @property
    def pixels(self) -> int:
        """The number of values in one image; stored as uint8, its bytes."""
        return self.channels * self.height * self.width

    @property
    def is_point(self) -> bool:
        """Whether an image is a point of a density: one pixel, its two channels the coordinates."""
        return (self.channels, self.height, self.width) == (2, 1, 1) and not self.given

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

    def to_json(self) -> dict[str, int]:
        """Return the fields by name; one that is 0 is left out, as it was before there was any."""
        return {name: value for name, value in asdict(self).items() if value}

    def __str__(self) -> str:
        """Return ``28x28x1``: height, width, channels; of two pictures ``28x28x1+3``."""
        parts = f"{self.given}+{self.channels - self.given}" if self.given else f"{self.channels}"
        return f"{self.height}x{self.width}x{parts}"
