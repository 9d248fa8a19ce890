"""A set as a task has it: every picture becomes an input and its target."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from ganache.data.dataset import Batch, RowDataset, Stream
from ganache.data.making import made_of
from ganache.data.twofold.domains import Integers
from ganache.data.twofold.own_inputs import task_of


class Derived:
    """The rows, splits and classes of a set, with other images; raises UserError for pictures that are not for that."""

    are_pairs = True  # an input is made of its target

    def __init__(self, dataset: RowDataset, text: str) -> None:
        self.dataset = dataset
        self.task = task_of(text, dataset.shape)
        self.shape = self.task.shape
        self.name, self.label_names, self.count = dataset.name, dataset.label_names, dataset.count

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the set's own and of the task; empty for a preview."""
        own = self.dataset.fingerprint
        return hashlib.sha256(json.dumps([own, self.task.text]).encode()).hexdigest() if own else ""

    def summary(self) -> dict[str, Any]:
        """Return what is known of the set, with the task."""
        known = self.dataset.summary()
        return {
            **known,
            "shape": [self.shape.channels, self.shape.height, self.shape.width],
            "given": self.shape.given,
            "task": self.task.text,
            "decisions": {**known["decisions"], "task": self.task.text},
            "fingerprint": self.fingerprint or None,
        }

    def rows_by_label(self, split: str = "train") -> Integers | None:
        """Return how many rows (K + 1,) of a split each class has, and last how many have none."""
        return self.dataset.rows_by_label(split)

    def labels_of(self, split: str) -> Integers:
        """Return the class of each row of a split, -1 for none."""
        return self.dataset.labels_of(split)

    def pick(self, split: str, places: Integers) -> Batch:
        """Return rows of a split by their places, inputs first in the channels."""
        return self._made(self.dataset.pick(split, places), places)

    def stream(self, seed: int, labels: Sequence[str] = (), split: str = "train") -> Stream:
        """Return a shuffled stream as the set's own."""
        return made_of(self.dataset.stream(seed, labels, split), self._made)

    def _made(self, found: Batch, places: Integers) -> Batch:
        return Batch(self.task.make(found.images, places), found.labels)
