"""Batches on a device, by their position alone: read when they are asked for, read ahead, or kept there for good.

All three give the same bits, whatever was asked for before, so which of them feeds a training changes its speed alone.
On a CPU reading ahead gains nothing (docs/design.md); a GPU would wait for every batch that is not on its way already.
"""

import weakref
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganache.data.dataset import Batch, RowStream, Stream
from ganache.engine.transfers import to_device

SHARE = 0.25  # of the device's free memory that a set may take for good; what networks need is not known yet
AHEAD, MOST_AHEAD_BYTES = 8, 2**28  # batches read ahead: so many, or as fit, but one at least
READERS = 4  # threads; a disk answers several questions in the time of one


@dataclass(frozen=True)
class Fed:
    """Images (B, C, H, W), uint8 or the floats of rows, and labels (B,) int64, -1 where none."""

    images: Tensor
    labels: Tensor

    @classmethod
    def of(cls, batch: Batch) -> "Fed":
        """Return a batch as tensors of the host, in the memory that it has."""
        return cls(torch.from_numpy(batch.images), torch.from_numpy(batch.labels))

    def on(self, device: torch.device) -> "Fed":
        """Return it on a device."""
        return Fed(to_device(self.images, device), to_device(self.labels, device))


class Feed(Protocol):
    """What answers with batches on a device, a pure function of the position."""

    def batch(self, position: int, count: int) -> Fed:
        """Return rows `position … position + count` of a stream; raises what reading them raises."""


class Direct:
    """Every batch is read when it is asked for."""

    def __init__(self, stream: Stream, device: torch.device) -> None:
        self._stream, self._device = stream, device

    def batch(self, position: int, count: int) -> Fed:
        """Return rows `position … position + count`."""
        return Fed.of(self._stream.batch(position, count)).on(self._device)


class Prefetched:
    """Threads read the batches that will be asked for next, each `step` rows after the one before.

    A request for another one than was foreseen, as after a rollback, discards them. What went wrong in a thread is
    raised when its batch is asked for. The threads end with the feed.
    """

    def __init__(
        self, stream: Stream, device: torch.device, step: int, ahead: int = AHEAD, readers: int = READERS
    ) -> None:
        self._stream, self._device, self._step, self._ahead = stream, device, step, max(1, ahead)
        # Only rows that are told by number can be read by several at once.
        self._readers = ThreadPoolExecutor(readers if isinstance(stream, RowStream) else 1, "ganache-reader")
        weakref.finalize(self, self._readers.shutdown, wait=False, cancel_futures=True)
        self._coming: deque[tuple[int, int, Future[Fed]]] = deque()

    def batch(self, position: int, count: int) -> Fed:
        """Return rows `position … position + count`; as many batches as allowed are then being read."""
        if not self._coming or self._coming[0][:2] != (position, count):
            self._discard()
        while len(self._coming) <= self._ahead:
            following = self._coming[-1][0] + self._step if self._coming else position
            self._coming.append((following, count, self._begin(following, count)))
        return self._coming.popleft()[2].result().on(self._device)

    def _begin(self, position: int, count: int) -> "Future[Fed]":
        pinned = self._device.type == "cuda"
        if isinstance(self._stream, RowStream):
            return self._readers.submit(_read_rows, self._stream, self._stream.places(position, count), pinned)
        return self._readers.submit(_read, self._stream, position, count, pinned)

    def _discard(self) -> None:
        for _, _, future in self._coming:
            future.cancel()
        self._coming.clear()


class Resident:
    """Rows stay on the device once they were there: the first pass is the source's, all others are gathered there."""

    def __init__(self, stream: RowStream, source: Feed, device: torch.device) -> None:
        self._stream, self._device = stream, device
        self._source: Feed | None = source
        self._absent, self._missing = np.ones(stream.count, np.bool_), stream.count
        self._kept: Fed | None = None

    def batch(self, position: int, count: int) -> Fed:
        """Return rows `position … position + count`."""
        places = self._stream.places(position, count)
        where = to_device(torch.from_numpy(places), self._device)
        if self._source is not None and self._absent[places].any():
            found = self._source.batch(position, count)
            self._keep(found, places, where)
            return found
        assert self._kept is not None
        return Fed(self._kept.images.index_select(0, where), self._kept.labels.index_select(0, where))

    def _keep(self, found: Fed, places: NDArray[np.int64], where: Tensor) -> None:
        if self._kept is None:
            images, labels = (
                part.new_empty(self._stream.count, *part.shape[1:]) for part in (found.images, found.labels)
            )
            self._kept = Fed(images, labels)
        self._kept.images.index_copy_(0, where, found.images)
        self._kept.labels.index_copy_(0, where, found.labels)
        self._missing -= int(self._absent[np.unique(places)].sum())
        self._absent[places] = False
        if not self._missing:
            self._source = None  # nor its threads, nor what they read ahead


def feed_for(stream: Stream, device: torch.device, size: int, step: int, free: int | None = None) -> Feed:
    """Return what feeds a device with images of so many bytes, `step` rows from batch to batch.

    `free` is the device's free memory in bytes, which is asked for if left out.
    """
    if device.type != "cuda":
        return Direct(stream, device)
    source = Prefetched(stream, device, step, min(AHEAD, MOST_AHEAD_BYTES // (size * step)))
    free = torch.cuda.mem_get_info(device)[0] if free is None else free
    fits = isinstance(stream, RowStream) and stream.count * size <= SHARE * free
    return Resident(stream, source, device) if isinstance(stream, RowStream) and fits else source


def _read_rows(stream: RowStream, places: NDArray[np.int64], pinned: bool) -> Fed:
    return _pinned(Fed.of(stream.at(places)), pinned)


def _read(stream: Stream, position: int, count: int, pinned: bool) -> Fed:
    return _pinned(Fed.of(stream.batch(position, count)), pinned)


def _pinned(fed: Fed, pinned: bool) -> Fed:
    return Fed(fed.images.pin_memory(), fed.labels.pin_memory()) if pinned else fed
