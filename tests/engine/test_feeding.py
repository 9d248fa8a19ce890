"""Batches from three feeds: the same bits whatever was asked before, a bounded number ahead, no thread left behind."""

import gc
import threading
import weakref
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ganache.data import Batch, select
from ganache.data.dataset import RowStream, Stream
from ganache.data.sources.densities import ring
from ganache.data.store.packed import ShuffledStream
from ganache.engine.feeding import AHEAD, MOST_AHEAD_BYTES, Direct, Fed, Feed, Prefetched, Resident, feed_for
from ganache.engine.transfers import CPU
from tests.elsewhere import ELSEWHERE, Elsewhere, is_elsewhere
from tests.labelled import labelled, shades

ROWS, SIZE = 23, 5


def rows(seed: int = 0) -> ShuffledStream:
    images = np.random.default_rng(1).integers(0, 256, (ROWS, 3, 4, 2), dtype=np.uint8)
    return ShuffledStream(images, np.arange(ROWS, dtype=np.int32) % 3, np.arange(ROWS), seed)


class Noted:
    """A stream of rows that notes which of them are asked for, and of which some batches cannot be read."""

    count = ROWS

    def __init__(self, bad: Sequence[int] = ()) -> None:
        self._rows, self._bad = rows(), set(bad)
        self.asked: list[int] = []  # positions, by whoever will have them read

    def places(self, position: int, count: int) -> NDArray[np.int64]:
        self.asked.append(position)
        return self._rows.places(position, count)

    def at(self, places: NDArray[np.int64]) -> Batch:
        if any(np.array_equal(places, self._rows.places(position, SIZE)) for position in self._bad):
            raise OSError("the disk is gone")
        return self._rows.at(places)

    def batch(self, position: int, count: int) -> Batch:
        return self.at(self.places(position, count))


def resident(stream: RowStream) -> Feed:
    return Resident(stream, Direct(stream, CPU), CPU)


def resident_ahead(stream: RowStream) -> Feed:
    return Resident(stream, Prefetched(stream, CPU, SIZE, ahead=3), CPU)


def ahead(stream: RowStream) -> Feed:
    return Prefetched(stream, CPU, SIZE, ahead=3)


FEEDS: list[Callable[[RowStream], Feed]] = [ahead, resident, resident_ahead]
IN_TURN = [position * SIZE for position in range(16)]  # more than three passes, whose ends no batch keeps to
ORDERS = {
    "in turn": IN_TURN,
    "after a resume": [position + 35 for position in IN_TURN],
    "after a rollback": [*IN_TURN[:9], *IN_TURN[2:]],
    "anywhere": [40, 3, 0, 0, 99, 41, 23, 5, 10, 15],
    "one of two processes": [2 * position for position in IN_TURN],
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
@pytest.mark.parametrize("made", FEEDS)
def test_all_feeds_give_the_same_bits(made: Callable[[RowStream], Feed], order: list[int]) -> None:
    feed, direct = made(rows()), Direct(rows(), CPU)
    for position in order:
        found, expected = feed.batch(position, SIZE), direct.batch(position, SIZE)
        assert torch.equal(found.images, expected.images)
        assert torch.equal(found.labels, expected.labels)
        assert found.images.dtype == torch.uint8


@pytest.mark.parametrize("made", FEEDS)
def test_batches_may_change_their_size(made: Callable[[RowStream], Feed]) -> None:
    feed, direct = made(rows()), Direct(rows(), CPU)
    for position, count in [(0, 5), (5, 5), (10, 2), (12, 46), (58, 5)]:
        assert torch.equal(feed.batch(position, count).images, direct.batch(position, count).images)


def test_points_without_end_are_read_ahead_by_one_thread() -> None:
    data = select(ring())
    feed, direct = Prefetched(data.stream(3), CPU, 7, ahead=3), Direct(data.stream(3), CPU)
    for position in (0, 7, 14, 700, 707):
        found, expected = feed.batch(position, 7), direct.batch(position, 7)
        assert torch.equal(found.images, expected.images)
        assert found.images.dtype == torch.float32
    assert feed._readers._max_workers == 1


def test_so_many_batches_are_read_ahead_and_no_more() -> None:
    stream = Noted()
    feed = Prefetched(stream, CPU, SIZE, ahead=3, readers=2)
    for number in range(6):
        feed.batch(number * SIZE, SIZE)
        assert stream.asked == [position * SIZE for position in range(number + 4)]
        assert len(feed._coming) == 3


def test_a_process_s_share_is_foreseen_a_whole_batch_further() -> None:
    stream = Noted()
    feed = Prefetched(stream, CPU, step=2 * SIZE, ahead=2)
    feed.batch(SIZE, SIZE)
    assert stream.asked == [5, 15, 25]
    feed.batch(15, SIZE)
    assert stream.asked == [5, 15, 25, 35]


def test_what_was_read_is_discarded_where_another_batch_is_asked_for() -> None:
    stream = Noted()
    feed = Prefetched(stream, CPU, SIZE, ahead=2)
    feed.batch(0, SIZE)
    feed.batch(100, SIZE)
    assert stream.asked == [0, 5, 10, 100, 105, 110]
    assert [position for position, _, _ in feed._coming] == [105, 110]


def test_an_error_is_raised_in_the_asker_when_its_batch_is_asked_for() -> None:
    feed = Prefetched(Noted(bad=[10]), CPU, SIZE, ahead=3)
    feed.batch(0, SIZE)
    feed.batch(5, SIZE)
    with pytest.raises(OSError, match="the disk is gone"):
        feed.batch(10, SIZE)
    assert torch.equal(feed.batch(15, SIZE).images, Direct(rows(), CPU).batch(15, SIZE).images)


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("ganache-reader")]


