import gzip
import os
import struct
import sys
import tarfile
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganache.data import preview
from ganache.data.cache import cache_folder
from ganache.data.conversion import Conversion
from ganache.data.decoding.pool import Workers
from ganache.data.shape import ImageShape
from ganache.data.sources import cifar_pickles
from ganache.data.sources.array_source import ArraySource, Contents
from ganache.data.sources.named_sets import named_source
from ganache.data.store.packed import PackedDataset
from ganache.data.store.previews import Glance, read_preview
from ganache.data.store.survey import Block
from ganache.support.errors import RunError, UserError
from tests.data.data_files import SHARED, idx_bytes, opened, pixels, python_batch, write_idx


@pytest.mark.parametrize("packed", [True, False])
def test_idx_directory(tmp_path: Path, packed: bool) -> None:
    train, test = pixels(5 * 3, 4, 1).reshape(5, 3, 4), pixels(2 * 3, 4, 1, 1).reshape(2, 3, 4)
    write_idx(tmp_path / "set", "train", train, [5, 0, 4, 1, 9], packed)
    write_idx(tmp_path / "set", "t10k", test, [7, 2], packed)
    dataset = opened(tmp_path / "set", tmp_path)
    assert np.array_equal(dataset.rows("train", 0, 5).images[:, 0], train)
    assert np.array_equal(dataset.rows("test", 0, 2).images[:, 0], test)
    assert dataset.labels_of("train").tolist() == [5, 0, 4, 1, 9]
    assert dataset.summary()["splits"] == {"train": [0, 5], "test": [5, 7]}
    assert dataset.label_names == tuple("0123456789")
    small = opened(tmp_path / "set", tmp_path, size=(3, 3), channels=3).rows("train", 0, 5).images
    assert np.array_equal(small, np.repeat(train[:, None, :, :3], 3, axis=1))  # (4 - 3) // 2 = 0


def test_one_split_alone(tmp_path: Path) -> None:
    write_idx(tmp_path / "set", "t10k", pixels(4, 2, 1).reshape(2, 2, 2), [1, 2])
    dataset = opened(tmp_path / "set", tmp_path)
    assert list(dataset.summary()["splits"]) == ["test"]
    with pytest.raises(UserError, match="'train' is not in this data, which has test"):
        dataset.stream(0)


IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
GOOD = idx_bytes(pixels(8, 4, 1).reshape(2, 4, 4))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (IMAGES, GOOD[:-1], f"{IMAGES} is truncated: 1 bytes are missing"),
        (IMAGES, GOOD + b"x", f"{IMAGES} goes on after the data"),
        (IMAGES, b"\1" + GOOD[1:], f"{IMAGES} is not an IDX file"),
        (IMAGES, GOOD[:2] + b"\x0d" + GOOD[3:], f"{IMAGES} holds IDX type 0x0d"),
        (IMAGES, idx_bytes(np.zeros(16, np.uint8)), "in 1 dimensions"),
        (IMAGES, GOOD[:10], f"{IMAGES} is truncated"),
        (IMAGES, b"\0\0\x08\x03" + struct.pack(">3I", 2, 0, 4), "declares 2x0x4"),
        (IMAGES, b"\0\0\x08\x03" + struct.pack(">3I", 2, 2**31, 2**31), "sides of 1"),
        (IMAGES, b"\0\0\x08\x03" + struct.pack(">3I", 2, 16384, 16384), "is truncated"),
        (LABELS, idx_bytes(np.array([1, 2, 3], np.uint8)), f"{LABELS} holds 3 labels for the 2 images"),
        (LABELS, idx_bytes(np.array([1, 10], np.uint8)), f"{LABELS} holds the label 10, above 9"),
        (LABELS, None, f"not {LABELS}"),
        (IMAGES, None, f"not {IMAGES}"),
    ],
)
def test_damaged_idx_files_are_named(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    folder = tmp_path / "set"
    write_idx(folder, "train", pixels(8, 4, 1).reshape(2, 4, 4), [1, 2], packed=False)
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(UserError, match=message) as raised:
        opened(folder, tmp_path)
    assert "\n" not in str(raised.value)
    assert not list((tmp_path / "cache").rglob("*.partial"))


@pytest.mark.parametrize("damage", ["cut", "garbage", "checksum"])
def test_damaged_gzip(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "set"
    write_idx(folder, "train", pixels(8, 4, 1).reshape(2, 4, 4), [1, 2])
    path = folder / f"{IMAGES}.gz"
    content = bytearray(path.read_bytes())
    if damage == "cut":
        del content[-12:]
    elif damage == "garbage":
        content += gzip.compress(b"more")
    else:
        content[-8] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(UserError, match=IMAGES):
        opened(folder, tmp_path)


def cifar_pixels(count: int, seed: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(0, 256, (count, 3072), dtype=np.uint8)


def write_cifar(folder: Path, binary: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(["data_batch_1", "data_batch_2", "data_batch_10", "test_batch"]):
        images, labels = cifar_pixels(3, number), [number, 9, 0]
        if binary:
            records = b"".join(bytes([label]) + row.tobytes() for label, row in zip(labels, images, strict=True))
            (folder / f"{name}.bin").write_bytes(records)
        else:
            (folder / name).write_bytes(python_batch(images, labels))


def check_cifar(dataset: PackedDataset) -> None:
    # Channel planes of 32×32, row by row: https://www.cs.toronto.edu/~kriz/cifar.html
    expected = np.concatenate([cifar_pixels(3, seed) for seed in (0, 1, 2)]).reshape(-1, 3, 32, 32)
    assert np.array_equal(dataset.rows("train", 0, 9).images, expected)
    assert np.array_equal(dataset.rows("test", 0, 3).images, cifar_pixels(3, 3).reshape(-1, 3, 32, 32))
    assert dataset.labels_of("train").tolist() == [0, 9, 0, 1, 9, 0, 2, 9, 0]
    assert dataset.label_names[3] == "cat"
    assert dataset.summary()["original"]["most_common"] == {"32x32": 12}


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("archive", [True, False])
def test_cifar(tmp_path: Path, binary: bool, archive: bool) -> None:
    folder = tmp_path / "cifar-10-batches"
    write_cifar(folder, binary)
    path = folder
    if archive:
        path = tmp_path / "cifar.tar.gz"
        with tarfile.open(path, "w:gz") as tar:
            # The published archives are not in order either.
            for file in sorted(folder.iterdir(), reverse=True):
                tar.add(file, f"cifar-10-batches/{file.name}")
    check_cifar(opened(path, tmp_path))
    grey = opened(path, tmp_path, channels=1, size=(16, 16))
    assert grey.rows("test", 0, 3).images.shape == (3, 1, 16, 16)


def test_cifar_names_come_from_the_meta_file(tmp_path: Path) -> None:
    write_cifar(tmp_path / "set", True)
    (tmp_path / "set" / "batches.meta.txt").write_text("\n".join("abcdefghij") + "\n\n")
    assert opened(tmp_path / "set", tmp_path).label_names == tuple("abcdefghij")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"x" * 3074, "3074 bytes, not records of 3073"),
        (b"", "0 bytes, not records"),
        (b"\x0a" + b"x" * 3072, "holds the label 10, above 9"),
    ],
)
def test_damaged_cifar_binary(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "data_batch_1.bin").write_bytes(content)
    with pytest.raises(UserError, match=message):
        opened(tmp_path, tmp_path)


IMAGE = cifar_pixels(2, 0)
BATCH = python_batch(IMAGE, [3, 4])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (BATCH[:3000], "not a CIFAR-10 batch"),
        (BATCH[:-1], "not a CIFAR-10 batch"),
        (b"hello", "not a CIFAR-10 batch"),
        (b"", "not a CIFAR-10 batch"),
        (BATCH.replace(b"labels", b"labelz"), "no 'labels' in it"),
        (BATCH.replace(b"U\x04data", b"U\x04dada"), "no 'data' in it"),
        (BATCH.replace(b"K\x03K\x04", b"K\x03K\x04K\x05"), "6144 bytes of pixels for 3 labels"),
        (BATCH.replace(b"K\x03K\x04", b"K\x03N"), "NONE among its labels"),
        (BATCH.replace(b"K\x03K\x04", b"K\x03J\xff\xff\xff\xff"), "no class number"),
        (BATCH.replace(b"K\x03K\x04", b"K\x03K\x0b"), "holds the label 11"),
        (BATCH.replace(b"T\x00\x18\0\0", b"T\xff\xff\xff\x7f"), "not a CIFAR-10 batch"),
    ],
)
def test_damaged_cifar_python_batch(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "data_batch_1").write_bytes(content)
    with pytest.raises(UserError, match=message) as raised:
        opened(tmp_path, tmp_path)
    assert "data_batch_1" in str(raised.value)


