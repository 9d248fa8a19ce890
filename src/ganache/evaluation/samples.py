"""What is judged, as one stream of pictures: a generator's samples, a folder or zip of pictures, an array.

Nothing is held but a piece at a time, and nothing that is read can run code. Of files that hold more than is asked for,
a seeded choice is taken: files are often sorted by class, and their first ones would not stand for all.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ganache.data.containers import open_container
from ganache.data.containers.folders import Folder
from ganache.data.containers.zips import Zip
from ganache.data.conversion import RULES
from ganache.data.decoding.pool import Decoders
from ganache.data.decoding.value_ranges import FoundRanges, find_ranges
from ganache.data.npy import StoredArray, open_arrays
from ganache.data.ranges import Pair, Ranges
from ganache.data.shape import Fitting, ImageShape
from ganache.data.sources.array_files import find_sets, read_labels
from ganache.data.sources.label_files import arrange_container
from ganache.data.sources.picture_arrays import PictureArray, as_pictures, find_scale, is_points
from ganache.data.sources.picture_files import Headers
from ganache.evaluation.metrics.inputs import stream
from ganache.evaluation.pieces import Piece, piece_size
from ganache.runs.products import TrainedGenerator
from ganache.support.errors import UserError

# From a generator, how many, a seed and classes to the images of its `sample`, in pieces of any sizes.
Draw: TypeAlias = Callable[[TrainedGenerator, int, int, Sequence[str]], Iterator[NDArray[Any]]]


def drawn_alone(generator: TrainedGenerator, count: int, seed: int, asked: Sequence[str]) -> Iterator[NDArray[Any]]:
    """Return the images as a generator draws them by itself."""
    return generator.stream(count, seed, asked)


class Samples(Protocol):
    """Where samples come from. `available` is how many there are, None without end; `shape` None if any will do."""

    source: str
    kind: str
    available: int | None
    shape: ImageShape | None
    images_seen: int | None
    label_names: tuple[str, ...]
    read: str  # how the pictures were brought to the reals' size, in words
    beside: tuple[str, ...]  # what lies beside each picture, by the names of `Piece.beside`
    settings: Mapping[str, Any]  # how the samples came about, where their scores' protocols must say so

    def stream(self, count: int, seed: int, shape: ImageShape, asked: Sequence[str]) -> Iterator[Piece]:
        """Yield `count` samples in pieces of any sizes, in the order of the source; labels count in `label_names`.

        A conditional generator is asked for the classes `asked`, in turn.
        """


class GeneratorSamples:
    """A generator, which draws as many as are wanted; sample i depends on seed, i and its class alone.

    `draw` has it drawn by others too.
    """

    available: int | None = None
    beside: tuple[str, ...] = ()

    def __init__(
        self,
        generator: TrainedGenerator,
        source: str,
        kind: str = "generator",
        draw: Draw = drawn_alone,
        settings: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.generator, self._draw, self.settings = generator, draw, settings
        self.source, self.kind = source, kind
        self.shape: ImageShape | None = generator.shape
        seen = generator.description.get("images_seen")
        self.images_seen = seen if isinstance(seen, int) else None
        self.label_names = generator.label_names
        self.read = "as drawn"

    def stream(self, count: int, seed: int, shape: ImageShape, asked: Sequence[str]) -> Iterator[Piece]:
        """Yield samples; without `asked` a conditional generator chooses classes by itself, and none is known."""
        assert shape == self.generator.shape, (shape, self.generator.shape)
        wanted = np.array(self.generator.label_indices(asked), np.int64)
        done = 0
        for images in self._draw(self.generator, count, seed, asked):
            places = np.arange(done, done + len(images))
            yield Piece(images, wanted[places % len(wanted)] if len(wanted) else np.full(len(images), -1))
            done += len(images)


class PictureSamples:
    """The image files of a folder or zip, classes by subfolder; raises UserError when there are none to read."""

    images_seen: int | None = None
    beside: tuple[str, ...] = ()
    settings: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, path: Path, value_range: Pair | Ranges | None = None) -> None:
        self.source, self.kind = str(path), "folder of pictures" if path.is_dir() else "zip of pictures"
        self._container: Folder | Zip = open_container(path)
        listing, (self._rows, skipped, _) = arrange_container(self._container)
        if odd := [*listing.skipped, *skipped]:
            raise UserError(f"samples: {odd[0].file} of {self.source!r} cannot be judged: {odd[0].reason}")
        if not self._rows:
            raise UserError(f"samples: {self.source!r} holds no pictures")
        self.available: int | None = len(self._rows)
        self.shape: ImageShape | None = None
        self.label_names = tuple(sorted({row.label for row in self._rows if row.label is not None}))
        self.read = ""
        self.fitting: Fitting = "covered"
        self.why = ""  # how pictures of other sizes are brought to the shape, and why to that one
        self.values = value_range  # what becomes 0 and 255 in files of more than 8 bits; None: what they show
        self._decoders = Decoders(self._container)

    @property
    def own_shape(self) -> ImageShape | None:
        """The shape that all files share, or None; raises UserError for a file that cannot be read."""
        sizes, channels = [*self._headers.sizes], [*self._headers.channels]
        return ImageShape(channels[0], *sizes[0]) if len(sizes) == len(channels) == 1 else None

    def stream(self, count: int, seed: int, shape: ImageShape, asked: Sequence[str]) -> Iterator[Piece]:
        """Yield pictures read as training reads them; raises UserError for a file that cannot be read."""
        assert self.available is not None
        rows = [self._rows[index] for index in chosen(self.available, count, seed)]
        numbers: dict[str | None, int] = {name: number for number, name in enumerate(self.label_names)}
        numbers[None] = -1
        why, decisions = f", {self.why}" if self.why else "", self._found.decisions
        rules = [f"other sizes are {RULES[self.fitting]}", *decisions.values()]
        self.read = "; ".join([f"{shape}{why}", *rules])
        done = 0
        for images in self._read([row.name for row in rows], shape):
            labels = [numbers[row.label] for row in rows[done : done + len(images)]]
            yield Piece(images, np.array(labels, np.int64))
            done += len(images)

    def pick(self, places: Sequence[int], count: int, seed: int, shape: ImageShape) -> NDArray[np.uint8]:
        """Return those (n, H, W, C) of the pictures that `stream` yields that have these places in it."""
        assert self.available is not None
        rows = chosen(self.available, count, seed)
        return np.concatenate(list(self._read([self._rows[rows[place]].name for place in places], shape)))

    def _read(self, wanted: Sequence[str], shape: ImageShape) -> Iterator[NDArray[np.uint8]]:
        parts = self._decoders.split(wanted, shape.pixels)
        memory = self._headers.memory
        for names, pixels in zip(
            parts, self._decoders.pixels(parts, shape, self._found.ranges, memory, self.fitting), strict=True
        ):
            self._refuse({name: reason for name, reason in zip(names, pixels.reasons, strict=True) if reason})
            yield pixels.images.transpose(0, 2, 3, 1)

    @functools.cached_property
    def _headers(self) -> Headers:
        headers = Headers(self._rows, None)
        for answers in self._decoders.headers([row.name for row in self._rows]):
            headers.add(answers)
        self._refuse(dict(headers.lost))
        return headers

    @functools.cached_property
    def _found(self) -> FoundRanges:
        found = find_ranges(self._decoders, self._headers.deep, self._headers.memory, self.values)
        self._refuse(found.unreadable)
        return found

    def _refuse(self, reasons: Mapping[str, str]) -> None:
        for name, reason in reasons.items():
            raise UserError(f"samples: {name} of {self.source!r} cannot be read: {reason}")


class ArraySamples:
    """The rows of a .npy or .npz: pictures as data may hold them, with their classes, or float points (N, 2)."""

    images_seen: int | None = None
    beside: tuple[str, ...] = ()
    settings: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, path: Path, value_range: Pair | Ranges | None = None) -> None:
        self.source, self.kind, self.values = str(path), f"{path.suffix.lower()} array", value_range
        self.label_names: tuple[str, ...] = ()
        self._pieces: Callable[[int], Iterator[NDArray[Any]]]
        if (points := points_in(path)) is not None:
            self.shape: ImageShape | None = ImageShape(2, 1, 1)
            self.available: int | None = points.shape[0]
            self._labels = np.full(points.shape[0], -1, np.int32)
            self._pieces = lambda rows: (piece.astype(np.float32).reshape(-1, 1, 1, 2) for piece in points.pieces(rows))
            self.read = "as they are"
            return
        sets, _ = find_sets(path, "samples")
        if len(sets) > 1:
            splits = ", ".join(part.split for part in sets)
            raise UserError(f"samples: {path} holds the splits {splits}; save the samples to be judged alone")
        pictures = as_pictures(sets[0].pictures)
        self.label_names, (self._labels,) = read_labels(sets)
        self.shape, self.available = pictures.shape, pictures.count
        self._pieces = functools.partial(self._scaled, pictures)
        self.read = ""

    def _scaled(self, pictures: PictureArray, rows: int) -> Iterator[NDArray[np.uint8]]:
        scale = find_scale([pictures], self.values)
        self.read = "as they are" if scale.ends is None else scale.said
        return pictures.pieces(rows, scale)

    def stream(self, count: int, seed: int, shape: ImageShape, asked: Sequence[str]) -> Iterator[Piece]:
        """Yield rows; raises UserError when the file turns out to be damaged."""
        assert shape == self.shape, (shape, self.shape)
        assert self.available is not None
        wanted = chosen(self.available, count, seed)
        done = 0
        for images in self._pieces(piece_size(shape)):
            first, last = np.searchsorted(wanted, [done, done + len(images)])
            if last > first:
                rows = wanted[first:last]
                yield Piece(images[rows - done], self._labels[rows].astype(np.int64))
            if last == len(wanted):
                return
            done += len(images)


def points_in(path: Path) -> StoredArray | None:
    """Return the array of points in a file, if that is what it holds."""
    arrays = open_arrays(path, "samples")
    likely = [array for array in arrays if len(arrays) == 1 or array.name == "arr_0"]
    return next((array for array in likely if is_points(array.shape, array.dtype)), None)


def chosen(available: int, count: int, seed: int) -> NDArray[np.int64]:
    """Return the numbers (count,), increasing, of a seeded choice among `available` rows."""
    if count >= available:
        return np.arange(available)
    order: NDArray[np.int64] = stream(seed, "chosen samples").permutation(available)
    return np.sort(order[:count])
