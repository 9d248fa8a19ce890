import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganache.data import open_dataset, opening, pack
from ganache.data.containers.folders import Folder
from ganache.data.conversion import Conversion
from ganache.data.decoding.pool import Decoders, Workers
from ganache.data.ranges import FULL
from ganache.data.shape import ImageShape
from ganache.data.store.mapped import let_go
from ganache.data.store.packed import PackedDataset, ShuffledStream
from ganache.data.store.store import Store, building, is_store, read_manifest, write_manifest
from ganache.support.errors import RunError, UserError
from tests.data.data_files import assert_sums, classes, pixels, save


def stream(count: int, seed: int = 0) -> ShuffledStream:
    images = np.arange(count, dtype=np.uint8).reshape(-1, 1, 1, 1)
    return ShuffledStream(images, np.arange(count, dtype=np.int32) % 3, np.arange(count), seed)


@given(
    st.integers(1, 40), st.integers(0, 2**62), st.integers(0, 200), st.lists(st.integers(1, 50), min_size=1, max_size=6)
)
@settings(deadline=None, max_examples=60)
def test_a_batch_does_not_depend_on_how_the_rows_are_cut(count: int, seed: int, start: int, cuts: list[int]) -> None:
    whole = stream(count, seed).batch(start, sum(cuts))
    pieces = stream(count, seed)
    position = start
    seen = []
    for cut in cuts:
        seen.append(pieces.batch(position, cut))
        position += cut
    assert np.array_equal(whole.images, np.concatenate([piece.images for piece in seen]))
    assert np.array_equal(whole.labels, np.concatenate([piece.labels for piece in seen]))
    # Going back, after other epochs were visited, gives the same rows again.
    pieces.batch(10 * count, 3 * count)
    assert np.array_equal(pieces.batch(start, cuts[0]).images, seen[0].images)


def test_every_epoch_holds_every_row_once_in_another_order() -> None:
    epochs = [stream(50).batch(epoch * 50, 50) for epoch in range(4)]
    for epoch in epochs:
        assert sorted(epoch.images.ravel().tolist()) == list(range(50))
        assert np.array_equal(epoch.labels, epoch.images.ravel().astype(np.int64) % 3)
    assert len({epoch.images.tobytes() for epoch in epochs}) == 4
    assert not np.array_equal(epochs[0].images, stream(50, seed=1).batch(0, 50).images)


def test_the_order_is_the_documented_one() -> None:
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([7, 0x5348, 2])))
    assert stream(9, seed=7).batch(18, 9).images.ravel().tolist() == generator.permutation(9).tolist()


def test_batches_are_fresh_and_may_exceed_the_data() -> None:
    shuffled = stream(3)
    batch = shuffled.batch(1, 10)
    assert Counter(batch.images.ravel().tolist()[2:8]) == {0: 2, 1: 2, 2: 2}
    assert batch.labels.dtype == np.int64
    batch.images[:] = 99
    assert 99 not in shuffled.batch(1, 10).images


def test_at_most_two_orders_are_kept() -> None:
    shuffled = stream(5)
    shuffled.batch(0, 50)
    assert len(shuffled._shuffle._orders) == 2


@pytest.fixture
def dataset(tmp_path: Path) -> PackedDataset:
    return pack(classes(tmp_path / "set", ("cat", "dog", "eel")), tmp_path / "store", cache=tmp_path)


def test_batches_from_a_store_are_plain_arrays(dataset: PackedDataset) -> None:
    batch = dataset.stream(0).batch(0, 9)
    assert type(batch.images) is type(batch.labels) is type(dataset.labels_of("train")) is np.ndarray
    assert batch.images.flags.c_contiguous
    assert batch.images.flags.writeable
    assert batch.images.dtype == np.uint8


def test_labels_filter(dataset: PackedDataset) -> None:
    chosen = dataset.stream(0, labels=["eel", "cat"])
    assert chosen.count == 6
    assert set(chosen.batch(0, 60).labels.tolist()) == {0, 2}
    with pytest.raises(UserError, match=r"'dg' is not a class of this data \(did you mean 'dog'\?\): cat, dog, eel"):
        dataset.stream(0, labels=["dg"])
    with pytest.raises(UserError, match=r"split: 'trian' is not in this data.*did you mean 'train'"):
        dataset.stream(0, split="trian")
    with pytest.raises(UserError, match="seed: -1"):
        dataset.stream(-1)


