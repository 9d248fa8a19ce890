"""Before, every opening read all bytes of the data to find its store; now only what changed since the last one."""

import builtins
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ganache.data import open_dataset, preview
from ganache.data.containers.digests import DigestCache, Stamps, TooManyUnknownError, stamp
from ganache.data.containers.folders import Folder
from ganache.data.sources.array_source import hash_files
from ganache.support.errors import UserError
from tests.data.data_files import classes, never

HOUR_NS = 3600 * 10**9


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the files that are opened, an hour after they were written."""
    found: list[str] = []
    now = time.time_ns()

    def noticed(path: Any, *arguments: Any, honest: Any = builtins.open, **more: Any) -> Any:
        found.append(os.path.basename(path))
        return honest(path, *arguments, **more)

    monkeypatch.setattr("builtins.open", noticed)
    monkeypatch.setattr("time.time_ns", lambda: now + HOUR_NS)
    return found


def failing(name: str, error: BaseException) -> Callable[..., Any]:
    """Return an `open` that raises an error for files of a name."""

    def opening(path: Any, *arguments: Any, honest: Any = builtins.open, **more: Any) -> Any:
        if os.path.basename(path) == name:
            raise error
        return honest(path, *arguments, **more)

    return opening


def letters(root: Path, names: Iterable[str]) -> Path:
    root.mkdir(exist_ok=True)
    for name in names:
        (root / f"{name}.png").write_bytes(name.encode())
    return root


def key(root: Path, cache: Path) -> str:
    return Folder(root).content_key(DigestCache(cache))


def test_an_unchanged_folder_is_not_read_again(tmp_path: Path, read: list[str]) -> None:
    root = letters(tmp_path / "set", "abc")
    first = key(root, tmp_path / "cache")
    assert sorted(read) == ["a.png", "b.png", "c.png"]
    read.clear()
    assert key(root, tmp_path / "cache") == first
    assert not read
    assert key(root, tmp_path / "elsewhere") == first  # the key is the content's, whether it was noted or not


def test_only_what_is_new_is_read(tmp_path: Path, read: list[str]) -> None:
    root = letters(tmp_path / "set", "acd")
    key(root, tmp_path / "cache")
    letters(root, "b")
    (root / "c.png").unlink()
    read.clear()
    changed = key(root, tmp_path / "cache")
    assert read == ["b.png"]
    assert changed == key(letters(tmp_path / "other", "abd"), tmp_path / "fresh")


@pytest.mark.parametrize("part", range(4))
def test_size_times_and_inode_each_tell_a_change(tmp_path: Path, read: list[str], part: int) -> None:
    root = letters(tmp_path / "set", "ab")
    stamps: Stamps = np.array([[1, 10, 20, 30], [1, 11, 21, 31]], np.int64)
    cache = DigestCache(tmp_path / "cache")
    cache.of("set", root, ["a.png", "b.png"], stamps)
    read.clear()
    stamps[1, part] += 1
    cache.of("set", root, ["a.png", "b.png"], stamps)
    assert read == ["b.png"]


@pytest.mark.parametrize("part", [1, 2])
def test_a_file_that_changed_just_before_it_was_read_is_not_noted(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    # Its next content could have the same size and, by a clock of coarse grain, the same time.
    now = 100 * 10**9
    monkeypatch.setattr("time.time_ns", lambda: now)
    root, cache = letters(tmp_path / "set", "abc"), DigestCache(tmp_path / "cache")
    stamps: Stamps = np.full((3, 4), 5, np.int64)
    stamps[:, part] = [now - 2 * 10**9 - 1, now - 2 * 10**9, now + HOUR_NS]
    names = ["a.png", "b.png", "c.png"]
    cache.of("set", root, names, stamps)
    read.clear()
    (root / "b.png").write_bytes(b"B")
    again = cache.of("set", root, names, stamps)
    assert sorted(read) == ["b.png", "c.png"]
    assert np.array_equal(again.values, DigestCache(tmp_path / "fresh").of("set", root, names, stamps).values)


def test_damage_costs_another_reading_and_is_healed(tmp_path: Path, read: list[str]) -> None:
    root, cache = letters(tmp_path / "set", "ab"), tmp_path / "cache"
    first = key(root, cache)
    (kept,) = (cache / "digests").iterdir()
    content = kept.read_bytes()
    damaged = [content[:size] for size in (0, 10, 40, len(content) - 1)] + [content + b"\0"]
    damaged += [content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :] for place in range(len(content))]
    for damage in damaged:
        kept.write_bytes(damage)
        read.clear()
        assert key(root, cache) == first
        assert sorted(read) == ["a.png", "b.png"]
        assert kept.read_bytes() == content


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path: Path, read: list[str]) -> None:
    root = letters(tmp_path / "set", "ab")
    (tmp_path / "file").touch()
    assert key(root, tmp_path / "file") == key(root, tmp_path / "cache")
    assert len(read) == 4


def test_what_was_read_before_an_interrupt_is_kept(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = letters(tmp_path / "set", [f"{number:04d}" for number in range(2_049)])  # 2,048 at a time
    with monkeypatch.context() as interrupted:
        interrupted.setattr("builtins.open", failing("2048.png", KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            key(root, tmp_path / "cache")
    read.clear()
    key(root, tmp_path / "cache")
    assert read == ["2048.png"]


def test_a_preview_looks_up_what_is_known_and_writes_nothing(tmp_path: Path, read: list[str]) -> None:
    root, cache = letters(tmp_path / "set", "abc"), tmp_path / "cache"
    folder = Folder(root)
    with pytest.raises(TooManyUnknownError):
        folder.content_key(DigestCache(cache, most_bytes=2))
    assert not read
    first = folder.content_key(DigestCache(cache, most_bytes=3))
    assert not cache.exists()
    assert key(root, cache) == first
    assert folder.content_key(DigestCache(cache, most_bytes=0)) == first


def test_at_most_so_many_folders_are_kept(tmp_path: Path, read: list[str]) -> None:
    def key(root: Path, cache: Path) -> str:
        return Folder(root).content_key(DigestCache(cache, most_folders=2))

    for number, name in enumerate("abc"):
        key(letters(tmp_path / name, name), tmp_path / "cache")
        for kept in (tmp_path / "cache" / "digests").iterdir():
            os.utime(kept, (number, number)) if kept.stat().st_mtime > 10 else None
    assert len(list((tmp_path / "cache" / "digests").iterdir())) == 2
    read.clear()
    key(tmp_path / "b", tmp_path / "cache")
    assert not read
    key(tmp_path / "a", tmp_path / "cache")
    assert read == ["a.png"]


def test_a_file_that_cannot_be_read_changes_the_key_and_is_tried_again(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = letters(tmp_path / "set", "ab")
    with monkeypatch.context() as refused:
        refused.setattr("builtins.open", failing("b.png", PermissionError(13, "Permission denied")))
        first = key(root, tmp_path / "cache")
        assert key(letters(tmp_path / "moved", "ab"), tmp_path / "cache") == first
    assert key(root, tmp_path / "cache") != first


def test_files_of_arrays_are_read_once(tmp_path: Path, read: list[str]) -> None:
    paths = [tmp_path / "images.bin", tmp_path / "labels.bin"]
    for path in paths:
        path.write_bytes(path.name.encode())
    cache = DigestCache(tmp_path / "cache")
    first = hash_files(paths, cache)
    read.clear()
    assert hash_files(paths, cache) == first
    assert not read
    replaced = tmp_path / "new"
    replaced.write_bytes(b"LABELS.bin")
    replaced.replace(paths[1])
    assert hash_files(paths, cache) != first
    assert read == ["labels.bin"]
    paths[0].unlink()
    with pytest.raises(UserError, match=r"images\.bin' cannot be read: No such file"):
        hash_files(paths, cache)


def test_stamps_of_strange_files_fit_into_64_bits() -> None:
    strange = SimpleNamespace(st_size=5, st_mtime_ns=2**70, st_ctime_ns=-(2**70), st_ino=2**64 - 1)
    assert stamp(strange) == (5, 2**63 - 1, -(2**63) + 1, 2**63 - 1)  # type: ignore[arg-type]


def test_a_warm_opening_reads_neither_files_nor_pixels(tmp_path: Path, read: list[str]) -> None:
    root, cache = classes(tmp_path / "set"), tmp_path / "cache"
    first = open_dataset(root, cache=cache)
    assert "0.png" in read
    read.clear()
    again, seen = (find(root, cache=cache, progress=never) for find in (open_dataset, preview))
    assert again.fingerprint == seen.fingerprint == first.fingerprint
    assert not any(name.endswith(".png") for name in read)
