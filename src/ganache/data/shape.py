"""The shape of one image."""

from dataclasses import dataclass

from ganache.support.errors import UserError

MAX_SIDE = 16384


@dataclass(frozen=True)
class ImageShape:
    """Channels (1 … 4), height and width in pixels (1 … 16384) of every image of a set; raises UserError outside."""

    channels: int
    height: int
    width: int

    def __post_init__(self) -> None:
        """Refuse what no image of ours can be."""
        if self.channels not in (1, 2, 3, 4):
            raise UserError(f"channels: {self.channels} is not 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha)")
        if not (1 <= self.height <= MAX_SIDE and 1 <= self.width <= MAX_SIDE):
            raise UserError(f"size: {self.height}x{self.width} is not HEIGHTxWIDTH with sides of 1 … {MAX_SIDE} pixels")

    @property
    def pixels(self) -> int:
        """The number of values in one image; stored as uint8, its bytes."""
        return self.channels * self.height * self.width

    @property
    def is_point(self) -> bool:
        """Whether an image is a point of a density: one pixel, its two channels the coordinates."""
        return (self.channels, self.height, self.width) == (2, 1, 1)

    def __str__(self) -> str:
        """Return ``28x28x1``: height, width, channels."""
        return f"{self.height}x{self.width}x{self.channels}"