def test_labels_of_data_without_any(tmp_path: Path) -> None:
    save(tmp_path / "set" / "a.png", pixels(4, 4))
    plain = open_dataset(tmp_path / "set", cache=tmp_path / "cache")
    assert plain.stream(0).batch(0, 2).labels.tolist() == [-1, -1]
    with pytest.raises(UserError, match="has no labels"):
        plain.stream(0, labels=["cat"])


def test_splits_are_separate(tmp_path: Path) -> None:
    for split, count in (("train", 4), ("validation", 2), ("TEST", 3)):
        for index in range(count):
            save(tmp_path / "set" / split / "x" / f"{index}.png", np.full((2, 2), count * 10 + index, np.uint8))
            save(tmp_path / "set" / split / "y" / f"{index}.png", np.full((2, 2), count * 10 + index, np.uint8))
    packed = open_dataset(tmp_path / "set", cache=tmp_path / "cache")
    assert isinstance(packed, PackedDataset)
    assert packed.summary()["splits"] == {"train": [0, 8], "val": [8, 12], "test": [12, 18]}
    assert set(packed.stream(0, split="val").batch(0, 40).images.ravel().tolist()) == {20, 21}
    assert packed.rows("test", 1, 4).images[:, 0, 0, 0].tolist() == [31, 32, 30]
    assert packed.labels_of("test").tolist() == [0, 0, 0, 1, 1, 1]
    assert packed.stream(0, labels=["y"], split="test").count == 3


def test_a_packed_store_is_a_source(dataset: PackedDataset, tmp_path: Path) -> None:
    again = open_dataset(tmp_path / "store", cache=tmp_path / "cache")
    assert again.fingerprint == dataset.fingerprint
    moved = (tmp_path / "store").rename(tmp_path / "moved")
    assert open_dataset(moved, Conversion(size=(4, 4), channels=3)).fingerprint == dataset.fingerprint
    with pytest.raises(UserError, match="packed as 3 channels of 4x4"):
        open_dataset(moved, Conversion(channels=1))
    with pytest.raises(UserError, match="is packed already"):
        pack(moved, tmp_path / "other")


def test_the_arrays_are_what_numpy_reads(dataset: PackedDataset, tmp_path: Path) -> None:
    images = np.load(tmp_path / "store" / "images.npy", allow_pickle=False)
    labels = np.load(tmp_path / "store" / "labels.npy", allow_pickle=False)
    assert (images.dtype, images.shape) == (np.uint8, (9, 3, 4, 4))
    assert (labels.dtype, labels.tolist()) == (np.int32, [0, 0, 0, 1, 1, 1, 2, 2, 2])
    assert json.loads((tmp_path / "store" / "manifest.json").read_text())["count"] == 9


def test_out_must_be_empty(dataset: PackedDataset, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"out: .* exists and is not an empty folder"):
        pack(tmp_path / "set", tmp_path / "store")
    (tmp_path / "empty").mkdir()
    assert pack(tmp_path / "set", tmp_path / "empty").fingerprint == dataset.fingerprint
    with pytest.raises(UserError, match="'ring' is endless"):
        pack("ring", tmp_path / "ring")


OPEN_BRACKET = b"\x93NUMPY\x01\x00\x76\x00" + b"{'descr': ('|u1'".ljust(117) + b"\n"


