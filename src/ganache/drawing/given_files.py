"""What a translator is given: pictures and animations of a folder or zip, read as in training, some at a time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganache.data.containers.listing import UnreadableError
from ganache.data.decoding.decode import MOVES, Header
from ganache.data.decoding.films import Timing
from ganache.data.decoding.pool import Decoders, memory_of
from ganache.data.ranges import FULL, Ranges
from ganache.data.shape import ImageShape
from ganache.data.twofold.preparation import Preparation
from ganache.engine.pixel_values import channels_last
from ganache.support.errors import UserError

AT_ONCE = 16  # pictures or frames that are held together, fewer where they are large
MOST_PIXELS = 64_000_000  # of one picture

Pictures = NDArray[np.uint8]


class Stills(NamedTuple):
    """Pictures (N, H, W, C) of one size by name."""

    names: list[str]
    images: Pictures


class Moving(NamedTuple):
    """An animation by name: its frames (n, H, W, C), some at a time.

    Asking for frames raises UnreadableError where one cannot be read.
    """

    name: str
    timing: Timing
    frames: Iterator[Pictures]


class GivenFiles:
    """Inputs of pictures, prepared as in training or, if `whole`, in their own size.

    `ranges` bring files of more than 8 bits to 8. `skipped` has the reasons why pictures cannot be read, by name.
    Raises UserError for a training whose pictures would be too large.
    """

    def __init__(
        self, decoders: Decoders, preparation: Preparation, ranges: Ranges = FULL, whole: bool = False
    ) -> None:
        self._decoders, self._shape, self._use = decoders, preparation.shape, preparation.use
        self._ranges, self._whole = ranges, whole
        self.skipped: dict[str, str] = {}
        if (pixels := self._translated(self._shape.height, self._shape.width)) > MOST_PIXELS:
            raise UserError(f"run: it makes pictures of {pixels:,} pixels, above {MOST_PIXELS:,}")

    def read(self, names: Sequence[str]) -> Iterator[Stills | Moving]:
        """Yield what can be read; an animation's frames are to be asked for before the next is."""
        for start in range(0, len(names), AT_ONCE):
            headers = dict(self._headers(names[start : start + AT_ONCE]))
            timings = dict(self._timings([name for name, header in headers.items() if MOVES in header.notes]))
            stills = {name: header for name, header in headers.items() if name not in timings}
            yield from self._stills(stills)
            for name, timing in timings.items():
                if name not in self.skipped:
                    yield Moving(name, timing, self._frames(name, timing, headers[name]))

    def _headers(self, names: Sequence[str]) -> Iterator[tuple[str, Header]]:
        found = (one for some in self._decoders.headers(names) for one in some)
        for name, header in zip(names, found, strict=True):
            if not isinstance(header, Header):
                self.skipped[name] = header
            elif self._whole and self._translated(header.height, header.width) > MOST_PIXELS:
                self.skipped[name] = f"{header.height}x{header.width} pixels, translated, are above {MOST_PIXELS:,}"
            else:
                yield name, header

    def _translated(self, height: int, width: int) -> int:
        """Return how many pixels a translation has."""
        return height * width * self._use.scale**2

    def _timings(self, names: Sequence[str]) -> Iterator[tuple[str, Timing]]:
        for name, timing in zip(names, self._decoders.timings(names), strict=True):
            if isinstance(timing, str):
                self.skipped[name] = timing
                yield name, Timing()  # and is no still picture either
            elif timing.durations:
                yield name, timing

    def _stills(self, headers: Mapping[str, Header]) -> Iterator[Stills]:
        members: dict[ImageShape, list[str]] = {}
        for name, header in headers.items():
            members.setdefault(self._shape_of(header), []).append(name)
        for shape, own in members.items():
            parts = self._decoders.split(own, shape.pixels)
            for names, found in zip(
                parts, self._decoders.pixels(parts, shape, self._ranges, memory_of(headers)), strict=True
            ):
                answers = dict(zip(names, found.reasons, strict=True))
                self.skipped |= {name: why for name, why in answers.items() if why is not None}
                if read := [name for name, why in answers.items() if why is None]:
                    yield Stills(read, self._prepared(found.images))

    def _frames(self, name: str, timing: Timing, header: Header) -> Iterator[Pictures]:
        shape, count = self._shape_of(header), len(timing.durations)
        for found in self._decoders.frames(name, count, AT_ONCE, shape, header.memory):
            if why := next((why for why in found.reasons if why is not None), None):
                raise UnreadableError(why)
            yield self._prepared(found.images)

    def _shape_of(self, header: Header) -> ImageShape:
        return ImageShape(self._shape.channels, header.height, header.width) if self._whole else self._shape

    def _prepared(self, images: Pictures) -> Pictures:
        return channels_last(self._use.prepared(images))
