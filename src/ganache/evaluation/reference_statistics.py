"""Reals that are known by their statistics alone: mean `mu` (D,) and covariance `sigma` (D, D) in a .npz.

So pytorch-fid and others publish them. Which images and features they are of is not in the file, so a record keeps the
file's digest, and no more than the number of features is checked.
"""

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from ganache.data.dataset import Stream
from ganache.data.npy import SUFFIXES, StoredArray, open_arrays
from ganache.data.shape import ImageShape
from ganache.data.sources.array_files import has_statistics
from ganache.evaluation.features.extractor import Extractor
from ganache.evaluation.metrics.moments import Moments
from ganache.evaluation.records import ReferenceSet
from ganache.evaluation.reference import Reference, Rows
from ganache.support.errors import UserError
from ganache.support.files import at_home, digest_of

SPLIT = "statistics"
_UNKNOWN_COUNT = 2**31  # more than there are dimensions: nothing then is made of the number


class Statistics:
    """The data of which statistics are known, as far as they tell; samples are seen in their own `shape`.

    Raises UserError when they are no mean and covariance.
    """

    count: int | None = None
    label_names: tuple[str, ...] = ()

    def __init__(self, text: str, arrays: Sequence[StoredArray], shape: ImageShape) -> None:
        self.name, self.shape = text, shape
        by_name = {array.name: array for array in arrays}
        self.moments = _moments(by_name["mu"], by_name["sigma"])
        self.fingerprint = digest_of(by_name["mu"].path)

    def summary(self) -> dict[str, Any]:
        """Return what is known as JSON values: there are no splits, classes or files."""
        return {"source": self.name, "kind": SPLIT, "count": None, "splits": {}, "fingerprint": self.fingerprint}

    def stream(self, seed: int, labels: Sequence[str] = (), split: str = "train") -> Stream:
        """Raise UserError: there are no images."""
        self.refuse()

    def rows_by_label(self, split: str = "train") -> NDArray[np.int64] | None:
        """Return None: classes are not known."""
        return None

    def refuse(self) -> NoReturn:
        """Raise UserError: nothing but moments is known."""
        raise UserError(f"data: {self.name!r} holds a mean and a covariance, and no images")


class StatisticsReference(Reference):
    """Statistics as reals; `used` is 0, as nobody knows of how many images they are.

    Raises UserError when the features are not as many as the extractor's.
    """

    def __init__(self, dataset: Statistics, extractor: Extractor) -> None:
        size = len(dataset.moments.mean)
        if size != extractor.size:
            raise UserError(
                f"data: {dataset.name!r} holds statistics of {size} features, and {extractor.name!r} has"
                f" {extractor.size}; --features names those that they were made of"
            )
        self.dataset, self.extractor, self.split, self.labels = dataset, extractor, SPLIT, ()
        self.see, self.cache, self.count, self.used = extractor, None, None, 0
        self._statistics = dataset

    def describe(self) -> ReferenceSet:
        """Return what a record says of the reals."""
        return ReferenceSet(source=self.dataset.name, split=SPLIT, fingerprint=self.dataset.fingerprint)

    def expect(self, count: int) -> None:
        """Be told in vain: there are no reals to keep the features of."""

    def moments(self) -> Moments:
        """Return the moments of the file."""
        return self._statistics.moments

    def rows(self, count: int) -> Rows:
        """Raise UserError: there are none."""
        self._statistics.refuse()

    def images(self, places: Sequence[int]) -> NDArray[Any]:
        """Raise UserError: there are none."""
        self._statistics.refuse()


def find_statistics(data: str) -> list[StoredArray] | None:
    """Return the arrays of a .npz that holds statistics and no pictures; None for whatever else is at a path."""
    path = at_home(data)
    if path.suffix.lower() != SUFFIXES[1] or not path.is_file():
        return None
    arrays = open_arrays(path, "data")
    return arrays if has_statistics(arrays) and not any(len(array.shape) > 2 for array in arrays) else None


def _moments(mu: StoredArray, sigma: StoredArray) -> Moments:
    size = mu.shape[0] if len(mu.shape) == 1 else 0
    if not size or sigma.shape != (size, size) or mu.dtype.kind != "f" or sigma.dtype.kind != "f":
        raise mu.error(f"is {mu.described} and sigma {sigma.described}; they must be floats (D,) and (D, D)")
    mean, covariance = mu.whole().astype(np.float64), sigma.whole().astype(np.float64)
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise mu.error("or sigma holds values that are not finite")
    largest = float(np.abs(covariance).max())
    if covariance.diagonal().min() < 0 or np.abs(covariance - covariance.T).max() > 1e-4 * largest:
        raise sigma.error("is no covariance: it is not symmetric, or has a variance below zero")
    return Moments(_UNKNOWN_COUNT, mean, (covariance + covariance.T) / 2)
