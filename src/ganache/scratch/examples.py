"""From Ganache's data sources to what the engine reads: rows of pixels in [0, 1], and back to images."""

import functools

import numpy as np

from ganache.data import Batch, Dataset, ImageShape
from ganache.data.store.packed import PackedDataset
from ganache.scratch.array_module import Array, HostArray, from_host, to_host
from ganache.scratch.randomness import Random
from ganache.support.errors import UserError

_MOST_TESTED = 10_000
_ORDERS = 3  # number of the random stream of orders


class Examples:
    """Labelled images (N, C, H, W) and classes (N,) in memory, in a new order for every pass."""

    def __init__(self, images: HostArray, classes: HostArray, seed: int) -> None:
        self._images, self._classes, self.count = images, classes, len(images)
        self._order = functools.lru_cache(2)(lambda epoch: Random(seed, _ORDERS + epoch).order(len(images)))

    def batch(self, position: int, count: int) -> Batch:
        """Return rows `position … position + count` of endless passes: a pure function of seed and position."""
        places = (divmod(number, self.count) for number in range(position, position + count))
        rows = [self._order(epoch)[place] for epoch, place in places]
        return Batch(self._images[rows], self._classes[rows])


def train_and_test(dataset: Dataset, seed: int) -> tuple[Examples, Batch]:
    """Return what a classifier learns from, and labelled images that it never sees.

    The latter are those of the test split, or a tenth of the others where it has none of the classes that are learnt.
    Raises UserError when the training images have fewer than two classes.
    """
    no_two = UserError(f"data: {dataset.name!r} has no two classes to tell apart")
    if not isinstance(dataset, PackedDataset):
        raise no_two
    train = _labelled(dataset, "train")
    if len(np.unique(train.labels)) < 2:
        raise no_two
    order = Random(seed, _ORDERS - 1).order(len(train.images))
    if "test" in dataset.summary()["splits"]:
        held = _labelled(dataset, "test")
        known = np.flatnonzero(np.isin(held.labels, train.labels))[:_MOST_TESTED]
        if len(known):
            return Examples(train.images, train.labels, seed), Batch(held.images[known], held.labels[known])
    rows, kept = order[len(order) // 10 :], order[: len(order) // 10]
    if not kept:
        raise UserError(
            f"data: {dataset.name!r} has {len(order)} labelled images; a tenth to test on needs at least 10"
        )
    return Examples(train.images[rows], train.labels[rows], seed), Batch(train.images[kept], train.labels[kept])


def pixels(images: HostArray) -> Array:
    """Return rows (N, C·H·W) in [0, 1] of images (N, C, H, W), uint8 or (densities) float32 in [-1, 1]."""
    rows = from_host(images.reshape(len(images), -1))
    return rows / 255.0 if images.dtype == np.uint8 else (rows + 1.0) / 2.0


def images_of(rows: Array, shape: ImageShape) -> HostArray:
    """Return images uint8 (N, H, W, C), or points float32 (N, 1, 1, 2) in [-1, 1], of rows (N, C·H·W) in [0, 1]."""
    values = to_host(rows).reshape(len(rows), shape.channels, shape.height, shape.width).transpose(0, 2, 3, 1)
    if shape.is_point:
        return np.ascontiguousarray(2.0 * values - 1.0, np.float32)
    return np.ascontiguousarray(np.rint(255.0 * values), np.uint8)


def _labelled(dataset: PackedDataset, split: str) -> Batch:
    labels = dataset.labels_of(split)
    rows = dataset.rows(split, 0, len(labels))
    return Batch(rows.images[labels >= 0], rows.labels[labels >= 0])