def edit(path: Path, **changes: Any) -> None:
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, **changes}))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: (path / "images.npy").write_bytes((path / "images.npy").read_bytes()[:-1]), "images.npy"),
        (lambda path: (path / "images.npy").write_bytes((path / "images.npy").read_bytes() + b"x"), "images.npy holds"),
        (lambda path: (path / "images.npy").write_bytes(b"nothing"), "images.npy cannot be read"),
        # NumPy tokenizes a header that it cannot parse, and an open bracket was a traceback.
        (lambda path: (path / "images.npy").write_bytes(OPEN_BRACKET), "images.npy cannot be read"),
        (lambda path: (path / "labels.npy").unlink(), "labels.npy cannot be read"),
        (lambda path: np.save(path / "labels.npy", np.full(9, 3, np.int32)), "a label without a name"),
        (lambda path: np.save(path / "labels.npy", np.zeros(9, np.int64)), "labels.npy holds int64"),
        (lambda path: (path / "manifest.json").write_text("{"), "manifest.json cannot be read"),
        (lambda path: (path / "manifest.json").write_text("[]"), "is not a ganache-store manifest"),
        (lambda path: edit(path / "manifest.json", version=2), "of version 2, not 1"),
        (lambda path: edit(path / "manifest.json", count=8), "images.npy holds"),
        (lambda path: edit(path / "manifest.json", shape=[3, 4]), "lacks or garbles"),
        (lambda path: edit(path / "manifest.json", splits={"train": [0, 8]}), "cover 8 of 9"),
        (lambda path: edit(path / "manifest.json", splits={"train": [1, 9]}), "split 'train' is 1"),
        (lambda path: edit(path / "manifest.json", label_names=5), "lacks or garbles"),
        (lambda path: edit(path / "manifest.json", shape=[3, 4, 2**40]), "lacks or garbles a field .*size"),
    ],
)
def test_a_damaged_store_is_refused(dataset: PackedDataset, tmp_path: Path, damage: Any, message: str) -> None:
    damage(tmp_path / "store")
    with pytest.raises(UserError, match=message) as raised:
        open_dataset(tmp_path / "store")
    assert "pack it again" in str(raised.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("splits", []), ("splits", {"train": [0]}), ("splits", {"train": [0, 9.0]}), ("splits", {"train": "09"})],
        *[("shape", [float("inf"), 1, 1]), ("shape", ["3", "4", "4"]), ("shape", [True, 4, 4]), ("shape", {})],
        *[("count", "9"), ("count", True), ("count", 0), ("source", 3), ("fingerprint", None), ("kind", [])],
        *[
            ("classes", {"a": "b"}),
            ("classes", []),
            ("label_names", {"a": 1}),
            ("label_names", [1]),
            ("unlabelled", ""),
        ],
        *[("decisions", [1]), ("decisions", {"size": 1}), ("converted", 3), ("converted", {"CMYK": "x"})],
        *[("ignored", 4), ("ignored", [4]), ("ignored_count", "4"), ("ignored_suffixes", {"": []}), ("original", 1)],
        *[("skipped", [{"file": 1, "reason": 2}]), ("skipped", [3]), ("skipped", {}), ("sha256", {}), ("sha256", 1)],
        *[("original", {"most_common": 3}), ("columns", 3), ("columns", [{"name": 1}]), ("column_count", -1)],
    ],
)
def test_a_manifest_with_an_odd_field_is_one_line_that_names_it(tmp_path: Path, field: str, value: Any) -> None:
    told = {"source": "x", "fingerprint": "", "count": 9, "shape": [3, 4, 4], "label_names": ["a"], "classes": {"a": 9}}
    told |= {"splits": {"train": [0, 9]}, "skipped": [], "sha256": {"images.npy": "", "labels.npy": ""}}
    write_manifest(tmp_path, told)
    assert read_manifest(tmp_path)["count"] == 9
    write_manifest(tmp_path, {**told, field: value})
    with pytest.raises(UserError, match=rf"manifest.json lacks or garbles a field \({field}") as raised:
        read_manifest(tmp_path)
    assert "\n" not in str(raised.value)


def test_a_damaged_cached_store_is_made_again(tmp_path: Path) -> None:
    root, cache = classes(tmp_path / "set"), tmp_path / "cache"
    fingerprint = open_dataset(root, cache=cache).fingerprint
    (store,) = (cache / "stores").iterdir()
    (store / "images.npy").write_bytes(b"")
    assert open_dataset(root, cache=cache).fingerprint == fingerprint
    assert is_store(store)


def test_a_store_that_another_process_makes_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, cache = classes(tmp_path / "set"), tmp_path / "cache"
    look, first = opening._from_cache, []

    def late(*asked: Any) -> None:
        monkeypatch.setattr(opening, "_from_cache", look)
        open_dataset(root, cache=cache)  # the other process, once this one has looked
        first.append(inode(cache))

    monkeypatch.setattr(opening, "_from_cache", late)
    open_dataset(root, cache=cache)
    assert first == [inode(cache)]


