"""Rows in memory or memory-mapped as a dataset: shuffled streams that are pure functions of seed and position."""

import copy
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ganache.data.dataset import Batch, seed_sequence, unknown_split
from ganache.data.labels import count_labels
from ganache.data.ranges import Ranges, recorded_ranges
from ganache.data.shuffling import Shuffle
from ganache.data.store.mapped import expect, let_go
from ganache.data.store.store import TABLE, Store, shape_of
from ganache.data.store.summaries import summarise
from ganache.support.errors import UserError, did_you_mean
from ganache.support.units import listed

_TOUCHED_BYTES = 2**27  # of rows that were read, after which a mapped file's pages are given back
LARGE = 2**30  # bytes of images, above which they may not stay in memory, and rows are announced before they are read
_INTERNAL = ("format", "version", "sha256", TABLE)


class PackedDataset:
    """A packed store, or a sample of the rows that one would hold, as a Dataset with access in order.

    `held` maps a split to its rows [start, stop) among the images (N, C, H, W) and labels (N,); `store` is None for a
    sample, whose manifest still describes the whole set, and `counts` are then those of `rows_by_label` for each split.
    """

    def __init__(
        self,
        name: str,
        manifest: dict[str, Any],
        images: npt.NDArray[Any],
        labels: npt.NDArray[np.int32],
        held: dict[str, tuple[int, int]],
        store: Store | None = None,
        counts: dict[str, npt.NDArray[np.int64]] | None = None,
    ) -> None:
        self.name = name
        self.shape = shape_of(manifest)
        self.store = store
        self._manifest = manifest
        self._images, self._labels = images, labels
        self._held = held
        self._counts = counts or {}

    @property
    def label_names(self) -> tuple[str, ...]:
        """The classes in the order of the labels."""
        return tuple(self._manifest["label_names"])

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the content, independent of path and time; empty for a sample."""
        return str(self._manifest["fingerprint"] or "")

    @property
    def count(self) -> int:
        """Rows over all splits."""
        return int(self._manifest["count"])

    def summary(self) -> dict[str, Any]:
        """Return the manifest's knowledge as JSON values, under the name that the user gave.

        At most a hundred of the names of skipped and ignored files are in it, beside their number.
        """
        known = {key: value for key, value in self._manifest.items() if key not in _INTERNAL}
        return {**copy.deepcopy(summarise(known)), "source": self.name}

    @property
    def ranges(self) -> Ranges | None:
        """The values that became 0 and 255, by which others that belong with these are read; None if all were bytes."""
        return recorded_ranges(self._manifest.get("ranges"))

    def stream(self, seed: int, labels: Sequence[str] = (), split: str = "train") -> "ShuffledStream":
        """Return a shuffled stream over a split, only of the named classes if any are named.

        Raises UserError for an unknown split, label or seed, and when a named class has no rows in the split.
        """
        seed_sequence(seed)
        start, stop = self._range(split)
        rows, numbers = np.arange(start, stop), self._labels
        if wanted := [self._number(label) for label in labels]:
            if not self.rows_by_label(split)[wanted].any():
                raise UserError(f"labels: no image of the split {split!r} is labelled {listed(labels)}")
            chosen = rows[np.isin(numbers[start:stop], wanted)]
            if not len(chosen):
                # A sample may lack a rare class; for what a sample is for, any rows do under its name.
                numbers = np.resize(np.array(wanted, numbers.dtype), len(numbers))
            rows = chosen if len(chosen) else rows
        return ShuffledStream(self._images, numbers, rows, seed)

    def rows_by_label(self, split: str = "train") -> npt.NDArray[np.int64]:
        """Return how many rows (K + 1,) of a split each of the K classes has, and last how many have no label.

        Of a sample, those of the whole set. Raises UserError for an unknown split.
        """
        start, stop = self._range(split)
        if split not in self._counts:
            self._counts[split] = count_labels(self._labels[start:stop], len(self.label_names))
        return self._counts[split]

    def rows(self, split: str, start: int, stop: int) -> Batch:
        """Return rows `start … stop` of a split in the store's order; raises UserError for an unknown split."""
        first, last = self._range(split)
        assert 0 <= start <= stop <= last - first
        return self.pick(split, np.arange(start, stop))

    def pick(self, split: str, rows: npt.NDArray[np.int64]) -> Batch:
        """Return rows (N,) of a split, in any order and as often as asked; raises UserError for an unknown split."""
        first, last = self._range(split)
        assert len(rows) == 0 or (rows.min() >= 0 and rows.max() < last - first)
        return _gather(self._images, self._labels, first + rows)

    def labels_of(self, split: str) -> npt.NDArray[np.int64]:
        """Return the label of every row of a split (-1: none); raises UserError for an unknown split."""
        first, last = self._range(split)
        return self._labels[first:last].astype(np.int64)

    def relabelled(self, names: Sequence[str], labels: npt.NDArray[np.int32]) -> "PackedDataset":
        """Return the same rows with other classes (count,), -1 for none, under a fingerprint that tells them."""
        assert labels.shape == self._labels.shape, (labels.shape, self._labels.shape)
        own = hashlib.sha256(json.dumps([self.fingerprint, *names]).encode())
        own.update(labels.astype("<i4").tobytes())
        told = count_labels(labels, len(names)).tolist()
        classes = {"label_names": list(names), "classes": dict(zip(names, told, strict=False)), "unlabelled": told[-1]}
        manifest = {**self._manifest, **classes, "fingerprint": own.hexdigest()}
        return PackedDataset(self.name, manifest, self._images, labels, self._held, self.store)

    def _range(self, split: str) -> tuple[int, int]:
        if split not in self._held:
            raise unknown_split(split, self._held)
        return self._held[split]

    def _number(self, label: str) -> int:
        names = self.label_names
        if not names:
            raise UserError(f"labels: {label!r} was asked for, but the data {self.name!r} has no labels")
        if label not in names:
            close = did_you_mean(label, names)
            raise UserError(f"labels: {label!r} is not a class of this data{close}: {listed(names)}")
        return names.index(label)


