"""What a translator is given and what is wanted of it, in one of its directions, row by row of a split."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from ganache.data.dataset import Batch, Dataset, Stream
from ganache.data.making import made_of
from ganache.data.shape import ImageShape
from ganache.data.twofold.derived import Derived
from ganache.data.twofold.domains import Domain, Integers
from ganache.data.twofold.meetings import Partnered, Twofold

Met: TypeAlias = Twofold | Derived


class GivenPictures(NamedTuple):
    """Inputs (n, C, H, W), what is wanted of each (n, D, H, W) where that is known, and their classes (n,), or -1."""

    images: npt.NDArray[np.uint8]
    wanted: npt.NDArray[np.uint8] | None
    labels: Integers


@dataclass(frozen=True)
class Inputs:
    """The inputs of a direction in a split, in the data's order; `is_reverse`: from the targets to the inputs."""

    met: Met
    split: str
    is_reverse: bool = False

    @property
    def shape(self) -> ImageShape:
        """The shape of what is given."""
        return self.met.shape.sides(self.is_reverse)[0]

    @property
    def label_names(self) -> tuple[str, ...]:
        """The classes of what is given; none where the domains themselves are classes."""
        if isinstance(self.met, Derived):
            return self.met.label_names
        given = self._sides[0]
        return given.dataset.label_names if given.label is None else ()

    @property
    def are_paired(self) -> bool:
        """Whether what is wanted of each is known."""
        return self.met.are_pairs

    @property
    def count(self) -> int:
        """How many there are."""
        if isinstance(self.met, Derived) or self.are_paired:
            return len(self.met.labels_of(self.split))
        return len(self._sides[0].rows(self.split))

    def pick(self, places: Integers) -> GivenPictures:
        """Return those with these numbers, 0 … `count` - 1."""
        if isinstance(self.met, Derived):
            both = self.met.pick(self.split, places)
            parts = np.split(both.images, [self.met.shape.given], axis=1)
            images, targets = parts[::-1] if self.is_reverse else parts
            return GivenPictures(images, targets, both.labels)
        given_side, wanted_side = self._sides
        own = places
        wanted: npt.NDArray[np.uint8] | None = None
        if self.are_paired:
            all_own, partners = self._ordered(self.met.partners(self.split))
            own, wanted = all_own[places], wanted_side.pick(self.split, partners[places]).images
        found = given_side.pick(self.split, own)
        return GivenPictures(found.images, wanted, found.labels if self.label_names else np.full(len(places), -1))

    def targets(self) -> tuple[Dataset, tuple[str, ...]]:
        """Return the domain that is translated into: a set, and the classes of it that count, none for all."""
        if not isinstance(self.met, Derived):
            wanted = self._sides[1]
            return wanted.dataset, () if wanted.label is None else (wanted.label,)
        whole = self.met.dataset
        if not self.is_reverse and self.met.shape.targets == whole.shape:
            return whole, ()
        return OneSide(self.met, self.is_reverse), ()

    @property
    def _sides(self) -> tuple[Domain, Domain]:
        assert isinstance(self.met, Twofold)
        return self._ordered((self.met.first, self.met.second))

    def _ordered(self, both: tuple[Any, Any]) -> tuple[Any, Any]:
        return both[::-1] if self.is_reverse else both


class OneSide:
    """The targets of a task's set, or its inputs, as pictures that stand alone."""

    def __init__(self, met: Derived, is_input: bool) -> None:
        self._met, self._is_input = met, is_input
        self.shape = met.shape.sides(is_input)[1]
        self.label_names, self.count = met.label_names, met.count
        self.name = f"{'inputs' if is_input else 'targets'} of {met.name}, {met.task.text}"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the set's own and of which side it is; empty for a preview."""
        own = self._met.fingerprint
        return hashlib.sha256(json.dumps([own, self._is_input]).encode()).hexdigest() if own else ""

    def summary(self) -> dict[str, Any]:
        """Return what is known of the set, with this side's shape."""
        shape = [self.shape.channels, self.shape.height, self.shape.width]
        return {**self._met.summary(), "source": self.name, "shape": shape, "fingerprint": self.fingerprint or None}

    def rows_by_label(self, split: str = "train") -> Integers | None:
        """Return how many rows (K + 1,) of a split each class has, and last how many have none."""
        return self._met.rows_by_label(split)

    def stream(self, seed: int, labels: Sequence[str] = (), split: str = "train") -> Stream:
        """Return a shuffled stream as the set's own."""
        return made_of(self._met.stream(seed, labels, split), self._side)

    def _side(self, both: Batch, places: Integers) -> Batch:
        inputs, targets = np.split(both.images, [self._met.shape.given], axis=1)
        return Batch(inputs if self._is_input else targets, both.labels)


def as_pairs(met: Met) -> Met:
    """Return pictures of two domains with their partners, those of one name, however they met before.

    Raises UserError where there are none, as `Partnered` does.
    """
    return met if isinstance(met, Derived) or met.are_pairs else Partnered(met.first, met.second)
