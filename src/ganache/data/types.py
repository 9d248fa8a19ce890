"""What the training loop sees of a data source, and the small records that travel inside this package."""

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ganache.data.digests import DigestCache
from ganache.data.shape import ImageShape
from ganache.support.errors import UserError

Progress = Callable[[int, int], None]
_MAX_SEED = 2**63


@dataclass(frozen=True)
class Batch:
    """Images (B, C, H, W), uint8 or (2-D densities) float32 in [-1, 1], and labels (B,) int64, -1 where none."""

    images: npt.NDArray[Any]
    labels: npt.NDArray[np.int64]


class Stream(Protocol):
    """An infinite shuffled sequence of rows; `count` is the rows of one epoch, None when they never repeat."""

    count: int | None

    def batch(self, position: int, count: int) -> Batch:
        """Return rows `position … position + count`: a pure function of the stream's seed and the position."""
        ...


class Dataset(Protocol):
    """A source of images of one shape; `count` is its rows over all splits, None when it is endless."""

    @property
    def name(self) -> str:
        """What the user gave as the source."""
        ...

    @property
    def shape(self) -> ImageShape:
        """The shape of every image."""
        ...

    @property
    def label_names(self) -> tuple[str, ...]:
        """The classes in the order of the labels; empty when there are none."""
        ...

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the content, independent of path and time; empty while it is not known, in a preview."""
        ...

    @property
    def count(self) -> int | None:
        """Rows over all splits, None when endless."""
        ...

    def summary(self) -> dict[str, Any]:
        """Return what is known of the data as JSON values: counts, classes, splits, decisions, skipped files."""
        ...

    def rows_by_label(self, split: str = "train") -> npt.NDArray[np.int64] | None:
        """Return how many rows (K + 1,) of a split each of the K classes has, and last how many have no label.

        None for data without end, of which every class occurs. Raises UserError for an unknown split.
        """
        ...

    def stream(self, seed: int, labels: Sequence[str] = (), split: str = "train") -> Stream:
        """Return a shuffled stream over a split, only of the named classes if any are named.

        Raises UserError for an unknown split or label.
        """
        ...


class UnreadableError(Exception):
    """This file cannot become an image; the message is the reason that the manifest lists."""


class Skipped(NamedTuple):
    """A file that is not in the set, and why, in words for its owner."""

    file: str
    reason: str


class Row(NamedTuple):
    """A file that is in the set: its path inside the source, its split, its label or None."""

    name: str
    split: str
    label: str | None


@dataclass(frozen=True)
class Options:
    """How to decode: (height, width), channels and the values that become 0 and 255 in files of more than 8 bits,
    each None to decide from the data; the share of files that may fail.

    With `stretch` pictures are brought to the size without regard to their proportions, else covered and cropped.
    Raises UserError for values outside their ranges.
    """

    size: tuple[int, int] | None = None
    channels: int | None = None
    max_skipped: float = 0.01
    stretch: bool = False
    value_range: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        """Check every field before any file is touched."""
        height, width = self.size or (1, 1)
        ImageShape(1 if self.channels is None else self.channels, height, width)
        if not 0 <= self.max_skipped <= 1:
            raise UserError(f"max_skipped: {self.max_skipped} is not a share of the images from 0 to 1")
        low, high = self.value_range or (0, 1)
        if not (-math.inf < low < high < math.inf):
            raise UserError(f"range: {low:g}:{high:g} is not LOW:HIGH, two numbers of which the first is smaller")


@dataclass(frozen=True)
class Block:
    """Consecutive rows of one split, images (n, C, H, W) uint8 and labels (n,) int32, and the files lost among them."""

    split: str
    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int32]
    skipped: tuple[Skipped, ...] = ()


class Peek(NamedTuple):
    """A few rows of each split in order, and how many rows (K + 1,) of each split have each label, last without one."""

    blocks: list[Block]
    counts: dict[str, npt.NDArray[np.int64]]


@dataclass(frozen=True)
class Survey:
    """All that is known of a source before its pixels are decoded; `blocks` decodes them, ordered by split.

    `blocks` begins behind so many rows, decoded or lost; `peek` decodes every n-th row of each split, about as many as
    it is asked for. `headers` is how many headers were read, None where rows have none; `ignored` are fields of the
    manifest about files that are no images.
    """

    kind: str
    candidates: int
    shape: ImageShape
    label_names: tuple[str, ...]
    decisions: dict[str, str]
    original: dict[str, Any]
    blocks: Callable[[int], Generator[Block, None, None]]
    peek: Callable[[int], Peek]
    converted: dict[str, int]
    headers: int | None = None
    skipped: tuple[Skipped, ...] = ()
    ignored: dict[str, Any] = field(default_factory=dict)


class Source(Protocol):
    """Something that can be packed into a store."""

    text: str

    def content_key(self, digests: DigestCache) -> str:
        """Return a hash that changes whenever the content does.

        Raises TooManyUnknownError when more would have to be read than `digests` allows.
        """
        ...

    def survey(self, options: Options, processes: int, progress: Progress, most_headers: int | None = None) -> Survey:
        """Look at everything but the pixels and decide one shape; with `most_headers`, at so many headers at most."""
        ...


def seed_sequence(seed: int, *position: int) -> np.random.SeedSequence:
    """Return the seeds of one numbered part of a stream; raises UserError for a seed outside 0 … 2**63 - 1."""
    if not 0 <= seed < _MAX_SEED:
        raise UserError(f"seed: {seed} is not a whole number from 0 to 2**63 - 1")
    return np.random.SeedSequence([seed, *position])
