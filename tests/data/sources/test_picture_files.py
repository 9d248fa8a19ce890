import os
import shutil
import socket
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganache.data import open_dataset, pack, preview
from ganache.data.containers.zips import Zip
from ganache.data.conversion import Conversion, decide
from ganache.data.decoding.pool import Workers
from ganache.data.labels import natural_order
from ganache.data.sources.layout import Picture, arrange
from ganache.data.store.packed import PackedDataset
from ganache.data.store.previews import Glance
from ganache.data.store.store import IMAGES
from ganache.support.errors import UserError
from tests.data.data_files import SHARED, classes, never, noting, opened, pixels, png_header, save


def zipped(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder.parent).as_posix())
    return target


def test_class_folders_become_labels(tmp_path: Path) -> None:
    dataset = opened(classes(tmp_path / "set", ("dog", "cat10", "cat9")), tmp_path)
    assert dataset.label_names == ("cat9", "cat10", "dog")  # natural order
    assert (dataset.shape.channels, dataset.shape.height, dataset.shape.width) == (3, 4, 4)
    rows = dataset.rows("train", 0, 9)
    # In store order (cat9, cat10, dog by path); classes() seeds dog 0…2, cat10 1000…, cat9 2000…
    assert rows.labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    seeds = [2000, 2001, 2002, 1000, 1001, 1002, 0, 1, 2]
    assert np.array_equal(rows.images, np.stack([pixels(4, 4, 3, seed).transpose(2, 0, 1) for seed in seeds]))
    assert dataset.summary()["classes"] == {"cat9": 3, "cat10": 3, "dog": 3}


def test_zip_and_folder_are_the_same_data(tmp_path: Path) -> None:
    folder = classes(tmp_path / "set")
    archive = zipped(folder, tmp_path / "set.zip")  # with one wrapper folder around the classes
    moved = folder.rename(tmp_path / "renamed")
    first, second = opened(moved, tmp_path), opened(archive, tmp_path)
    assert first.fingerprint == second.fingerprint
    assert first.name == str(moved)
    assert opened(zipped(moved, tmp_path / "b.zip"), tmp_path).fingerprint == first.fingerprint
    assert opened(moved, tmp_path, channels=1).fingerprint != first.fingerprint


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.png", "b.png"], [("a.png", "train", None), ("b.png", "train", None)]),
        (["w/a.png", "w/b.png"], [("w/a.png", "train", None), ("w/b.png", "train", None)]),
        (["w/x/a.png", "w/y/b.png"], [("w/x/a.png", "train", "x"), ("w/y/b.png", "train", "y")]),
        (["x/a.png", "b.png"], [("b.png", "train", None), ("x/a.png", "train", "x")]),
        (["x/1/a.png", "y/b.png"], [("x/1/a.png", "train", "x/1"), ("y/b.png", "train", "y")]),
        (
            ["Test/x/a.png", "TRAIN/x/a.png", "TRAIN/y/b.png"],
            [("TRAIN/x/a.png", "train", "x"), ("TRAIN/y/b.png", "train", "y"), ("Test/x/a.png", "test", "x")],
        ),
        (["train/x/a.png", "train/y/a.png"], [("train/x/a.png", "train", "x"), ("train/y/a.png", "train", "y")]),
        (["w/train/a.png", "w/valid/a.png"], [("w/train/a.png", "train", None), ("w/valid/a.png", "val", None)]),
        (["test/x/a.png", "test/y/a.png"], [("test/x/a.png", "train", "x"), ("test/y/a.png", "train", "y")]),
        (["train/a.png", "cat/a.png"], [("cat/a.png", "train", "cat"), ("train/a.png", "train", "train")]),
        (
            ["train/x/a.png", "train/y/b.png", "test/c.png"],
            [("train/x/a.png", "train", "x"), ("train/y/b.png", "train", "y"), ("test/c.png", "test", None)],
        ),
        (["train/i/a.png", "test/i/b.png"], [("train/i/a.png", "train", None), ("test/i/b.png", "test", None)]),
        (["a10.png", "a9.png"], [("a9.png", "train", None), ("a10.png", "train", None)]),
    ],
)  # fmt: skip
def test_what_folders_mean(names: list[str], expected: list[tuple[str, str, str | None]]) -> None:
    assert arrange(names)[:2] == ([Picture(*row) for row in expected], [])


