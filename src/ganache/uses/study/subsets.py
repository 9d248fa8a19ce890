"""Who is who among the pictures: few to be learnt from, others that nobody sees, and those that judge.

The pictures that judge are the split that the data hold out, or a fifth that is held out here; nothing learns from
them. The few of a seed are the first ones of an order of each class, so that ten are among twenty.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganache.data.npy import write_arrays
from ganache.data.selection import TRAIN, held_out_split, select
from ganache.data.shape import ImageShape
from ganache.data.store.packed import PackedDataset
from ganache.support.errors import UserError
from ganache.support.streams import derive
from ganache.support.units import listed

HELD_OUT_SHARE = 5  # one of so many is held out where the data hold out none
MOST_JUDGES = 10_000
MOST_BYTES = 2**29  # of pictures that are held at once
FEWEST_JUDGES = 20

Integers = NDArray[np.int64]


class LabelledPictures(NamedTuple):
    """Pictures (N, C, H, W) of uint8 and the numbers (N,) of their classes."""

    images: NDArray[np.uint8]
    labels: Integers

    def taken(self, which: NDArray[np.bool_] | Integers) -> "LabelledPictures":
        """Return some of them."""
        return LabelledPictures(self.images[which], self.labels[which])


@dataclass(frozen=True)
class FewAndJudges:
    """The rows of each class that may be learnt from, and the pictures that judge, in words and in fact."""

    dataset: PackedDataset
    names: tuple[str, ...]
    rows: tuple[Integers, ...]
    judged_on: str
    judges: LabelledPictures
    is_cut: bool = False  # whether those that judge are training pictures of the data

    @property
    def shape(self) -> ImageShape:
        """The shape of every picture."""
        return self.dataset.shape

    def few(self, count: int, seed: int) -> LabelledPictures:
        """Return the first `count` pictures of each class in the order of a seed."""
        return self._picked([rows[:count] for rows in self._orders(seed)])

    def others(self, count: int, seed: int, most: Sequence[int]) -> LabelledPictures:
        """Return pictures of each class, at most so many, that are not among the `count` of a seed."""
        orders = self._orders(seed)
        return self._picked([rows[count : count + limit] for rows, limit in zip(orders, most, strict=True)])

    def refuse_fewer(self, count: int) -> None:
        """Raise UserError where a class has fewer pictures than are to be learnt from."""
        for name, rows in zip(self.names, self.rows, strict=True):
            if len(rows) < count:
                raise UserError(
                    f"per_class: the class {name!r} has {len(rows):,} pictures to learn from, not {count:,}"
                )

    def _orders(self, seed: int) -> list[Integers]:
        pairs = zip(self.names, self.rows, strict=True)
        return [np.random.default_rng(derive(seed, "few", name)).permutation(rows) for name, rows in pairs]

    def _picked(self, rows: list[Integers]) -> LabelledPictures:
        labels = np.repeat(np.arange(len(rows)), [len(part) for part in rows])
        return LabelledPictures(self.dataset.pick(TRAIN, np.concatenate(rows)).images, labels)


def pool_of(dataset: PackedDataset, seed: int = 0) -> FewAndJudges:
    """Return who is who in labelled pictures; raises UserError for fewer than two classes, and too few that judge."""
    known = select(dataset)
    if dataset.shape.is_row or len(known.label_names) < 2:
        raise UserError(f"data: {dataset.name!r} has no pictures of two classes, which a study tells apart")
    names, split = known.label_names, held_out_split(select(dataset, conditional=True))
    numbers = _numbers(dataset, names, TRAIN)
    learnt, judging = np.flatnonzero(numbers >= 0), np.empty(0, np.int64)
    if split is None:
        order = np.random.default_rng(derive(seed, "judges")).permutation(learnt)
        judging, learnt = np.split(order, [len(order) // HELD_OUT_SHARE])
        learnt = np.sort(learnt)
    else:
        found = np.flatnonzero(_numbers(dataset, names, split) >= 0)
        judging = np.random.default_rng(derive(seed, "judges")).permutation(found)
    most = min(MOST_JUDGES, max(1, MOST_BYTES // dataset.shape.pixels))
    judging, part = np.sort(judging[:most]), split or TRAIN
    if len(judging) < FEWEST_JUDGES:
        raise UserError(f"data: {len(judging)} pictures are too few to judge by; {FEWEST_JUDGES} are the least")
    said = f"{len(judging):,} pictures, {f'of {split}' if split else 'a fifth that is held out'}"
    judges = LabelledPictures(dataset.pick(part, judging).images, _numbers(dataset, names, part)[judging])
    rows = tuple(learnt[numbers[learnt] == number] for number in range(len(names)))
    return FewAndJudges(dataset, names, rows, said, judges, split is None)


def write_few(path: Path, few: LabelledPictures, names: Sequence[str]) -> None:
    """Write pictures with their classes as data that a generator learns from. Raises RunError when the disk refuses."""
    write_arrays(path, {"images": few.images.transpose(0, 2, 3, 1), "labels": np.array(names)[few.labels]})


def classes_in(dataset: PackedDataset, names: Sequence[str], split: str, what: str) -> Integers:
    """Return the numbers, among `names`, of a split's rows, -1 for others; raises UserError where a class has none."""
    numbers = _numbers(dataset, names, split)
    if absent := [name for number, name in enumerate(names) if not (numbers == number).any()]:
        raise UserError(f"{what}: {dataset.name!r} has no pictures of the classes {listed(absent)}")
    return numbers


def _numbers(dataset: PackedDataset, names: Sequence[str], split: str) -> Integers:
    places = {name: place for place, name in enumerate(names)}
    known = np.array([*(places.get(name, -1) for name in dataset.label_names), -1])
    numbers: Integers = known[dataset.labels_of(split)]
    return numbers
