"""One side of a translation: a packed set, or one of its classes, and the names by which its pictures have partners."""

import posixpath
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ganache.data.containers import open_container
from ganache.data.containers.listing import printable
from ganache.data.dataset import Batch, RowStream
from ganache.data.sources.label_files import arrange_container
from ganache.data.store.packed import PackedDataset
from ganache.support.errors import UserError
from ganache.support.files import at_home

Integers = npt.NDArray[np.int64]
Names = Mapping[str, Sequence[str]]  # of the rows of each split


@dataclass(frozen=True)
class Domain:
    """All pictures of a set, or those of one class."""

    dataset: PackedDataset
    label: str | None = None

    @property
    def title(self) -> str:
        """What the user would call it."""
        return self.dataset.name if self.label is None else f"{self.label!r} of {self.dataset.name}"

    @property
    def splits(self) -> dict[str, int]:
        """The splits that have pictures of it, and how many."""
        return {split: len(rows) for split, rows in self._rows.items() if len(rows)}

    def rows(self, split: str) -> Integers:
        """Return the numbers of its rows among those of a split that the set has."""
        return self._rows[split]

    @cached_property
    def _rows(self) -> dict[str, Integers]:
        labels = {split: self.dataset.labels_of(split) for split in self.dataset.summary()["splits"]}
        if self.label is None:
            return {split: np.arange(len(every)) for split, every in labels.items()}
        number = self.dataset.label_names.index(self.label)
        return {split: np.flatnonzero(every == number) for split, every in labels.items()}

    def stream(self, seed: int, split: str) -> RowStream:
        """Return a shuffled stream, whose row i is the i-th of `rows`."""
        return self.dataset.stream(seed, () if self.label is None else (self.label,), split)

    def pick(self, split: str, places: Integers) -> Batch:
        """Return pictures by their places among `rows`."""
        return self.dataset.pick(split, self.rows(split)[places])

    def keys(self, split: str, names: Names) -> list[str]:
        """Return what each of `rows` is called, by the names of all rows, so that a partner is called the same.

        That is a picture's path below its split without the suffix, or below its class. Raises UserError where two are
        called the same.
        """
        own = [names[split][row] for row in self.rows(split)]
        keys = [posixpath.splitext(posixpath.basename(name) if self.label is not None else name)[0] for name in own]
        if twice := [key for key, count in Counter(keys).items() if count > 1]:
            raise UserError(f"pairs: {len(twice)} names stand for several pictures in {self.title}, such as {twice[0]}")
        return keys


def names_of(dataset: PackedDataset) -> Names | None:
    """Return the names of the files that became the rows of each split, below the split's folder, in their order.

    None for arrays, packed stores and previews, whose rows have no names. Raises UserError when files have changed.
    """
    path = at_home(dataset.name)
    kind = dataset.summary()["kind"]
    if dataset.store is None or not kind.endswith(" of images") or not path.exists() or path == dataset.store.path:
        return None
    lost = {skipped.file for skipped in dataset.store.skipped()}
    _, arranged = arrange_container(open_container(path))
    found: dict[str, list[str]] = {}
    for row in arranged.rows:
        if printable(row.name) not in lost:
            found.setdefault(row.split, []).append(unicodedata.normalize("NFC", printable(row.name)))
    splits: dict[str, Any] = dataset.summary()["splits"]
    if {split: len(names) for split, names in found.items()} != {
        s: stop - start for s, (start, stop) in splits.items()
    }:
        raise UserError(f"data: the pictures in {dataset.name!r} have changed since they were packed; try again")
    return {split: _below_common_folder(names) for split, names in found.items()}


def _below_common_folder(names: list[str]) -> list[str]:
    folders = posixpath.commonpath([posixpath.dirname(name) for name in names]) if names else ""
    return [name.removeprefix(f"{folders}/") if folders else name for name in names]
