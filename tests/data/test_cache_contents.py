"""`ganache cache list` and `ganache cache clear`, and a cache that cannot be written."""

import os
from pathlib import Path

import pytest

import ganache
from ganache.data import open_dataset
from ganache.data.cache import named_cache
from ganache.data.cache_contents import KINDS, clear, entries
from ganache.support.errors import RunError, UserError
from ganache.support.units import bytes_text
from tests.commands import run_command

KEY = "0123456789abcdef" * 2


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with a store of the digits and something of every other kind."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("GANACHE_CACHE", str(folder))
    open_dataset("digits")
    files = {
        f"references/{KEY}.safetensors": 100,
        f"classifiers/{KEY}-v3.safetensors": 2000,
        f"digests/{KEY}.bin": 30,
        "features/inception-2015-12-05.safetensors": 7,
        "downloads/mnist/train-images-idx3-ubyte.gz": 5,
        "arrays/array-abc.npz": 11,
    }
    for name, size in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x" * size)
    return folder


def test_a_list_says_what_is_there_and_how_large(cache: Path) -> None:
    store = next((cache / "stores").iterdir())
    # 1,797 pictures of 64 bytes and labels of 4, two headers of 128, and the manifest.
    bytes_of_store = 1797 * 68 + 2 * 128 + (store / "manifest.json").stat().st_size
    sizes = {entry.kind: entry.size for entry in entries()}
    assert sizes == {
        "stores": bytes_of_store, "references": 100, "classifiers": 2000, "digests": 30, "features": 7,
        "downloads": 5, "arrays": 11,
    }  # fmt: skip
    assert set(sizes) == set(KINDS)
    status, shown, _ = run_command("cache", "list")
    assert status == 0
    assert f"cache          {cache}: {bytes_text(bytes_of_store + 2153)}" in shown
    assert "digits: 1,797 images of 8×8×1" in shown


def test_clearing_removes_what_ganache_wrote_and_nothing_else(cache: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / KEY).mkdir(parents=True)
    (outside / KEY / "precious").write_text("mine")
    kept = ["notes.txt", "stores/mine.zip", "downloads/mnist/my-own.gz", "arrays/array-abc.npz"]
    for name in kept[:3]:
        (cache / name).write_text("mine")
    os.symlink(outside / KEY, cache / "stores" / KEY)  # a link that has the name of a store
    store = next(path for path in (cache / "stores").iterdir() if path.name not in (KEY, "mine.zip"))
    os.symlink(outside / KEY, store / "link")
    ended = run_command("cache", "clear")
    assert ended.status == 0
    left = sorted(str(path.relative_to(cache)) for path in cache.rglob("*") if not path.is_dir() or path.is_symlink())
    assert left == sorted([*kept, f"stores/{KEY}"])
    assert (outside / KEY / "precious").read_text() == "mine"
    assert "freed" in ended.output
    assert open_dataset("digits").count == 1797  # made again


def test_a_kind_that_is_a_link_is_let_alone(cache: Path, tmp_path: Path) -> None:
    (cache / "stores").rename(tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", cache / "stores")
    clear()
    assert list((tmp_path / "elsewhere").iterdir())


def test_a_folder_that_is_no_cache_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "photo.png").write_text("mine")
    monkeypatch.setenv("GANACHE_CACHE", str(tmp_path))
    ended = run_command("cache", "clear")
    assert ended.status == 2
    assert "is no cache of Ganache" in ended.complaints
    assert (tmp_path / "photo.png").exists()
    monkeypatch.setenv("GANACHE_CACHE", str(tmp_path / "photo.png"))
    assert run_command("cache", "list").status == 2
    monkeypatch.setenv("GANACHE_CACHE", str(tmp_path / "absent"))
    ended = run_command("cache", "clear")
    assert ended.status == 0
    assert not (tmp_path / "absent").exists()


def test_a_cache_that_cannot_be_written_names_the_way_out(
    tmp_path: Path, digits_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It said that a store could not be written, in a folder that the user had never heard of."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GANACHE_CACHE", str(tmp_path / "file" / "cache"))
    said = f"'{tmp_path}/file/cache' is the cache: GANACHE_CACHE names another folder for it"
    with pytest.raises(RunError, match="GANACHE_CACHE"):
        open_dataset("digits")
    status, _, complaint = run_command("train", "--data", "digits", "--out", tmp_path / "run")
    assert status == 1
    assert said in complaint
    assert complaint.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_only_a_disk_that_refuses_names_the_cache(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"^other$"), named_cache(tmp_path):
        raise RunError("other")


def test_bytes_in_short() -> None:
    assert [bytes_text(count) for count in (0, 1023, 1024, 1536, 2**20, 5 * 2**30, 2**50)] == [
        "0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1.0 MiB", "5.0 GiB", "1024.0 TiB",
    ]  # fmt: skip


def test_errors_are_the_users(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(UserError):
        clear(tmp_path)
    assert ganache.UserError is UserError
