"""Which rows of a data set a training takes, and which classes its product knows: decided once, in the plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ganache.data.dataset import Batch, Dataset, RowStream, Stream
from ganache.data.mirroring import MirroredAtRandom, MirroredRows
from ganache.data.shape import ImageShape
from ganache.support.errors import UserError

TRAIN = "train"


@dataclass(frozen=True)
class Selection:
    """A data set as a training sees it; `select` makes one.

    `label_names` are the classes that occur among the training rows that were asked for, in the data's order, and the
    labels of every stream count in them. A conditional training takes labelled rows of these classes alone. `asked` are
    the classes that were named and occur, and `missing` those that do not; `left_out` is how many of the training rows
    asked for are not taken, having no label. `mirrored`: whether a training also takes the mirror picture of every row.
    """

    dataset: Dataset
    label_names: tuple[str, ...]
    conditional: bool
    asked: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    left_out: int = 0
    mirrored: bool = False

    @property
    def shape(self) -> ImageShape:
        """The shape of every image."""
        return self.dataset.shape

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the whole data's content."""
        return self.dataset.fingerprint

    def summary(self) -> dict[str, Any]:
        """Return what is known of the whole data as JSON values."""
        return self.dataset.summary()

    def describe(self) -> dict[str, Any]:
        """Return what is taken as JSON values: classes, training rows (None without end), of each class, left out."""
        taken: dict[str, Any] = {"classes": list(self.label_names), "rows": self.rows(), "left_out": self.left_out}
        counts = self.dataset.rows_by_label(TRAIN)
        if counts is not None:
            by_class = _by_class(self.dataset, counts)
            taken["by_class"] = {name: by_class[name] for name in self.label_names}
        return taken

    def notes(self) -> list[str]:
        """Return what a user who asked for these rows would not expect, in sentences."""
        rows, notes = self.rows(), []
        if self.mirrored:
            notes.append(
                f"mirrored: each of {rows:,} training images comes as its mirror picture too; scores take none"
            )
        if self.left_out and rows is not None:
            notes.append(
                f"without a label, and left out: {self.left_out:,} of {rows + self.left_out:,} training images"
            )
        if absent := [name for name in self.dataset.label_names if self._is_absent(name)]:
            shown = ", ".join(absent[:10]) + (" …" if len(absent) > 10 else "")
            notes.append(f"without a training image, and unknown to the generator: {shown}")
        return notes

    def labels_in(self, split: str = TRAIN) -> tuple[str, ...]:
        """Return the classes to which a split's rows are restricted; none where all of its rows are taken."""
        counts = self.dataset.rows_by_label(split)
        if counts is None or (self.asked and not self.conditional):
            return self.asked
        if self.dataset.shape.given and split != TRAIN:
            return ()  # who translates is never told a class, and may meet one that was not trained
        foreign = bool(set(occurring(self.dataset, split)) - set(self.label_names))
        if self.conditional:
            return self.label_names if foreign or counts[-1] else ()
        # Where every training row has a class, rows of other classes are something that was never trained.
        is_labelled = not _unlabelled(self.dataset)
        return self.label_names if foreign and is_labelled else ()

    def rows(self, split: str = TRAIN) -> int | None:
        """Return how many rows of a split are taken, 0 where it is not there; None for data without end."""
        if split not in self.summary().get("splits", {TRAIN: None}):
            return 0
        counts = self.dataset.rows_by_label(split)
        if counts is None:
            return None
        by_class, wanted = _by_class(self.dataset, counts), self.labels_in(split)
        return sum(by_class[name] for name in wanted) if wanted else int(counts.sum())

    def stream(self, seed: int, split: str = TRAIN) -> Stream:
        """Return a shuffled stream over what is taken of a split, its labels counting in `label_names`, -1 for none.

        Raises UserError for an unknown split, and where nothing of it is taken.
        """
        found = self._mirrored(self.dataset.stream(seed, self.labels_in(split), split), seed, split)
        if self.label_names == self.dataset.label_names:
            return found
        places = {name: place for place, name in enumerate(self.label_names)}
        numbers = np.array([*(places.get(name, -1) for name in self.dataset.label_names), -1])
        return _RenumberedRows(found, numbers) if isinstance(found, RowStream) else _Renumbered(found, numbers)

    def _mirrored(self, found: Stream, seed: int, split: str) -> Stream:
        """Return a stream with mirror pictures where they are taken: not of what a training is examined on."""
        if not self.mirrored or split != TRAIN:
            return found
        return MirroredRows(found, seed) if isinstance(found, RowStream) else MirroredAtRandom(found, seed)

    def _is_absent(self, name: str) -> bool:
        wanted = name in self.missing or (self.conditional and not self.asked)
        return wanted and name not in self.label_names


