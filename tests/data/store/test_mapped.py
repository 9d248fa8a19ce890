"""What the system is told of mapped files: pages that cover the rows that come, and nothing of arrays in memory."""

import mmap
from pathlib import Path

import numpy as np
import pytest

from ganache.data.store import packed
from ganache.data.store.mapped import READ_AT_ONCE, expect, let_go, mapping_of, spans
from ganache.data.store.packed import ShuffledStream

PAGE = mmap.PAGESIZE


@pytest.fixture
def images(tmp_path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    np.save(tmp_path / "x.npy", np.random.default_rng(0).integers(0, 256, (40, 3, PAGE), np.uint8))
    return np.asarray(np.load(tmp_path / "x.npy", mmap_mode="r"))


def test_spans_are_whole_pages_that_cover_the_rows(images: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
    start = images.__array_interface__["data"][0] - 128  # NumPy's header
    # Row 2 is bytes 128 + 6 pages … 128 + 9 pages, so four pages hold it.
    assert spans(images, np.array([2]), start) == [(6 * PAGE, 3 * PAGE + 128)]
    assert spans(images, np.array([2, 0, 2]), start) == [(0, 3 * PAGE + 128), (6 * PAGE, 3 * PAGE + 128)]


def test_a_large_row_is_asked_for_in_parts_that_are_read_at_once() -> None:
    rows = np.zeros((3, 3 * READ_AT_ONCE), np.uint8)
    address = rows.__array_interface__["data"][0]
    found = spans(rows, np.array([1]), address)
    assert [start // READ_AT_ONCE for start, _ in found] == [3, 4, 5]
    assert sum(length for _, length in found) == 3 * READ_AT_ONCE


def test_what_is_announced_is_read_as_before_and_memory_needs_no_word(
    images: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
) -> None:
    before = images.copy()
    expect(images, np.array([39, 0, 7]))
    let_go(images)
    np.testing.assert_array_equal(images, before)
    assert isinstance(mapping_of(images[3:, 1]), mmap.mmap)
    assert mapping_of(before) is None
    expect(before, np.array([0]))
    let_go(before)


def test_a_large_store_s_batches_are_the_same(
    images: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], monkeypatch: pytest.MonkeyPatch
) -> None:
    labels, rows = np.arange(40, dtype=np.int32), np.arange(40)
    expected = ShuffledStream(images.copy(), labels, rows, 0).batch(30, 20)
    told: list[list[int]] = []
    monkeypatch.setattr(packed, "LARGE", images.nbytes - 1)
    monkeypatch.setattr(packed, "expect", lambda array, rows: told.append(rows.tolist()))
    found = ShuffledStream(images, labels, rows, 0).batch(30, 20)
    np.testing.assert_array_equal(found.images, expected.images)
    assert told == [expected.labels.tolist()]
    monkeypatch.setattr(packed, "LARGE", images.nbytes)
    ShuffledStream(images, labels, rows, 0).batch(30, 20)
    assert len(told) == 1