def test_files_beside_the_splits_are_listed() -> None:
    rows, skipped, _ = arrange(["train/a.png", "test/b.png", "cover.png"])
    assert [row.name for row in rows] == ["train/a.png", "test/b.png"]
    assert skipped == [("cover.png", "outside the split folders test, train")]


def test_natural_order_is_total() -> None:
    assert sorted(["b", "a10", "a9", "a", "10", "9", "a010", ""], key=natural_order) == [
        *("", "9", "10", "a", "a9", "a010", "a10", "b")
    ]


@pytest.mark.parametrize(
    ("sizes", "options", "expected"),
    [
        ({(97, 61): 3}, Conversion(), (97, 61)),
        ({(256, 8): 3}, Conversion(), (256, 8)),
        ({(257, 8): 3}, Conversion(), (8, 8)),
        ({(512, 512): 3}, Conversion(), (64, 64)),
        ({(40, 30): 1, (50, 20): 1, (90, 80): 1}, Conversion(), (30, 30)),
        ({(40, 30): 1, (400, 300): 3}, Conversion(), (64, 64)),
        ({(97, 61): 3}, Conversion(size=(10, 20)), (10, 20)),
    ],
)
def test_one_size_is_decided(sizes: dict[tuple[int, int], int], options: Conversion, expected: tuple[int, int]) -> None:
    shape, why = decide(Counter(sizes), Counter({3: 1}), options)
    assert (shape.height, shape.width) == expected
    assert why["size"].startswith(f"{expected[0]}x{expected[1]}")


def test_the_most_common_channels_win_and_ties_give_more() -> None:
    sizes = Counter({(4, 4): 4})
    assert decide(sizes, Counter({1: 3, 3: 1}), Conversion())[0].channels == 1
    assert decide(sizes, Counter({1: 2, 3: 2}), Conversion())[0].channels == 3
    assert decide(sizes, Counter({1: 3, 3: 1}), Conversion(channels=4))[0].channels == 4


@pytest.fixture
def junk(tmp_path: Path) -> Path:
    """One of everything that people keep in picture folders."""
    root = tmp_path / "junk"
    save(root / "odd.png", pixels(97, 61))
    save(root / "rgba.png", pixels(20, 20, 4))
    save(root / "sixteen.png", np.full((20, 20), 257, np.uint16))
    save(root / "größe 日本.jpg", pixels(20, 20))
    Image.new("CMYK", (20, 20)).save(root / "cmyk.jpg")
    Image.new("P", (20, 20)).save(root / "palette.gif")
    Image.new("P", (20, 20)).save(root / "clear.png", transparency=0)
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    frames[0].save(root / "moving.webp", save_all=True, append_images=frames[1:])
    save(root / "jpeg-really.png", pixels(20, 20)).rename(root / "png-really.jpg")
    (root / "cut.jpg").write_bytes((root / "cmyk.jpg").read_bytes()[:-200])
    (root / "cut.png").write_bytes((root / "odd.png").read_bytes()[:5000])
    (root / "empty.png").touch()
    (root / "text.png").write_text("not a picture")
    (root / "bomb.png").write_bytes(png_header(50_000, 50_000))
    save(root / "float.tiff", np.full((4, 4), np.nan, np.float32))
    (root / ".DS_Store").write_bytes(b"x")
    (root / "notes.txt").write_text("hello")
    (root / "__MACOSX").mkdir()
    (root / "loop").symlink_to(root)
    (root / "gone.png").symlink_to(root / "nothing")
    os.mkfifo(root / "pipe.png")
    with socket.socket(socket.AF_UNIX) as server:
        before = os.getcwd()
        os.chdir(root)  # the path of a socket may not be long
        server.bind("socket.png")
        os.chdir(before)
    return root


