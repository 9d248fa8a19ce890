"""Animations read frame by frame: how long each frame is shown, and its pixels as those of a picture."""

import math
from contextlib import ExitStack
from typing import BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from ganache.data.containers import Container
from ganache.data.containers.listing import UnreadableError
from ganache.data.decoding.decode import READ_ERRORS, fit, opened, orientation, reason, upright
from ganache.data.decoding.deep import is_deep
from ganache.data.shape import ImageShape

MOST_FRAMES = 10_000  # of one animation: seven minutes at 25 a second
MOST_MILLISECONDS = 2**24 - 1  # for which a frame is shown: the most that WebP can say
_FORMATS = ("GIF", "PNG", "WEBP")  # those whose further frames follow in time; pages of a TIFF do not


class Timing(NamedTuple):
    """How many milliseconds each frame of an animation is shown, and how often all are played, 0 meaning without end.

    A picture that does not move has no frames.
    """

    durations: tuple[float, ...] = ()
    plays: int = 1


def read_timing(file: BinaryIO) -> Timing:
    """Return what a file says of its frames, all of which are decoded; raises UnreadableError with the reason."""
    try:
        with opened(file) as image:
            first, count = _extent(image)
            return Timing(tuple(_shown(image, first + number) for number in range(count)), _plays(image))
    except READ_ERRORS as error:
        raise UnreadableError(reason(error, file)) from error


class Film:
    """An animation that is held open: where frames are asked for in order, each is decoded once."""

    def __init__(self, container: Container, name: str) -> None:
        with ExitStack() as failed:
            self._file = failed.enter_context(container.open(name))
            try:
                self._image = failed.enter_context(opened(self._file))
                self._first, _ = _extent(self._image)
                self._turned = orientation(self._image)
            except READ_ERRORS as error:
                raise UnreadableError(reason(error, self._file)) from error
            self._held = failed.pop_all()

    def close(self) -> None:
        """Close the file."""
        self._held.close()

    def frame(self, number: int, shape: ImageShape) -> npt.NDArray[np.uint8]:
        """Return a frame as (C, H, W), brought to a shape as pictures are; raises UnreadableError with the reason."""
        try:
            self._image.seek(self._first + number)
            if is_deep(self._image):
                raise UnreadableError("animations of more than 8 bits are not read; convert the file to 8 bit")
            self._image.load()
            return fit(upright(self._image, self._turned), shape)
        except READ_ERRORS as error:
            raise UnreadableError(f"frame {number + 1}: {reason(error, self._file)}") from error


def _extent(image: Image.Image) -> tuple[int, int]:
    """Return the number of the first frame and how many there are, 0 of a picture that does not move."""
    if image.format not in _FORMATS or not getattr(image, "is_animated", False):
        return 0, 0
    # The picture that programs without animations show may be none of an APNG's frames.
    first = int(bool(image.info.get("default_image")))
    count = int(getattr(image, "n_frames", 1)) - first
    if count > MOST_FRAMES:
        raise UnreadableError(f"{count:,} frames are above {MOST_FRAMES:,}")
    return first, count


def _shown(image: Image.Image, number: int) -> float:
    image.seek(number)
    image.load()  # of a WebP the frame itself says it
    milliseconds = float(image.info.get("duration") or 0)
    return min(max(0.0, milliseconds), MOST_MILLISECONDS) if math.isfinite(milliseconds) else 0.0


def _plays(image: Image.Image) -> int:
    said = image.info.get("loop")
    if image.format == "GIF":  # which says how often it is repeated, or nothing
        return 1 if said is None else 0 if said == 0 else int(said) + 1
    return int(said or 0)
