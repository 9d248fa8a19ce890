import errno
import gc
import io
import tracemalloc
import weakref
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganache.drawing import exports
from ganache.support.errors import RunError, UserError

UINT8 = np.dtype(np.uint8)


def images(count: int, channels: int = 3) -> Any:
    return np.random.default_rng(0).integers(0, 256, (count, 5, 4, channels), dtype=np.uint8)


def batches(rows: Any, size: int) -> Iterator[Any]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


@pytest.mark.parametrize(
    ("out", "kind"),
    [
        ("a.png", "picture"),
        ("A.JPG", "picture"),
        ("a.jpeg", "picture"),
        ("a.webp", "picture"),
        ("some/a.npy", "array"),
        ("a.NPZ", "array"),
        ("new", "folder"),
        ("some.png/new", "folder"),
        ("v1.5/", "folder"),
        (".", "folder"),
        ("..", "folder"),
    ],
)
def test_the_suffix_decides(out: str, kind: str) -> None:
    assert exports.destination(out, 100) == kind


def test_other_suffixes_are_refused_with_those_allowed() -> None:
    with pytest.raises(UserError, match=r"--out: 'a\.bmp' .*\.png, \.jpg, \.jpeg, \.webp, \.npy, \.npz.*folder"):
        exports.destination("a.bmp", 1)
    with pytest.raises(UserError, match=r"did you mean '\.png'"):
        exports.destination("a.pngg", 1)
    with pytest.raises(UserError, match="--out: ''"):
        exports.destination("", 1)


def test_a_picture_of_millions_is_refused_before_anything_is_generated() -> None:
    with pytest.raises(UserError, match="--count: 10000000 images"):
        exports.destination("a.png", 10_000_000)
    assert exports.destination("a.npz", 10_000_000) == "array"


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_a_npy_is_byte_for_byte_what_numpy_writes(tmp_path: Path, size: int) -> None:
    rows = images(7)
    exports.write_array(tmp_path / "new/a.npy", batches(rows, size), 7, (5, 4, 3), UINT8)
    expected = io.BytesIO()
    np.save(expected, rows)
    assert (tmp_path / "new/a.npy").read_bytes() == expected.getvalue()


def test_a_npz_holds_one_stored_array_and_the_same_bytes_every_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = np.linspace(-1, 1, 22, dtype=np.float32).reshape(11, 1, 1, 2)
    exports.write_array(tmp_path / "a.npz", batches(points, 4), 11, (1, 1, 2), points.dtype)
    monkeypatch.setattr("time.time", lambda: 2e9)
    exports.write_array(tmp_path / "b.npz", batches(points, 11), 11, (1, 1, 2), points.dtype)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(tmp_path / "a.npz", allow_pickle=False) as archive:
        assert archive.files == ["arr_0"]
        assert archive["arr_0"].dtype == np.float32
        assert np.array_equal(archive["arr_0"], points)
    with zipfile.ZipFile(tmp_path / "a.npz") as archive_file:
        assert archive_file.testzip() is None
        (member,) = archive_file.infolist()
    assert (member.filename, member.compress_type) == ("arr_0.npy", zipfile.ZIP_STORED)
    assert member.date_time == (1980, 1, 1, 0, 0, 0)


def test_rows_that_are_not_contiguous_are_written_in_order(tmp_path: Path) -> None:
    rows = images(6).transpose(0, 2, 1, 3)
    for name in ("a.npy", "a.npz"):
        exports.write_array(tmp_path / name, batches(rows, 4), 6, (4, 5, 3), UINT8)
    assert np.array_equal(np.load(tmp_path / "a.npy"), rows)
    with np.load(tmp_path / "a.npz") as archive:
        assert np.array_equal(archive["arr_0"], rows)


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_64_mib_pass_through_the_memory_of_two_batches(tmp_path: Path, name: str) -> None:
    made: list[weakref.ref[Any]] = []

    def generated() -> Iterator[Any]:
        for value in range(64):
            alive = [reference for reference in made if reference() is not None]
            assert len(alive) <= 1, "earlier batches are still held"
            batch = np.full((1, 1024, 1024, 1), value, np.uint8)
            made.append(weakref.ref(batch))
            yield batch
            del batch

    gc.collect()
    tracemalloc.start()
    exports.write_array(tmp_path / name, generated(), 64, (1024, 1024, 1), UINT8)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 2**20
    assert len(made) == 64
    if name == "a.npy":
        stored = np.load(tmp_path / name, mmap_mode="r")
        assert stored[:, 5, 7, 0].tolist() == list(range(64))