def test_the_threads_end_with_the_feed() -> None:
    gc.collect()
    for thread in readers():
        thread.join(60)
    feed = Prefetched(rows(), CPU, SIZE)
    feed.batch(0, SIZE)
    threads = readers()
    assert 1 <= len(threads) <= 4
    gone = weakref.ref(feed)
    del feed
    gc.collect()
    assert gone() is None
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def test_a_set_that_is_on_the_device_is_read_no_more() -> None:
    stream = Noted()
    feed = resident(stream)
    assert isinstance(feed, Resident)
    for position in range(0, 25, SIZE):
        feed.batch(position, SIZE)
    assert feed._source is None
    read, at = len(stream.asked), stream.at
    stream.at = lambda places: pytest.fail("read again")  # type: ignore[method-assign]
    feed.batch(200, SIZE)
    stream.at = at  # type: ignore[method-assign]
    assert len(stream.asked) == read + 1  # the order alone is asked for


@pytest.mark.parametrize("made", [Direct, lambda stream, device: Prefetched(stream, device, SIZE)])
def test_batches_are_on_the_device(made: Callable[[Stream, torch.device], Feed]) -> None:
    with Elsewhere() as device:
        fed = made(rows(), ELSEWHERE).batch(0, SIZE)
        assert is_elsewhere(fed.images)
        assert is_elsewhere(fed.labels)
        feed = Resident(rows(), made(rows(), ELSEWHERE), ELSEWHERE)
        for position in range(0, 60, SIZE):
            fed = feed.batch(position, SIZE)
            assert is_elsewhere(fed.images)
            assert is_elsewhere(fed.labels)
    assert device.fetched == 0


def test_a_cpu_reads_when_asked_a_gpu_keeps_what_fits_and_reads_the_rest_ahead() -> None:
    gpu = torch.device("cuda")  # nothing is put on it before a batch is asked for
    assert isinstance(feed_for(rows(), CPU, 24, SIZE), Direct)
    assert isinstance(feed_for(rows(), torch.device("mps"), 24, SIZE), Direct)
    assert isinstance(feed_for(rows(), gpu, 24, SIZE, free=4 * 24 * ROWS), Resident)
    assert isinstance(feed_for(rows(), gpu, 24, SIZE, free=4 * 24 * ROWS - 1), Prefetched)
    assert isinstance(feed_for(select(ring()).stream(0), gpu, 2, SIZE, free=2**40), Prefetched)


def test_large_images_are_read_less_far_ahead() -> None:
    gpu = torch.device("cuda")

    def allowed(pixels: int, step: int) -> int:
        feed = feed_for(rows(), gpu, pixels, step, free=0)
        assert isinstance(feed, Prefetched)
        return feed._ahead

    assert allowed(24, SIZE) == AHEAD
    assert allowed(MOST_AHEAD_BYTES // 30, 10) == 3
    assert allowed(MOST_AHEAD_BYTES, 10) == 1


def test_a_selection_s_own_classes_come_by_number_too() -> None:
    labels = [0, 1, 2, 2, 1, 0, 2]
    chosen = select(labelled(shades(labels), labels, ("a", "b", "c")), ["b", "c"], conditional=True).stream(0)
    assert isinstance(chosen, RowStream)
    feed, direct = Resident(chosen, Direct(chosen, CPU), CPU), Direct(chosen, CPU)
    for position in range(0, 20, 3):
        found, expected = feed.batch(position, 3), direct.batch(position, 3)
        assert torch.equal(found.images, expected.images)
        assert found.labels.tolist() == expected.labels.tolist()
        assert set(found.labels.tolist()) <= {0, 1}
    assert chosen.count == 5


def test_a_batch_as_tensors_shares_its_memory() -> None:
    batch = rows().batch(0, SIZE)
    fed = Fed.of(batch)
    batch.images[0, 0, 0, 0] ^= 255
    assert fed.images[0, 0, 0, 0].item() == batch.images[0, 0, 0, 0]
    assert fed.on(CPU).images is fed.images
