"""Two domains as one set: pictures with their partners, or pictures of both that have nothing to do with each other."""

import abc
import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ganache.data.dataset import Batch, RowStream, Stream, seed_sequence, unknown_split
from ganache.data.labels import count_labels
from ganache.data.selection import TRAIN
from ganache.data.shape import ImageShape
from ganache.data.shuffling import Shuffle
from ganache.data.twofold.domains import Domain, Integers, Names, names_of
from ganache.support.errors import UserError
from ganache.support.streams import derive


class Twofold(abc.ABC):
    """Inputs from one domain and targets from another, of one size; classes are the inputs', where both have them all.

    Raises UserError for sizes that differ, and where one of both has no training pictures.
    """

    kind: str
    are_pairs: ClassVar[bool]  # whether an input and its target belong together

    def __init__(self, first: Domain, second: Domain) -> None:
        self.first, self.second = first, second
        a, b = first.dataset.shape, second.dataset.shape
        if (a.height, a.width) != (b.height, b.width):
            raise UserError(
                f"size: {first.title} has {a.height}x{a.width} pixels and {second.title} {b.height}x{b.width};"
                " --size HEIGHTxWIDTH makes them one"
            )
        self.shape = ImageShape(a.channels + b.channels, a.height, a.width, given=a.channels)
        self.name = f"{first.title} → {second.title}"
        for one in (first, second):
            if TRAIN not in one.splits:
                raise UserError(f"data: {one.title} has no training pictures")

    @property
    @abc.abstractmethod
    def counts(self) -> dict[str, int]:
        """How many rows each split has."""

    @abc.abstractmethod
    def stream(self, seed: int, labels: Sequence[str] = (), split: str = TRAIN) -> Stream:
        """Return shuffled rows; raises UserError for an unknown split, or for asking for classes."""

    @abc.abstractmethod
    def partners(self, split: str) -> tuple[Integers, Integers]:
        """Return for each row of a split the places of its two pictures in their domains."""

    @property
    def label_names(self) -> tuple[str, ...]:
        """The classes of the inputs; none where the domains themselves are classes."""
        return self.first.dataset.label_names if self.first.label is None else ()

    @property
    def count(self) -> int:
        """Rows over all splits."""
        return sum(self.counts.values())

    @property
    def fingerprint(self) -> str:
        """SHA-256 over both domains and how they meet; empty while one of them is a preview."""
        parts = [(one.dataset.fingerprint, one.label) for one in (self.first, self.second)]
        if not all(fingerprint for fingerprint, _ in parts):
            return ""
        return hashlib.sha256(json.dumps([self.kind, *parts]).encode()).hexdigest()

    def summary(self) -> dict[str, Any]:
        """Return what is known of both as JSON values."""
        splits, end = {}, 0
        for split, count in self.counts.items():
            splits[split], end = [end, end + count], end + count
        own = [one.dataset.summary() for one in (self.first, self.second)]
        classes = dict(zip(self.label_names, self.rows_by_label().tolist(), strict=False))
        return {
            "source": self.name,
            "kind": self.kind,
            "count": self.count,
            "shape": [self.shape.channels, self.shape.height, self.shape.width],
            "given": self.shape.given,
            **{name: one["ranges"] for name, one in zip(("ranges", "ranges_b"), own, strict=True) if "ranges" in one},
            "label_names": list(self.label_names),
            "classes": classes,
            "splits": splits,
            "decisions": {
                f"{side} {key}": text
                for side, one in zip("AB", own, strict=True)
                for key, text in one["decisions"].items()
            },
            "skipped": [skip for one in ([own[0]] if own[0] == own[1] else own) for skip in one["skipped"]],
            "domains": [
                {"source": one.dataset.name, "class": one.label, "splits": one.splits}
                for one in (self.first, self.second)
            ],
            "fingerprint": self.fingerprint or None,
        }

    def rows_by_label(self, split: str = TRAIN) -> Integers:
        """Return how many rows (K + 1,) of a split each class has, and last how many have none."""
        return count_labels(self.labels_of(split), len(self.label_names))

    def labels_of(self, split: str) -> Integers:
        """Return the class of each row of a split, -1 for none; raises UserError for an unknown split."""
        self.refuse_unknown(split)
        rows = self.first.rows(split)[self.partners(split)[0]]
        return self.first.dataset.labels_of(split)[rows] if self.label_names else np.full(len(rows), -1)

    def pick(self, split: str, places: Integers) -> Batch:
        """Return rows of a split by their places, inputs first in the channels."""
        self.refuse_unknown(split)
        first, second = self.partners(split)
        return stacked(self.first.pick(split, first[places]), self.second.pick(split, second[places]))

    def refuse_unknown(self, split: str, labels: Sequence[str] = ()) -> None:
        """Raise UserError for a split that is not there, and for asking for classes."""
        if split not in self.counts:
            raise unknown_split(split, self.counts)
        if labels:
            raise UserError(f"labels: a translation takes all pictures of both domains, not those of {labels[0]!r}")