@pytest.mark.parametrize(
    "attack",
    [
        b"cos\nsystem\n(U\x10touch /tmp/ownedtR0",
        b"(U\x10touch /tmp/ownedios\nsystem\n0",
        b"\x8c\x02os\x8c\x06system\x93(U\x10touch /tmp/ownedtR0",
    ],
    ids=["GLOBAL", "INST", "STACK_GLOBAL"],
)
def test_a_malicious_batch_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attack: bytes) -> None:
    def forbidden(*arguments: object) -> int:
        raise AssertionError(f"os.system was called with {arguments}")

    monkeypatch.setattr(os, "system", forbidden)
    attack = attack.replace(b"U\x10touch /tmp/owned", b"U\x04true")
    (tmp_path / "data_batch_1").write_bytes(python_batch(IMAGE, [3, 4], extra=attack))
    with pytest.raises(UserError, match=r"it names 'os system' \(nothing was run\)"):
        opened(tmp_path, tmp_path)


def test_newer_protocols_are_read_as_well() -> None:
    content = IMAGE.tobytes()
    # Protocol 3: unicode keys, bytes values, 4-byte integers.
    batch = b"\x80\x03}(X\x04\0\0\0dataB" + struct.pack("<I", len(content)) + content
    batch += b"X\x06\0\0\0labels](J\x03\0\0\0M\x04\0eu."
    images, labels = cifar_pickles.read_python_batch(batch, "x")
    assert np.array_equal(images, IMAGE)
    assert labels.tolist() == [3, 4]


def test_tar_without_batches(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("readme"), BytesIO())
    with pytest.raises(UserError, match="none of CIFAR-10's batches"):
        opened(tmp_path / "x.tar.gz", tmp_path)
    (tmp_path / "y.tgz").write_bytes(b"no tar")
    with pytest.raises(UserError, match="not a readable tar"):
        opened(tmp_path / "y.tgz", tmp_path)


def test_digits(tmp_path: Path) -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    dataset = opened("digits", tmp_path)
    assert (dataset.count, dataset.shape.pixels, dataset.name) == (1797, 64, "digits")
    # The first digit's first row is 0 0 5 13 9 1 0 0 of 16: times 255/16, half up.
    assert dataset.rows("train", 0, 1).images[0, 0, 0].tolist() == [0, 0, 80, 207, 143, 16, 0, 0]
    assert np.array_equal(dataset.labels_of("train"), datasets.load_digits().target)


def test_digits_without_scikit_learn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(UserError, match=r"pip install 'ganache\[digits\]'"):
        opened("digits", tmp_path)


def small_mnist(folder: Path, labels: Sequence[int]) -> Path:
    write_idx(folder, "train", pixels(40, 4, 1).reshape(10, 4, 4), labels)
    return folder


MNIST_START, FASHION_START = [5, 0, 4, 1, 9, 2, 1, 3, 1, 4], [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]


def test_named_sets_are_found_in_the_given_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANACHE_DATA", str(tmp_path / "data"))
    small_mnist(tmp_path / "data" / "mnist", [1] * 10)
    assert opened("mnist", tmp_path).labels_of("train").tolist() == [1] * 10
    small_mnist(tmp_path / "data" / "FashionMNIST" / "raw", FASHION_START)
    assert opened("fashion-mnist", tmp_path).label_names[9] == "Ankle boot"
    write_cifar(tmp_path / "data" / "cifar10" / "cifar-10-batches-py", False)
    check_cifar(opened("cifar10", tmp_path))


def test_sets_of_the_same_file_names_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*arguments: object) -> Path:
        raise RunError("no network")

    monkeypatch.setenv("GANACHE_DATA", str(small_mnist(tmp_path / "data", MNIST_START)))
    assert opened("mnist", tmp_path).labels_of("train").tolist() == MNIST_START
    with pytest.raises(RunError, match=r"put train-images-idx3-ubyte\.gz, .* into .*downloads/fashion-mnist"):
        named_source("fashion-mnist", tmp_path / "cache", fetch=offline)
    write_idx(tmp_path / "data", "train", pixels(40, 4, 1).reshape(10, 4, 4), FASHION_START)
    assert opened("fashion-mnist", tmp_path).labels_of("train").tolist() == FASHION_START
    with pytest.raises(RunError, match="'mnist' is not on this machine"):
        named_source("mnist", tmp_path / "cache", fetch=offline)


