"""What a batch, a stream and a dataset are: all that a training sees of its data."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ganache.data.shape import ImageShape
from ganache.support.errors import UserError, did_you_mean

Progress = Callable[[int, int], None]
_MAX_SEED = 2**63


@dataclass(frozen=True)
class Batch:
    """Images (B, C, H, W), uint8 or (rows and points) float32 in [-1, 1], and labels (B,) int64, -1 where none.

    A row that was not trained on may hold a number beyond ±1.
    """

    images: npt.NDArray[Any]
    labels: npt.NDArray[np.int64]


class Stream(Protocol):
    """An infinite shuffled sequence of rows."""

    @property
    def count(self) -> int | None:
        """The rows of one epoch, None when they never repeat."""

    def batch(self, position: int, count: int) -> Batch:
        """Return rows `position … position + count`: a pure function of the stream's seed and the position."""


@runtime_checkable
class RowStream(Stream, Protocol):
    """A stream over rows that can be told by number: batch(position, count) = at(places(position, count)).

    Which rows come next costs nothing to know, so they can be read before they are asked for, or once and for all.
    """

    @property
    def count(self) -> int:
        """The rows of one epoch."""

    def places(self, position: int, count: int) -> npt.NDArray[np.int64]:
        """Return the numbers, each from 0 to the stream's `count` - 1, of rows `position … position + count`."""

    def at(self, places: npt.NDArray[np.int64]) -> Batch:
        """Return the rows with these numbers, in any order and as often as asked, to any thread."""


class Dataset(Protocol):
    """A source of images of one shape; `count` is its rows over all splits, None when it is endless."""

    @property
    def name(self) -> str:
        """What the user gave as the source."""

    @property
    def shape(self) -> ImageShape:
        """The shape of every image."""

    @property
    def label_names(self) -> tuple[str, ...]:
        """The classes in the order of the labels; empty when there are none."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the content, independent of path and time; empty while it is not known, in a preview."""

    @property
    def count(self) -> int | None:
        """Rows over all splits, None when endless."""

    def summary(self) -> dict[str, Any]:
        """Return what is known of the data as JSON values: counts, classes, splits, decisions, skipped files."""

    def rows_by_label(self, split: str = "train") -> npt.NDArray[np.int64] | None:
        """Return how many rows (K + 1,) of a split each of the K classes has, and last how many have no label.

        None for data without end, of which every class occurs. Raises UserError for an unknown split.
        """

    def stream(self, seed: int, labels: Sequence[str] = (), split: str = "train") -> Stream:
        """Return a shuffled stream over a split, only of the named classes if any are named.

        Raises UserError for an unknown split or label.
        """


@runtime_checkable
class RowDataset(Dataset, Protocol):
    """A data set with an end, whose rows can be told by their number in a split."""

    @property
    def count(self) -> int:
        """Rows over all splits."""

    def labels_of(self, split: str) -> npt.NDArray[np.int64]:
        """Return the class of each row of a split, -1 for none; raises UserError for an unknown split."""

    def pick(self, split: str, places: npt.NDArray[np.int64]) -> Batch:
        """Return rows of a split by their places; raises UserError for an unknown split."""


def unknown_split(split: str, known: Collection[str]) -> UserError:
    """Return the error that says which splits there are instead."""
    return UserError(f"split: {split!r} is not in this data, which has {', '.join(known)}{did_you_mean(split, known)}")


def seed_sequence(seed: int, *position: int) -> np.random.SeedSequence:
    """Return the seeds of one numbered part of a stream; raises UserError for a seed outside 0 … 2**63 - 1."""
    if not 0 <= seed < _MAX_SEED:
        raise UserError(f"seed: {seed} is not a whole number from 0 to 2**63 - 1")
    return np.random.SeedSequence([seed, *position])
