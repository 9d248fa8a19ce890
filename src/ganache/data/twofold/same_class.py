"""Two domains that share their classes: beside each picture of the first one any picture of its class in the second."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ganache.data.dataset import Batch, RowStream
from ganache.data.selection import TRAIN, occurring
from ganache.data.twofold.domains import Domain, Integers
from ganache.data.twofold.meetings import Twofold, stacked
from ganache.support.errors import UserError
from ganache.support.streams import derive
from ganache.support.units import listed


class SameClass(Twofold):
    """Pictures of one class and of both domains, else unpaired; an epoch is the first domain's.

    Raises UserError unless both domains name the same classes for all of their training pictures.
    """

    kind = "two domains of images, class by class"
    are_pairs = False

    def __init__(self, first: Domain, second: Domain) -> None:
        super().__init__(first, second)
        own, others = (set(_classes(domain)) for domain in (first, second))
        if not own or own != others:
            odd = listed(sorted(own ^ others)) if own or others else "none are named"
            raise UserError(f"conditional: both domains need pictures of the same classes to learn from: {odd}")

    @property
    def counts(self) -> dict[str, int]:
        """How many pictures the first domain has in each split that both have."""
        return {split: count for split, count in self.first.splits.items() if split in self.second.splits}

    def partners(self, split: str) -> tuple[Integers, Integers]:
        """Return the first domain's places in their order, and for each the next place of its class in the second.

        A split may lack a class in the second domain: such a picture is beside any other.
        """
        own, others = (self._classes_of(domain, split) for domain in (self.first, self.second))
        partners = np.arange(len(own)) % len(others)
        for label in np.unique(own):
            rows, there = np.flatnonzero(own == label), np.flatnonzero(others == label)
            if len(there):
                partners[rows] = np.resize(there, len(rows))
        return np.arange(len(own)), partners

    def stream(self, seed: int, labels: Sequence[str] = (), split: str = TRAIN) -> "SameClassRows":
        """Return pictures of both; raises UserError for an unknown split, or for asking for classes."""
        self.refuse_unknown(split, labels)
        names = self.first.dataset.label_names
        streams = {number: self._of_class(name, seed, split) for number, name in [*enumerate(names), (-1, "")]}
        return SameClassRows(self.first.stream(seed, split), streams)

    def _of_class(self, name: str, seed: int, split: str) -> RowStream:
        """Return the second domain's pictures of a class, or all of a split that has none of it."""
        dataset, own = self.second.dataset, derive(seed, f"second of {name}")
        return dataset.stream(own, (name,) if name in occurring(dataset, split) else (), split)

    def _classes_of(self, domain: Domain, split: str) -> Integers:
        """Return the class of each of a domain's pictures as the first one numbers them."""
        names = self.first.dataset.label_names
        numbers = [names.index(name) if name in names else -1 for name in domain.dataset.label_names]
        found: Integers = np.array([*numbers, -1])[domain.dataset.labels_of(split)]
        return found


class SameClassRows:
    """A Stream of one domain's rows, each with a picture that its class's own stream has at the same position."""

    def __init__(self, first: RowStream, by_class: Mapping[int, RowStream]) -> None:
        self.count = first.count
        self._first, self._by_class = first, by_class

    def batch(self, position: int, count: int) -> Batch:
        """Return rows `position … position + count`."""
        found = self._first.batch(position, count)
        others: dict[int, npt.NDArray[np.uint8]] = {}
        for label in np.unique(found.labels).tolist():
            stream, rows = self._by_class[label], np.flatnonzero(found.labels == label).tolist()
            places = np.concatenate([stream.places(position + row, 1) for row in rows])
            others.update(zip(rows, stream.at(places).images, strict=True))
        return stacked(found, Batch(np.stack([others[row] for row in range(count)]), found.labels))


def _classes(domain: Domain) -> tuple[str, ...]:
    """Return the classes of a domain's training pictures; none where it is a class itself, or some have none."""
    unlabelled = domain.dataset.rows_by_label(TRAIN)[-1]
    return () if domain.label or unlabelled else occurring(domain.dataset, TRAIN)
