"""The reals that samples are compared with, in one extractor's features: computed once, and kept in the user's cache.

The reals are taken in one seeded order, so that the first n of them stand for all. What is kept goes by the data's
fingerprint, the extractor's checksum, the split, the classes, the count and the kind of device: nothing stale is ever
found, and the bits of a score on one device do not depend on what was computed on another before.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganache.data.cache import cache_folder, named_cache
from ganache.data.dataset import Dataset, Progress, RowDataset
from ganache.engine.pixel_values import channels_last
from ganache.engine.transfers import CPU
from ganache.evaluation.features.extractor import ABOUT, Extracted, Extractor, See
from ganache.evaluation.metrics.counter import Sums
from ganache.evaluation.metrics.inputs import stream
from ganache.evaluation.metrics.moments import AnyMoments, RunningMoments
from ganache.evaluation.pieces import Labels, piece_size
from ganache.evaluation.records import ReferenceSet
from ganache.runs import sealed
from ganache.support.errors import UserError
from ganache.support.streams import derive
from ganache.support.units import bytes_text

VERSION = 1  # of what is kept
ENDLESS_REALS = 50_000  # so many of a source without end stand for it
MOST_BYTES = 4 * 2**30  # of features that are held at once
_SEED = derive(0, "reference")  # of the reals' order: the same for all evaluations, as a score's reference must be


@dataclass(frozen=True, eq=False)
class Rows:
    """Features (n, D) float32 of the first n reals and their classes (n,), -1 where unknown."""

    features: NDArray[np.float32]
    labels: Labels


def refuse_few(dataset: Dataset, split: str, count: int | None) -> None:
    """Raise UserError where `count` reals, None without end, are too few to be compared with."""
    if count is not None and count < 2:
        there = f"there {'is' if count == 1 else 'are'} {count}"
        raise UserError(f"data: scores need 2 images or more of what was asked; in {split} of {dataset.name!r} {there}")


class Reference:
    """One split of a data set, only the named classes if there are any, seen through one extractor.

    `count` is how many reals there are, None without end, and `used` how many stand for them. `see` has the extractor
    applied, to samples too, by others as well. Raises UserError for an unknown split or class and for fewer than two
    reals.
    """

    def __init__(
        self,
        dataset: Dataset,
        extractor: Extractor,
        split: str = "train",
        labels: Sequence[str] = (),
        cache: Path | None = None,
        say: Callable[[str], None] = lambda line: None,
        progress: Progress | None = None,
        most_bytes: int = MOST_BYTES,
        see: See | None = None,
    ) -> None:
        self.dataset, self.extractor, self.split, self.labels = dataset, extractor, split, tuple(labels)
        self.see = see or extractor
        self._stream = dataset.stream(_SEED, labels, split)
        self.cache, self._most_bytes = cache, most_bytes
        self._folder, self._say = (cache or cache_folder()) / "references", say
        self._progress = progress or (lambda done, total: None)
        self.count = self._stream.count
        self.used = ENDLESS_REALS if self.count is None else self.count
        refuse_few(dataset, split, self.count)
        self._expected = 0
        self._moments: AnyMoments | None = None
        self._rows: Rows | None = None

    def describe(self) -> ReferenceSet:
        """Return what a record says of the reals."""
        return ReferenceSet(
            source=self.dataset.name,
            split=self.split,
            labels=self.labels,
            fingerprint=self.dataset.fingerprint,
            count=self.count,
        )

    def expect(self, count: int) -> None:
        """Be told that the features of the first `count` reals will be asked for: a pass over all keeps them."""
        self._expected = min(count, self.used, self._most_bytes // (4 * self.extractor.size))

    def moments(self) -> AnyMoments:
        """Return the moments of all reals, gathered piece by piece."""
        if self._moments is None:
            self._moments = self._running().result()
        return self._moments

    def rows(self, count: int) -> Rows:
        """Return the features of the first `count` reals; raises UserError where they would not fit in memory."""
        assert 1 <= count <= self.used, (count, self.used)
        if count * self.extractor.size * 4 > self._most_bytes:
            most = bytes_text(self._most_bytes)
            raise UserError(f"data: {count} reals with {self.extractor.size} features each need more than {most}")
        if self._rows is None or len(self._rows.features) < count:
            self._rows = self._kept_rows(count)
        return Rows(self._rows.features[:count], self._rows.labels[:count])

    def images(self, places: Sequence[int]) -> NDArray[Any]:
        """Return the reals (n, H, W, C) at some places of the order."""
        found = [self._stream.batch(int(place), 1).images for place in places]
        return channels_last(np.concatenate(found))

    def labels_in_order(self, count: int, seed: int) -> list[str]:
        """Return class names as they occur among the reals, at most `count`, in a seeded order; none if unlabelled."""
        if not isinstance(self.dataset, RowDataset):
            return []
        names = self.dataset.label_names
        found = self.dataset.labels_of(self.split)
        wanted = [names.index(name) for name in self.labels] or range(len(names))
        found = found[np.isin(found, list(wanted))]
        order = stream(seed, "requested classes").permutation(len(found))[:count]
        return [names[label] for label in found[order]]

    def label_shares(self) -> NDArray[np.float64] | None:
        """Return the share (K,) of each class among all labelled reals; None where one has none, or none is known."""
        names = self.dataset.label_names
        if not isinstance(self.dataset, RowDataset) or self.labels or not names:
            return None
        found = self.dataset.labels_of(self.split)
        counts = np.bincount(found[found >= 0], minlength=len(names))
        return counts / counts.sum() if counts.min() > 0 else None

    def count_with(self, counters: Sequence[Sums]) -> None:
        """Let counters count all reals, in one pass for what is not in the cache; the moments come with it."""
        absent = [counter for counter in counters if not self._recall(counter)]
        if absent:
            self._pass(absent)

    def _recall(self, counter: Sums) -> bool:
        arrays = self._load(self._path(counter.name, self.used))
        counter.sums = arrays or counter.sums
        return arrays is not None

    def _running(self) -> RunningMoments:
        path = self._path("moments", self.used)
        if (arrays := self._load(path)) is not None:
            return RunningMoments.from_arrays(arrays, self.extractor.device)
        if self._rows is None or len(self._rows.features) < self.used:
            return self._pass(())
        running = RunningMoments(self.extractor.size, self.extractor.device)
        running.add(self._rows.features)
        self._save(path, running.arrays())
        return running

    def _pass(self, counters: Sequence[Sums]) -> RunningMoments:
        running = RunningMoments(self.extractor.size, self.extractor.device)
        first = self._no_rows(self._expected)
        for start, images, seen, labels in self._pieces(self.used):
            running.add(seen.features)
            _put(first, start, seen, labels)
            for counter in counters:
                counter.add(images, seen.logits)
        for counter in counters:
            self._save(self._path(counter.name, self.used), counter.sums)
        self._save(self._path("moments", self.used), running.arrays())
        if self._expected:
            self._rows = self._keep(first)
        return running

    def _no_rows(self, count: int) -> Rows:
        return Rows(np.empty((count, self.extractor.size), np.float32), np.empty(count, np.int64))

    def _keep(self, rows: Rows) -> Rows:
        self._save(self._path("features", len(rows.labels)), {"features": rows.features, "labels": rows.labels})
        return rows

    def _kept_rows(self, count: int) -> Rows:
        path = self._path("features", count)
        if (arrays := self._load(path)) is not None:
            return Rows(arrays["features"], arrays["labels"])
        rows = self._no_rows(count)
        for start, _, seen, labels in self._pieces(count):
            _put(rows, start, seen, labels)
        return self._keep(rows)

    def _pieces(self, count: int) -> Iterator[tuple[int, NDArray[Any], Extracted, Labels]]:
        where = f"({self.dataset.name}, {self.split})"
        self._say(f"features of {count:,} reals {where}, once; they stay in {self._folder}")
        size = piece_size(self.dataset.shape)
        for start in range(0, count, size):
            batch = self._stream.batch(start, min(size, count - start))
            images = channels_last(batch.images)
            self._progress(start, count)
            yield start, images, self.see(images), batch.labels
        self._progress(count, count)

    def _path(self, what: str, count: int) -> Path:
        described = {name: value for name, value in self.extractor.describe().items() if name not in ABOUT}
        reals = self.describe().model_dump(mode="json", exclude={"source"})
        device = self.extractor.device.type
        elsewhere = [] if device == CPU.type else [device]  # whose last digits are its own
        key = json.dumps([VERSION, what, count, described, reals, *elsewhere], sort_keys=True)
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.safetensors"

    def _load(self, path: Path) -> dict[str, NDArray[Any]] | None:
        try:
            return {name: tensor.numpy() for name, tensor in sealed.load(path)[0].items()}
        except sealed.DamagedError:  # absent or torn: it is computed anew
            return None

    def _save(self, path: Path, arrays: dict[str, NDArray[Any]]) -> None:
        tensors = {name: torch.from_numpy(np.asarray(array, order="C")) for name, array in arrays.items()}
        with named_cache(self._folder.parent):
            sealed.save(path, tensors, {"content": "reference"})


def _put(rows: Rows, start: int, seen: Extracted, labels: Labels) -> None:
    """Write the features and classes of the reals from `start` on among the rows, as far as these reach."""
    taken = max(0, min(len(labels), len(rows.labels) - start))
    rows.features[start : start + taken], rows.labels[start : start + taken] = seen.features[:taken], labels[:taken]