def test_a_half_downloaded_set_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GANACHE_DATA", raising=False)
    folder = small_mnist(tmp_path / "cache" / "downloads" / "mnist", MNIST_START)
    asked: list[str] = []

    def fetch(file: Any, mirrors: object, target: Path, *more: object) -> Path:
        asked.append(file.name)
        write_idx(target, "t10k", pixels(40, 4, 1).reshape(10, 4, 4), MNIST_START)
        return target / str(file.name)

    named_source("mnist", tmp_path / "cache", fetch=fetch)
    assert len(asked) == 4
    assert opened("mnist", tmp_path).count == 20
    assert preview("mnist", cache=tmp_path / "cache").count == 20
    assert folder.is_dir()


@pytest.mark.skipif(not (SHARED / "mnist").exists(), reason="needs the shared MNIST files")
def test_mnist_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANACHE_DATA", str(SHARED))
    dataset = opened("mnist", tmp_path)
    assert dataset.summary()["splits"] == {"train": [0, 60000], "test": [60000, 70000]}
    assert dataset.labels_of("test")[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert round(float(dataset.rows("train", 0, 60000).images.mean() / 255), 4) == 0.1307  # the value everyone uses


@pytest.mark.parametrize(
    ("name", "line"),
    [
        *((name, "neither a folder, a file nor one of digits, mnist") for name in ("mnits", "no/such/folder", "")),
        ("x" * 5000, "a name of 5,000 characters is too long"),
        ("a\0b", "holds a zero byte"),
    ],
)
def test_unknown_sources(tmp_path: Path, name: str, line: str) -> None:
    with pytest.raises(UserError, match=line) as raised:
        opened(name, tmp_path)
    assert ("did you mean 'mnist'?" in str(raised.value)) == (name == "mnits")


def test_the_cache_is_where_each_system_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    for variable in ("GANACHE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert cache_folder() == Path("/home/me/.cache/ganache")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/xdg")
    assert cache_folder() == Path("/var/xdg/ganache")
    monkeypatch.setattr("sys.platform", "darwin")
    assert cache_folder() == Path("/home/me/Library/Caches/ganache")
    monkeypatch.setenv("GANACHE_CACHE", "/mine")
    assert cache_folder() == Path("/mine")
    assert cache_folder("there") == Path("there")


def test_a_preview_of_arrays_takes_every_nth_row_across_their_parts() -> None:
    cuts = (("train", 0, 4), ("train", 4, 9), ("test", 9, 11), ("test", 11, 12), ("test", 12, 14))

    def parts() -> Iterator[Block]:
        for split, first, stop in cuts:
            rows = np.arange(first, stop)
            yield Block(split, rows.astype(np.uint8).reshape(-1, 1, 1, 1), (rows % 3).astype(np.int32))

    source = ArraySource(
        "rows", lambda digests: "", lambda: Contents("rows", ImageShape(1, 1, 1), 14, ("a", "b", "c"), parts)
    )
    sample = source.survey(Conversion(), Workers(1), lambda done, total: None).peek(5)
    assert [(block.split, block.images.ravel().tolist()) for block in sample.blocks] == [
        ("train", [0, 3]), ("train", [6]), ("test", [9]), ("test", [12]),
    ]  # fmt: skip
    assert [block.labels.tolist() for block in sample.blocks] == [[0, 0], [0], [0], [0]]
    assert {split: counts.tolist() for split, counts in sample.counts.items()} == {
        "train": [3, 3, 3, 0], "test": [2, 2, 1, 0],
    }  # fmt: skip
    seen = read_preview(source, Conversion(size=(2, 2)), Workers(1), lambda done, total: None, Glance())
    assert seen.summary()["splits"] == {"train": [0, 9], "test": [9, 14]}
    assert seen.summary()["classes"] == {"a": 5, "b": 5, "c": 4}
    assert seen.summary()["decisions"]["looked at"] == "14 of 14 images"
    assert seen.rows("test", 0, 5).images[:, 0, 1, 1].tolist() == [9, 10, 11, 12, 13]