class Partnered(Twofold):
    """Each picture beside its partner: the one of the same name, or at the same place in arrays without names."""

    kind = "pairs of images"
    are_pairs = True

    @cached_property
    def _places(self) -> dict[str, tuple[Integers, Integers]]:
        names = names_of(self.first.dataset)
        others = names if self.second.dataset is self.first.dataset else names_of(self.second.dataset)
        found = {
            split: self._partners(split, names, others) for split in self.first.splits if split in self.second.splits
        }
        found = {split: places for split, places in found.items() if len(places[0])}
        if TRAIN not in found:
            raise UserError(
                f"pairs: no training picture of {self.first.title} has the name of one of {self.second.title};"
                " cyclegan learns without pairs"
            )
        return found

    @property
    def counts(self) -> dict[str, int]:
        """How many pairs each split has."""
        return {split: len(places) for split, (places, _) in self._places.items()}

    def partners(self, split: str) -> tuple[Integers, Integers]:
        """Return the places of the pictures that have a partner, and those of the partners."""
        return self._places[split]

    def summary(self) -> dict[str, Any]:
        """Return what is known of both, and how many pictures have no partner."""
        known = super().summary()
        alone = sum(self.first.splits.values()) + sum(self.second.splits.values()) - 2 * self.count
        if alone and self.fingerprint:
            known["decisions"] |= {"pairs": f"{self.count:,} by name; {alone:,} pictures without a partner left out"}
        return known

    def stream(self, seed: int, labels: Sequence[str] = (), split: str = TRAIN) -> RowStream:
        """Return shuffled pairs; raises UserError for an unknown split, or for asking for classes."""
        seed_sequence(seed)
        self.refuse_unknown(split, labels)
        return PairedRows(self.first.stream(seed, split), self.second.stream(seed, split), self._places[split], seed)

    def _partners(self, split: str, names: Names | None, others: Names | None) -> tuple[Integers, Integers]:
        if names is None or others is None:
            counts = [one.splits[split] for one in (self.first, self.second)]
            if counts[0] != counts[1] and self.fingerprint:
                raise UserError(
                    f"pairs: {split} has {counts[0]:,} pictures of {self.first.title} and {counts[1]:,} of"
                    f" {self.second.title}, which have no names: they are paired by their order"
                )
            return np.arange(min(counts)), np.arange(min(counts))
        where = {key: place for place, key in enumerate(self.second.keys(split, others))}
        found = [(place, where[key]) for place, key in enumerate(self.first.keys(split, names)) if key in where]
        pairs = np.array(found, np.int64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]


class Unpaired(Twofold):
    """A picture of each domain, shuffled apart; an epoch is as long as the larger of both."""

    kind = "two domains of images"
    are_pairs = False

    @property
    def counts(self) -> dict[str, int]:
        """How many rows the larger domain has in each split that both have."""
        own, other = self.first.splits, self.second.splits
        return {split: max(count, other[split]) for split, count in own.items() if split in other}

    def partners(self, split: str) -> tuple[Integers, Integers]:
        """Return the places of both in their order; the smaller domain begins anew at its end."""
        rows = np.arange(self.counts[split])
        return rows % self.first.splits[split], rows % self.second.splits[split]

    def stream(self, seed: int, labels: Sequence[str] = (), split: str = TRAIN) -> Stream:
        """Return pictures of both; raises UserError for an unknown split, or for asking for classes."""
        self.refuse_unknown(split, labels)
        return UnpairedRows(self.first.stream(seed, split), self.second.stream(derive(seed, "second"), split))


class PairedRows:
    """A RowStream of pairs: row i is a row of each of two streams."""

    def __init__(self, first: RowStream, second: RowStream, places: tuple[Integers, Integers], seed: int) -> None:
        self.count = len(places[0])
        self._first, self._second, self._places = first, second, places
        self._shuffle = Shuffle(self.count, seed)

    def batch(self, position: int, count: int) -> Batch:
        """Return rows `position … position + count`."""
        return self.at(self.places(position, count))

    def places(self, position: int, count: int) -> Integers:
        """Return the numbers of rows `position … position + count`."""
        return self._shuffle.places(position, count)

    def at(self, places: Integers) -> Batch:
        """Return the pairs with these numbers; several threads may ask at once."""
        first, second = self._places
        return stacked(self._first.at(first[places]), self._second.at(second[places]))


class UnpairedRows:
    """A Stream of two others, one behind the other in the channels; `count` is the longer epoch."""

    def __init__(self, first: RowStream, second: RowStream) -> None:
        self.count = max(first.count, second.count)
        self._first, self._second = first, second

    def batch(self, position: int, count: int) -> Batch:
        """Return rows `position … position + count`."""
        return stacked(self._first.batch(position, count), self._second.batch(position, count))


def stacked(first: Batch, second: Batch) -> Batch:
    """Return both images as one, the first one's channels first, with the first one's labels."""
    images: npt.NDArray[np.uint8] = np.concatenate([first.images, second.images], axis=1)
    return Batch(images, first.labels)