def test_every_junk_file_is_packed_or_listed(junk: Path, tmp_path: Path) -> None:
    summary = opened(junk, tmp_path).summary()
    assert summary["count"] == 9
    assert {skip["file"]: skip["reason"].split(":")[0] for skip in summary["skipped"]} == {
        "cut.jpg": "truncated",
        "cut.png": "truncated",
        "empty.png": "empty file (0 bytes)",
        "text.png": "not an image, whatever its name says",
        "bomb.png": "more than 100 megapixels, refused as a decompression bomb",
        "float.tiff": "holds values that are not finite (NaN or infinity)",
        "loop": "symlink loop",
        "gone.png": "broken link",
        "pipe.png": "not a regular file (FIFO), never opened",
        "socket.png": "not a regular file (socket), never opened",
    }
    assert summary["ignored"] == [".DS_Store", "__MACOSX", "notes.txt"]
    assert summary["shape"] == [3, 20, 20]
    assert summary["original"]["largest"] == "97x61"
    expected = {"palette": 2, "CMYK": 1, "16 bit to 8 bit": 1, "first frame of an animation": 1}
    assert expected.items() <= summary["converted"].items()


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_any_channels_can_be_asked_for(junk: Path, tmp_path: Path, channels: int) -> None:
    dataset = preview(junk, Conversion(size=(9, 7), channels=channels), cache=tmp_path / "cache")
    assert dataset.stream(0).batch(0, 9).images.shape == (9, channels, 9, 7)
    assert not (tmp_path / "cache").exists()


def test_linked_folders_are_followed_once(tmp_path: Path) -> None:
    classes(tmp_path / "elsewhere", ("cat",))
    root = tmp_path / "set"
    root.mkdir()
    (root / "a").symlink_to(tmp_path / "elsewhere" / "cat")
    (root / "b").symlink_to(tmp_path / "elsewhere" / "cat")
    save(root / "c" / "x.png", pixels(4, 4))
    summary = opened(root, tmp_path).summary()
    assert summary["classes"] == {"a": 3, "c": 1}
    assert summary["skipped"] == [{"file": "b", "reason": "links to the same folder as 'a'"}]


def test_zip_entries_that_are_refused(tmp_path: Path) -> None:
    good = save(tmp_path / "good.png", pixels(4, 4)).read_bytes()
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("good.png", "../up.png", "/root.png", "wrong.png", "locked.png", ".hidden.png", "__MACOSX/a.png"):
            archive.writestr(name, good)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        offset = archive.getinfo("wrong.png").header_offset
    content[offset + 30 + len("wrong.png") + 60] ^= 0xFF  # a pixel byte: the checksum no longer fits
    central = content.index(b"PK\x01\x02", content.rindex(b"wrong.png" + good[:8]))
    flags = content.index(b"locked.png", central) - 46 + 8
    content[flags] |= 1
    path.write_bytes(content)
    assert {skip.file: skip.reason for skip in Zip(path).listing().skipped} == {
        "../up.png": "its name leads outside the archive",
        "/root.png": "its name leads outside the archive",
        "locked.png": "encrypted",
    }
    summary = opened(path, tmp_path).summary()
    assert summary["count"] == 1
    assert {skip["file"]: skip["reason"] for skip in summary["skipped"]}["wrong.png"].startswith("damaged in the arch")
    assert summary["ignored"] == [".hidden.png", "__MACOSX/a.png"]


def test_an_entry_that_declares_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("huge.png", b"x")
    content = bytearray(path.read_bytes())
    size = content.index(b"PK\x01\x02") + 24
    content[size : size + 4] = (513 * 2**20).to_bytes(4, "little")
    path.write_bytes(content)
    (skip,) = Zip(path).listing().skipped
    assert skip.reason == f"{513 * 2**20} bytes unpacked are more than 512 MiB"