def fail(rows: Any) -> Iterator[Any]:
    yield rows[:2]
    raise ZeroDivisionError("between batches")


def full_disk(rows: Any) -> Iterator[Any]:
    yield rows[:2]
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
@pytest.mark.parametrize("existing", [None, b"old"])
@pytest.mark.parametrize(
    ("stream", "error", "message"),
    [
        (fail, ZeroDivisionError, "between batches"),
        (full_disk, RunError, r"^could not write \S+: No space left on device$"),
        (lambda rows: batches(rows[:-1], 2), AssertionError, "4 rows came, 5 were announced"),
        (lambda rows: batches(np.concatenate([rows, rows]), 2), AssertionError, "10 rows came"),
        (lambda rows: batches(rows.astype(np.float32), 2), AssertionError, "float32"),
        (lambda rows: batches(rows[:, :4], 2), AssertionError, r"\(4, 4, 3\)"),
    ],
)
def test_a_failure_leaves_things_as_they_were(
    tmp_path: Path,
    name: str,
    existing: bytes | None,
    stream: Callable[[Any], Iterator[Any]],
    error: type[Exception],
    message: str,
) -> None:
    before = {} if existing is None else {name: existing}
    for file_name, content in before.items():
        (tmp_path / file_name).write_bytes(content)
    with pytest.raises(error, match=message):
        exports.write_array(tmp_path / name, stream(images(5)), 5, (5, 4, 3), UINT8)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")])
def test_a_folder_holds_one_numbered_picture_for_each_image(tmp_path: Path, channels: int, mode: str) -> None:
    rows = images(5, channels)
    exports.write_folder(tmp_path / "new/pictures", batches(rows, 2), 5)
    paths = sorted((tmp_path / "new/pictures").iterdir())
    assert [path.name for path in paths] == [f"00000{index}.png" for index in range(5)]
    for path, row in zip(paths, rows, strict=True):
        with Image.open(path) as image:
            assert image.mode == mode
            assert np.array_equal(np.asarray(image).reshape(row.shape), row)


def test_more_than_a_million_pictures_have_more_digits(tmp_path: Path) -> None:
    # Announced, not written: the name of the first is enough.
    with pytest.raises(AssertionError, match="1 images came, 1000001 were announced"):
        exports.write_folder(tmp_path / "many", iter([images(1)]), 1_000_001)
    assert [path.name for path in (tmp_path / "many").iterdir()] == ["0000000.png"]


def test_a_folder_with_anything_in_it_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "000000.png").write_bytes(b"mine")
    with pytest.raises(UserError, match="not empty"):
        exports.write_folder(tmp_path, iter([images(2)]), 2)
    with pytest.raises(UserError, match="is a file"):
        exports.write_folder(tmp_path / "000000.png", iter([images(2)]), 2)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("000000.png", b"mine")]


def test_points_are_no_pictures(tmp_path: Path) -> None:
    points = np.zeros((3, 1, 1, 2), np.float32)
    with pytest.raises(UserError, match=r"--out: points .* cloud\.npy"):
        exports.write_folder(tmp_path / "cloud", iter([points]), 3)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_keeps_whole_pictures_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_bytes

    def fill_up(path: Path, content: bytes) -> int:
        if "000002" in path.name:
            write(path, content[:10])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", fill_up)
    with pytest.raises(RunError, match=r"^could not write \S+: No space left on device$"):
        exports.write_folder(tmp_path / "new", batches(images(5), 2), 5)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["000000.png", "000001.png"]
