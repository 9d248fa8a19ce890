"""Crops of a set's pictures: anywhere in what is trained on, the middle of all else."""

import functools
import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ganache.data.dataset import Batch, Dataset, RowDataset, Stream, seed_sequence
from ganache.data.making import MadeAlong, made_of
from ganache.data.shape import ImageShape
from ganache.support.errors import UserError

TRAIN = "train"
_TAG = 0x4352  # keeps these random numbers apart from all others of the same seed
_BLOCK = 4_096  # positions whose places are drawn at once

Integers = npt.NDArray[np.int64]
Pixels = npt.NDArray[np.uint8]


class Cropped:
    """The rows, splits and classes of a set, with a part (height, width) of each image."""

    def __init__(self, dataset: RowDataset, size: tuple[int, int]) -> None:
        self.dataset = dataset
        whole = dataset.shape
        self.shape = ImageShape(whole.channels, *size, given=whole.given)
        self.name, self.label_names, self.count = dataset.name, dataset.label_names, dataset.count

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the set's own and of the size; empty for a preview."""
        own, size = self.dataset.fingerprint, (self.shape.height, self.shape.width)
        return hashlib.sha256(json.dumps([own, "crop", size]).encode()).hexdigest() if own else ""

    def summary(self) -> dict[str, Any]:
        """Return what is known of the set, and the size of what the crops are taken from."""
        known, whole, own = self.dataset.summary(), self.dataset.shape, self.shape
        text = f"{own.height}x{own.width} of {whole.height}x{whole.width}: anywhere in training, else the middle"
        return {
            **known,
            "shape": [own.channels, own.height, own.width],
            "whole": [whole.height, whole.width],
            "decisions": {**known["decisions"], "crop": text},
            "fingerprint": self.fingerprint or None,
        }

    def rows_by_label(self, split: str = TRAIN) -> Integers | None:
        """Return how many rows (K + 1,) of a split each class has, and last how many have none."""
        return self.dataset.rows_by_label(split)

    def labels_of(self, split: str) -> Integers:
        """Return the class of each row of a split, -1 for none."""
        return self.dataset.labels_of(split)

    def pick(self, split: str, places: Integers) -> Batch:
        """Return the middles of rows of a split by their places."""
        return self._middles(self.dataset.pick(split, places), places)

    def stream(self, seed: int, labels: Sequence[str] = (), split: str = TRAIN) -> Stream:
        """Return a shuffled stream as the set's own; one to train on has other crops of a row every time."""
        rows = self.dataset.stream(seed, labels, split)
        if split != TRAIN:
            return made_of(rows, self._middles)
        corners = Corners(self._room, seed)
        return MadeAlong(rows, lambda found, positions: self._at(found, corners.at(positions)))

    @property
    def _room(self) -> tuple[int, int]:
        whole = self.dataset.shape
        return whole.height - self.shape.height, whole.width - self.shape.width

    def _middles(self, found: Batch, places: Integers) -> Batch:
        return self._at(found, np.tile(np.array(self._room) // 2, (len(places), 1)))

    def _at(self, found: Batch, corners: Integers) -> Batch:
        """Return the crops of images that begin at corners (N, 2)."""
        shape = self.shape
        images: Pixels = np.empty((len(corners), shape.channels, shape.height, shape.width), np.uint8)
        for crop, image, (top, left) in zip(images, found.images, corners.tolist(), strict=True):
            crop[...] = image[:, top : top + shape.height, left : left + shape.width]
        return Batch(images, found.labels)


class Corners:
    """Where crops begin: a row and a column for every position, drawn as evenly as there is room for."""

    def __init__(self, room: tuple[int, int], seed: int) -> None:
        self._room, self._seed = np.array(room), seed
        self._block = functools.lru_cache(2)(self._drawn)

    def at(self, positions: Integers) -> Integers:
        """Return the corners (N, 2) of positions (N,), each from 0 to as many rows and columns as there is room for."""
        blocks, places = np.divmod(positions, _BLOCK)
        return np.stack([self._block(block)[place] for block, place in zip(blocks.tolist(), places, strict=True)])

    def _drawn(self, block: int) -> Integers:
        random = np.random.Generator(np.random.Philox(seed_sequence(self._seed, _TAG, block)))
        return random.integers(self._room, size=(_BLOCK, 2), endpoint=True)


def cropped(dataset: Dataset, size: tuple[int, int] | None) -> Dataset:
    """Return a set with crops (height, width) of its pictures, itself where none are asked for.

    Raises UserError for what has no pictures, or none that are larger.
    """
    if size is not None and (dataset.shape.is_point or not isinstance(dataset, RowDataset)):
        raise UserError(f"crop: {dataset.name!r} has no pictures that could be cropped")
    return cropped_rows(dataset, size) if isinstance(dataset, RowDataset) else dataset


def cropped_rows(dataset: RowDataset, size: tuple[int, int] | None) -> RowDataset:
    """Return what `cropped` does of pictures; raises UserError where none are larger."""
    if size is None:
        return dataset
    own = (dataset.shape.height, dataset.shape.width)
    if own == size or own[0] < size[0] or own[1] < size[1]:
        raise UserError(
            f"crop: pictures of {own[0]}x{own[1]} pixels have no parts of {size[0]}x{size[1]}; --size HEIGHTxWIDTH says"
            " to which size they are brought first"
        )
    return Cropped(dataset, size)