def test_a_file_that_is_no_zip(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK nothing")
    with pytest.raises(UserError, match=r"x\.zip' is not a readable zip"):
        opened(tmp_path / "x.zip", tmp_path)


def broken(root: Path, good: int, bad: int) -> Path:
    root.mkdir()
    for index in range(good):
        save(root / f"good{index}.png", pixels(2, 2))
    for index in range(bad):
        (root / f"bad{index}.png").write_text("text")
    return root


def test_too_many_unreadable_files_stop_the_run(tmp_path: Path) -> None:
    root = broken(tmp_path / "set", good=100, bad=17)
    with pytest.raises(UserError, match=r"17 of 117 images cannot be read.*bad0\.png: not an image.*--max-skipped"):
        opened(root, tmp_path)
    assert not list((tmp_path / "cache").rglob("*.npy"))
    assert opened(root, tmp_path, max_skipped=0.2).count == 100


def test_a_store_is_the_same_whatever_share_may_fail(tmp_path: Path) -> None:
    # `--max-skipped 0.3` packed the same pixels again: it was part of the store's name in the cache.
    root = broken(tmp_path / "set", good=100, bad=17)
    first = opened(root, tmp_path, max_skipped=0.2)
    again = open_dataset(root, Conversion(max_skipped=0.3), cache=tmp_path / "cache", progress=never)
    assert again.fingerprint == first.fingerprint
    for read in (open_dataset, preview):
        with pytest.raises(UserError, match=r"17 of 117 images cannot be read.*at most 0\.1 of them"):
            read(root, Conversion(max_skipped=0.1), cache=tmp_path / "cache")


def test_sixteen_unreadable_files_never_stop_a_run(tmp_path: Path) -> None:
    root = broken(tmp_path / "set", good=3, bad=16)
    assert opened(root, tmp_path, max_skipped=1e-9).count == 3


def test_where_none_may_be_unreadable_one_is_too_many(tmp_path: Path) -> None:
    root = broken(tmp_path / "set", good=3, bad=1)
    for kept in (False, True):
        for read in (open_dataset, preview):
            with pytest.raises(UserError, match=r"1 of 4 images cannot be read.*at most 0 of them may fail"):
                read(root, Conversion(max_skipped=0), cache=tmp_path / "cache")
        assert kept or opened(root, tmp_path).count == 3
    assert opened(broken(tmp_path / "good", good=3, bad=0), tmp_path, max_skipped=0).count == 3


def test_files_truncated_after_their_header_count_as_well(tmp_path: Path) -> None:
    whole = save(tmp_path / "whole.png", pixels(32, 32)).read_bytes()
    root = broken(tmp_path / "set", good=10, bad=0)
    for index in range(17):
        (root / f"cut{index}.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"17 of 27 images cannot be read.*cut0\.png: truncated"):
        opened(root, tmp_path)
    assert not list((tmp_path / "cache" / "stores").iterdir())


def test_nothing_readable(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="none of 2 images"):
        opened(broken(tmp_path / "set", good=0, bad=2), tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no image files"):
        opened(tmp_path / "empty", tmp_path)


def test_any_number_of_processes_gives_the_same_store(tmp_path: Path) -> None:
    root = broken(tmp_path / "set", good=0, bad=3)
    for index in range(270):
        save(root / ("ab"[index % 2]) / f"{index}.png", pixels(5, 4 + index % 2, 3, index))
    seen: list[tuple[int, int]] = []
    one = pack(root, tmp_path / "one", workers=Workers(1), cache=tmp_path)
    two = pack(root, tmp_path / "two", workers=Workers(2), cache=tmp_path, progress=lambda *now: seen.append(now))
    assert one.summary() == {**two.summary(), "source": one.name}
    for name in (IMAGES, "labels.npy", "manifest.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert one.count == 270
    assert [skip["file"] for skip in two.summary()["skipped"]] == ["bad0.png", "bad1.png", "bad2.png"]
    assert seen[-1][0] == seen[-1][1]
    assert seen == sorted(seen)


def test_a_second_opening_decodes_nothing(tmp_path: Path) -> None:
    root = classes(tmp_path / "set")
    first = opened(root, tmp_path)
    copy = tmp_path / "copy"
    root.rename(copy)
    again = open_dataset(copy, cache=tmp_path / "cache", progress=never)
    assert (again.fingerprint, again.name) == (first.fingerprint, str(copy))
    assert preview(copy, cache=tmp_path / "cache", progress=never).summary() == again.summary()
    save(copy / "cat" / "0.png", pixels(4, 4, 3, 99))  # another content under the same name is another store
    assert opened(copy, tmp_path).fingerprint != first.fingerprint


def test_a_preview_tells_what_packing_tells_but_decodes_256_rows_and_writes_nothing(tmp_path: Path) -> None:
    # `data info` and `--dry-run` decoded every picture to tell the fingerprint.
    unread = Glance(unknown_bytes=0)
    root = classes(tmp_path / "train-set", ("a", "b"), each=200, side=2)
    seen = preview(root, cache=tmp_path / "cache", workers=noting(tmp_path / "log"), glance=unread)
    assert not (tmp_path / "cache").exists()
    assert len((tmp_path / "log").read_text().splitlines()) == 200  # every second of 400
    packed = opened(root, tmp_path)
    told = packed.summary()
    looked_at = "the headers of 400 and 200 images; the others when it is packed"
    told["decisions"]["looked at"] = looked_at
    assert seen.summary() == {**told, "fingerprint": None}
    assert seen.fingerprint == ""
    batch = seen.stream(0).batch(0, 64)
    assert batch.images.shape == (64, 3, 2, 2)
    assert set(batch.labels.tolist()) == {0, 1}
    assert isinstance(seen, PackedDataset)
    assert np.array_equal(seen.rows("train", 0, 200).images, packed.pick("train", np.arange(0, 400, 2)).images)
    shutil.rmtree(tmp_path / "cache" / "digests", ignore_errors=True)  # nothing is known, and nothing may be read
    assert preview(root, cache=tmp_path / "cache", glance=unread).fingerprint == ""
    assert seen.rows_by_label().tolist() == packed.rows_by_label().tolist() == [200, 200, 0]


def test_of_very_many_files_an_even_sample_of_headers_is_read(tmp_path: Path) -> None:
    few: Any = {"cache": tmp_path / "cache", "workers": Workers(1), "glance": Glance(headers=50)}
    root = classes(tmp_path / "set", ("a", "b"), each=60, side=2)
    seen = preview(root, **few).summary()
    assert seen["decisions"]["looked at"] == (
        "the headers of 40 of 120 files and 120 images; the others when it is packed"
    )
    assert (seen["count"], seen["classes"], seen["splits"]) == (120, {"a": 60, "b": 60}, {"train": [0, 120]})
    for number in range(0, 60, 3):  # 20 of the 40 that are looked at
        (root / "a" / f"{number}.png").write_bytes(b"")
    with pytest.raises(UserError, match=r"20 of 40 images cannot be read"):  # the sample's share counts
        preview(root, Conversion(max_skipped=0.2), **few)
    assert preview(root, Conversion(max_skipped=0.5), **few).count == 100


def test_a_preview_judges_the_pixels_that_it_read(tmp_path: Path) -> None:
    whole = save(tmp_path / "whole.png", pixels(32, 32)).read_bytes()
    root = broken(tmp_path / "set", good=10, bad=0)
    for index in range(17):
        (root / f"cut{index}.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"17 of 27 images cannot be read.*cut0\.png: truncated"):
        preview(root, cache=tmp_path / "cache")


def test_a_preview_knows_classes_of_which_it_holds_no_row(tmp_path: Path) -> None:
    save(classes(tmp_path / "set", ("a", "c"), each=200, side=2) / "b" / "0.png", pixels(2, 2, 3))
    (tmp_path / "set" / "a" / "200.png").write_bytes((tmp_path / "set" / "b" / "0.png").read_bytes())
    seen = preview(tmp_path / "set", cache=tmp_path / "cache", workers=Workers(1))
    assert isinstance(seen, PackedDataset)
    assert 1 not in seen.labels_of("train")  # row 201 of 402, of which the even ones are held
    assert len(seen.stream(0, labels=["b"]).batch(0, 8).images) == 8


def test_images_of_a_million_pixels_a_side_are_fitted(tmp_path: Path) -> None:
    root = tmp_path / "set"
    save(root / "thin.png", pixels(1, 5000, 1))
    save(root / "tall.png", pixels(5000, 1, 1))
    assert opened(root, tmp_path).shape.height == 1
    assert opened(root, tmp_path, size=(8, 8)).rows("train", 0, 2).images.shape == (2, 1, 8, 8)


@pytest.mark.skipif(not (SHARED / "cifar10-jpg.zip").exists(), reason="needs the shared CIFAR-10 zip")
def test_cifar_zip_is_listed_as_splits_and_classes() -> None:
    names = Zip(SHARED / "cifar10-jpg.zip").listing().names
    rows, skipped, _ = arrange(names)
    assert not skipped
    assert Counter(row.split for row in rows) == {"train": 50_000, "test": 10_000}
    assert len({row.label for row in rows}) == 10