def inode(cache: Path) -> int:
    (store,) = (cache / "stores").iterdir()
    return store.stat().st_ino


def test_a_store_that_was_made_anew_since_it_was_looked_at_is_put_back(
    dataset: PackedDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([False, True])
    monkeypatch.setattr(opening, "_is_sound", lambda path: next(answers))
    opening._remove_damaged(tmp_path / "store")
    assert_sums(Store(tmp_path / "store"))
    assert not list(tmp_path.glob("*.partial"))


def test_what_a_killed_packing_left_is_removed_later(tmp_path: Path) -> None:
    old, young, other = (tmp_path / name for name in (".store.1.partial", ".store.2.partial", ".store2.3.partial"))
    for folder in (old, young, other):
        folder.mkdir()
        (folder / "images.npy").touch()
    for path in (old / "images.npy", old, young, other / "images.npy", other):
        os.utime(path, (0, 0))
    pack(classes(tmp_path / "set"), tmp_path / "store")
    assert (old.exists(), young.exists(), other.exists()) == (False, True, True)


def test_two_packings_of_one_target_do_not_meet(tmp_path: Path) -> None:
    root, target = classes(tmp_path / "set"), tmp_path / "out" / "store"
    with building(target) as folder:
        first = pack(root, target)  # another process is done in the meantime
        (folder / "images.npy").write_bytes(b"late")
    assert [path.name for path in target.parent.iterdir()] == ["store"]
    assert first.store is not None
    assert_sums(Store(target))


def test_an_unwritable_place_is_a_run_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot be written"):
        pack(classes(tmp_path / "set"), tmp_path / "file" / "store")


@pytest.mark.parametrize("how", [{"max_skipped": 1.5}, {"max_skipped": -1}, {"channels": 5}, {"size": (0, 4)}])
def test_values_are_checked_first(how: Any) -> None:
    with pytest.raises(UserError, match=next(iter(how))):
        Conversion(**how)


def test_a_dead_decoder_process_is_a_run_error(tmp_path: Path) -> None:
    dead = Workers(2, "import sys; sys.exit(3)", smallest_parallel=1)
    folder = Folder(classes(tmp_path / "set"))
    with pytest.raises(RunError, match=r"a decoder process ended as it started \(exit status 3\)"):
        list(Decoders(folder, dead).headers(["cat/0.png", "cat/1.png"]))


def test_answers_come_in_the_order_of_the_questions(tmp_path: Path) -> None:
    for value in range(20):
        save(tmp_path / f"{value}.png", np.full((2, 2), value, np.uint8))
    parts = [[f"{value}.png"] for value in range(20)]
    answers = Decoders(Folder(tmp_path), Workers(2, smallest_parallel=1)).pixels(parts, ImageShape(1, 2, 2), FULL, {})
    assert [int(answer.images[0, 0, 0, 0]) for answer in answers] == list(range(20))


def test_decoder_processes_end_when_the_reader_stops(tmp_path: Path) -> None:
    folder = Folder(classes(tmp_path / "set"))
    parts = [["cat/0.png"], ["cat/1.png"], ["dog/0.png"], ["dog/1.png"], ["dog/2.png"]]
    reading = Decoders(folder, Workers(2, smallest_parallel=1)).pixels(parts, ImageShape(3, 4, 4), FULL, {})
    assert next(reading).images.shape == (1, 3, 4, 4)
    reading.close()  # type: ignore[attr-defined]


def test_pages_of_a_mapped_store_are_given_back_and_read_again(dataset: PackedDataset) -> None:
    # A process that drew from 20 GB held all that it had touched.
    released: list[int] = []

    def noticed(images: Any) -> None:
        released.append(len(images))
        let_go(images)

    whole = dataset.stream(0).batch(0, 90)
    assert dataset.store is not None
    store = dataset.store
    drawn = ShuffledStream(store.images, store.labels, np.arange(9), 0, noticed, most_touched=8 * 3 * 4 * 4)
    images = np.concatenate([drawn.batch(position, 6).images for position in range(0, 90, 6)])
    assert released == [9] * 7  # after every second batch of six rows
    assert np.array_equal(images, whole.images)
    let_go(np.zeros(3))  # not mapped: nothing to give back