class _Renumbered:
    """A stream with other numbers for its labels; the last of `numbers` is that of rows without one."""

    def __init__(self, stream: Stream, numbers: npt.NDArray[np.int64]) -> None:
        self.count = stream.count
        self._stream, self._numbers = stream, numbers

    def batch(self, position: int, count: int) -> Batch:
        return self._renumbered(self._stream.batch(position, count))

    def _renumbered(self, found: Batch) -> Batch:
        return Batch(found.images, self._numbers[found.labels])


class _RenumberedRows(_Renumbered):
    """The same of a stream over rows that can be told by number."""

    count: int

    def __init__(self, stream: RowStream, numbers: npt.NDArray[np.int64]) -> None:
        super().__init__(stream, numbers)
        self._rows = stream

    def places(self, position: int, count: int) -> npt.NDArray[np.int64]:
        return self._rows.places(position, count)

    def at(self, places: npt.NDArray[np.int64]) -> Batch:
        return self._renumbered(self._rows.at(places))


def select(dataset: Dataset, labels: Sequence[str] = (), conditional: bool = False, mirror: bool = False) -> Selection:
    """Return what a training takes of a data set, of the classes `labels` alone if any are named.

    With `mirror` every picture comes mirrored too. Raises UserError where there are none to mirror.

    Raises UserError for an unknown class, when nothing of what was asked for is there, and when a conditional training
    would have no labels.
    """
    asked = tuple(dict.fromkeys(labels))
    if mirror and (dataset.shape.is_row or dataset.count is None):
        raise UserError(f"mirror: {dataset.name!r} has no pictures that could be mirrored")
    if asked:
        dataset.stream(0, asked)  # refuses unknown classes, and those that no training row has
    there = frozenset(occurring(dataset, TRAIN))
    if conditional and not there:
        raise UserError(
            f"conditional: the training images of {dataset.name!r} have no labels; class folders would name them"
        )
    return Selection(
        dataset,
        label_names=tuple(name for name in dataset.label_names if name in there and (not asked or name in asked)),
        conditional=conditional,
        asked=tuple(name for name in asked if name in there),
        missing=tuple(name for name in asked if name not in there),
        left_out=_unlabelled(dataset) if conditional and not asked else 0,
        mirrored=mirror,
    )


def compared_classes(
    dataset: Dataset, known: Sequence[str], labels: Sequence[str] = (), split: str = TRAIN
) -> tuple[str, ...]:
    """Return the classes of the reals that a generator's samples are compared with; none where all reals serve.

    They are the `labels` that were asked for, or else those that are `known` to a conditional generator, where the
    split has rows of others or without a label beside them. Raises UserError for known classes that the data lacks.
    """
    if odd := sorted(set(known) - set(dataset.label_names)):
        shown = f"{', '.join(odd[:10])}{' …' if len(odd) > 10 else ''}"
        raise UserError(f"data: {dataset.name!r} lacks classes that the generator draws: {shown}")
    if labels or not known:
        return tuple(labels)
    there, counts = set(occurring(dataset, split)), dataset.rows_by_label(split)
    has_others = bool(there - set(known)) or (counts is not None and bool(counts[-1]))
    return tuple(known) if has_others and there & set(known) else ()


def occurring(dataset: Dataset, split: str = TRAIN) -> tuple[str, ...]:
    """Return the classes of which a split has rows, in the data's order; all of them for data without end."""
    counts = dataset.rows_by_label(split)
    if counts is None:
        return dataset.label_names
    return tuple(name for name, count in zip(dataset.label_names, counts[:-1], strict=True) if count)


def _by_class(dataset: Dataset, counts: npt.NDArray[np.int64]) -> dict[str, int]:
    return dict(zip(dataset.label_names, counts[:-1].tolist(), strict=True))


def _unlabelled(dataset: Dataset) -> int:
    counts = dataset.rows_by_label(TRAIN)
    return 0 if counts is None else int(counts[-1])


HELD_OUT_SPLITS = ("test", "val", "valid", "validation")


def held_out_split(data: Selection) -> str | None:
    """Return the split on which a training can be examined: one with images such as it takes; None without any."""
    return next((name for name in HELD_OUT_SPLITS if data.rows(name)), None)