class ShuffledStream:
    """All rows in a new order every epoch, without end; `count` is the rows of one epoch.

    The orders of two epochs are held, 8 bytes a row each, and the rows themselves: 24 bytes a row, whatever the images'
    size. Of a mapped file a bounded part stays in memory.
    """

    def __init__(
        self,
        images: npt.NDArray[Any],
        labels: npt.NDArray[np.int32],
        rows: npt.NDArray[np.int64],
        seed: int,
        release: Callable[[npt.NDArray[Any]], None] = let_go,
        most_touched: int = _TOUCHED_BYTES,
    ) -> None:
        self.count = len(rows)
        self._images, self._labels = images, labels
        self._rows = rows
        self._shuffle = Shuffle(self.count, seed)
        self._release, self._most_touched, self._touched = release, most_touched, 0

    def batch(self, position: int, count: int) -> Batch:
        """Return rows `position … position + count`, across the borders of epochs, as fresh arrays."""
        return self.at(self.places(position, count))

    def places(self, position: int, count: int) -> npt.NDArray[np.int64]:
        """Return the numbers (count,) of rows `position … position + count` among those of the stream."""
        return self._shuffle.places(position, count)

    def at(self, places: npt.NDArray[np.int64]) -> Batch:
        """Return the rows with these numbers as fresh arrays; several threads may ask at once."""
        batch = _gather(self._images, self._labels, self._rows[places])
        self._touched += batch.images.nbytes
        if min(self._touched, self._images.nbytes) > self._most_touched:
            self._release(self._images)
            self._touched = 0
        return batch


def from_store(name: str, store: Store) -> PackedDataset:
    """Return a whole store as the dataset that the user called `name`."""
    splits = {split: (start, stop) for split, (start, stop) in store.manifest["splits"].items()}
    return PackedDataset(name, store.manifest, store.images, store.labels, splits, store)


def _gather(
    images: npt.NDArray[Any], labels: npt.NDArray[np.int32], rows: npt.NDArray[np.int64]
) -> Batch:  # fmt: skip
    if images.nbytes > LARGE:
        expect(images, rows)
    return Batch(np.ascontiguousarray(images[rows]), labels[rows].astype(np.int64))
