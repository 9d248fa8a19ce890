"""Before, a packing that was stopped began anew, and one that did not fit on the disk said so when it was full."""

import json
import multiprocessing
import os
import signal
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ganache.data import open_dataset, pack
from ganache.data.conversion import Conversion
from ganache.data.decoding.pool import Workers
from ganache.data.shape import ImageShape
from ganache.data.sources.array_source import ArraySource, Contents
from ganache.data.store.drafts import JOURNAL
from ganache.data.store.packing import write_store
from ganache.data.store.store import IMAGES, LABELS, MANIFEST, Store, building
from ganache.data.store.survey import Block
from ganache.support.errors import RunError, UserError
from tests.data.data_files import assert_sums, noting, pixels, save

FILES = (IMAGES, LABELS, MANIFEST)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return two splits of two classes, 24 pictures and 2 files that lose their pixels."""
    root = tmp_path / "set"
    for number in range(24):
        save(root / ("train", "test")[number // 16] / "ab"[number % 2] / f"{number}.png", pixels(4, 3, 3, number))
    whole = save(tmp_path / "whole.png", pixels(32, 32)).read_bytes()
    for number in (4, 20):
        broken = root / ("train", "test")[number // 16] / "a" / f"{number}b.png"
        broken.write_bytes(whole[: len(whole) // 2])
    return root


def stopping(after: int, error: Callable[[], BaseException] = KeyboardInterrupt) -> Callable[[int, int], None]:
    calls = 0

    def progress(done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if calls > after:
            raise error()

    return progress


def packed(root: Path, out: Path, progress: Callable[[int, int], None] | None = None) -> list[str]:
    """Pack in blocks of three pictures, and return the names of those whose pixels were read."""
    log = out.parent / "log"
    log.unlink(missing_ok=True)
    how, workers = Conversion(size=(5, 4)), noting(log, files_at_once=3)
    pack(root, out, how, progress, out.parent / "cache", workers)
    return log.read_text().splitlines() if log.exists() else []


@pytest.mark.parametrize(("stops", "left"), [((10,), 20), ((14,), 9), ((10, 3, 8), 20), ((17,), 0)])
def test_a_packing_that_was_interrupted_goes_on_to_the_same_bytes(
    root: Path, tmp_path: Path, stops: tuple[int, ...], left: int
) -> None:
    packed(root, tmp_path / "whole")
    for after in stops:  # nine chunks of headers come first
        with pytest.raises(KeyboardInterrupt):
            packed(root, tmp_path / "store", stopping(after))
    assert not (tmp_path / "store").exists()
    assert (tmp_path / ".store.partial" / JOURNAL).exists()
    assert len(packed(root, tmp_path / "store")) == left  # of 26
    for name in FILES:
        assert (tmp_path / "store" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert not list(tmp_path.glob(".*"))
    assert sorted(path.name for path in (tmp_path / "store").iterdir()) == sorted(FILES)


def _pack_and_die(root: Path, out: Path) -> None:
    def die() -> BaseException:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    packed(root, out, stopping(12, die))


def test_a_packing_that_was_killed_goes_on_to_the_same_bytes(root: Path, tmp_path: Path) -> None:
    packed(root, tmp_path / "whole")
    process = multiprocessing.get_context("spawn").Process(target=_pack_and_die, args=(root, tmp_path / "store"))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    left = (tmp_path / ".store.partial" / JOURNAL).read_bytes().splitlines()
    assert len(left) > 2
    packed(root, tmp_path / "store")
    for name in FILES:
        assert (tmp_path / "store" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (IMAGES, lambda content: content[:-1]),
        (IMAGES, lambda content: content[:300] + bytes([content[300] ^ 1]) + content[301:]),
        (IMAGES, lambda content: content + b"more"),
        (LABELS, lambda content: content[:-2]),
        (LABELS, lambda content: content[:140] + b"\1" + content[141:]),
        (JOURNAL, lambda content: content[:-5]),
        (JOURNAL, lambda content: content + b'{"split": "train", "rows": 1' + b"0" * 30),
        (JOURNAL, lambda content: content + b'{"split": "x", "rows": 99999999999999, "skipped": [], "sha256": {}}\n'),
        (JOURNAL, lambda content: content + b'{"split": "x", "rows": -3, "skipped": [], "sha256": {}}\n'),
        (JOURNAL, lambda content: content + b"[]\n"),
        (JOURNAL, lambda content: content.replace(b'"rows": 3', b'"rows": 2')),
        (JOURNAL, lambda content: b""),
    ],
)
def test_whatever_the_disk_kept_of_it_the_store_is_the_same(
    root: Path, tmp_path: Path, name: str, change: Callable[[bytes], bytes]
) -> None:
    packed(root, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        packed(root, tmp_path / "store", stopping(14))
    file = tmp_path / ".store.partial" / name
    file.write_bytes(change(file.read_bytes()))
    packed(root, tmp_path / "store")
    for kept in FILES:
        assert (tmp_path / "store" / kept).read_bytes() == (tmp_path / "whole" / kept).read_bytes()


def test_a_packing_of_something_else_begins_anew(root: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        packed(root, tmp_path / "store", stopping(14))
    save(root / "train" / "a" / "0.png", pixels(4, 3, 3, 99))
    assert len(packed(root, tmp_path / "store")) == 26
    assert Store(tmp_path / "store").images.shape == (24, 3, 5, 4)


def test_a_refused_packing_leaves_nothing(root: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        packed(root, tmp_path / "store", stopping(14, lambda: UserError("refused")))
    with pytest.raises(RunError, match=r"cannot be written: .*No space left"):
        packed(root, tmp_path / "store", stopping(14, lambda: OSError(28, "No space left on device")))
    assert not list(tmp_path.glob(".store*"))


def test_of_two_packings_at_once_each_has_a_folder_of_its_own(root: Path, tmp_path: Path) -> None:
    packed(root, tmp_path / "whole")
    with building(tmp_path / "store", resumable=True) as first:
        packed(root, tmp_path / "store")
        assert first.name == ".store.partial"
        (first / IMAGES).write_bytes(b"late")
    for name in FILES:
        assert (tmp_path / "store" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert not list(tmp_path.glob(".store*"))


@pytest.mark.usefixtures("no_locks")
def test_where_folders_cannot_be_locked_a_packing_begins_anew(root: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        packed(root, tmp_path / "store", stopping(14))
    assert not list(tmp_path.glob(".store*"))
    packed(root, tmp_path / "store")


def test_the_cached_store_goes_on_too_and_arrays_skip_the_rows_that_are_there(tmp_path: Path) -> None:
    images = np.arange(40, dtype=np.uint8).reshape(10, 1, 2, 2)
    reads: list[int] = []

    def source() -> ArraySource:
        def parts() -> object:
            for start in range(0, 10, 4):
                reads.append(start)
                yield Block(
                    "train", images[start : start + 4], np.arange(start, min(10, start + 4), dtype=np.int32) % 2
                )

        return ArraySource(
            "rows",
            lambda digests: "",
            lambda: Contents("rows", ImageShape(1, 2, 2), 10, ("a", "b"), parts),  # type: ignore[arg-type]
        )

    target, how, one = tmp_path / "stores" / "key", Conversion(), Workers(1)
    with pytest.raises(KeyboardInterrupt):
        write_store(source(), target, how, one, stopping(1), "key")
    assert len((tmp_path / "stores" / ".key.partial" / JOURNAL).read_text().splitlines()) == 3
    write_store(source(), target, how, one, lambda done, total: None, "key")
    store = Store(target)
    assert_sums(store)
    assert np.array_equal(store.images, images)
    assert store.labels.tolist() == [0, 1] * 5


def test_a_disk_that_is_too_small_is_said_before_anything_is_decoded(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    free = 2**26 + 26 * (3 * 5 * 4 + 4)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(2**40, 2**40, free - 1))
    with pytest.raises(
        RunError, match=r"26 images of 5x4x3 need 0\.1 GiB in .*, where 0\.1 GiB are free; GANACHE_CACHE"
    ):
        packed(root, tmp_path / "store")
    with pytest.raises(RunError, match="--size makes them smaller"):
        open_dataset(root, Conversion(size=(5, 4)), cache=tmp_path / "cache")
    assert not (tmp_path / "log").exists()
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(2**40, 2**40, free))
    packed(root, tmp_path / "store")
    assert json.loads((tmp_path / "store" / MANIFEST).read_text())["count"] == 24
