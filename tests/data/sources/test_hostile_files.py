"""Files that nobody's tools write: letters that are none, packed data that are damaged, archives without an end."""

import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from ganache.data.containers.listing import printable
from ganache.data.labels import MAX_CLASSES
from ganache.data.sources import label_files
from ganache.support.errors import UserError
from tests.data.data_files import classes, opened, pixels, save

IMAGES = np.zeros((2, 4, 4, 3), np.uint8)


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refused(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        opened(path, path.parent)
    text = str(caught.value)
    assert text.startswith("data: ")
    assert "\n" not in text
    return text


def test_halves_of_letters_are_replaced_and_undecodable_bytes_too() -> None:
    assert printable("a\ud800\udc00\udc7f\udd00\udfffb") == "a" + 5 * "\ufffd" + "b"
    assert printable("\udcc3\udca9 \udcff e\u0301") == "é \ufffd é"


def test_a_class_of_half_a_letter_is_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=np.array(["a", "\ud800"]))
    assert opened(tmp_path / "a.npz", tmp_path).label_names == ("a", "\ufffd")


def test_half_a_letter_in_a_label_file_is_a_line(tmp_path: Path) -> None:
    root = classes(tmp_path / "set")
    (root / "dataset.json").write_text(json.dumps({"labels": [["\ud800.png", 1]]}))
    assert "dataset.json names none of the pictures" in refused(root)


@pytest.mark.parametrize("order", "<>")
def test_numbers_beyond_unicode_are_no_classes(tmp_path: Path, order: str) -> None:
    labels = np.array([97, 0x7FFFFFFF], f"{order}u4").view(f"{order}U1")
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=labels)
    assert "labels' holds 0x7fffffff, which is no letter of a class's name" in refused(tmp_path / "a.npz")


def test_empty_names_are_no_classes(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=np.zeros(2, "U0"))
    assert opened(tmp_path / "a.npz", tmp_path).label_names == ()


@pytest.mark.parametrize("kind", ["i8", "U"])
def test_more_numbers_than_can_be_classes_never_become_texts(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = MAX_CLASSES + 2
    images = np.zeros((count, 1, 1, 3), np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(count).astype(kind))
    monkeypatch.setattr("ganache.data.sources.array_files._text", None)
    assert "labels' has 10,002 different labels, more than 10,000" in refused(tmp_path / "a.npz")


def test_a_table_of_labels_is_read_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def once(file: str, rows: object) -> dict[str, str]:
        assert not isinstance(rows, list)
        seen.extend(number for number, _, _ in rows)  # type: ignore[attr-defined]
        return {"a.png": "x"}

    monkeypatch.setattr(label_files, "_once", once)
    found = label_files.labels_in("g.csv", b"file,label\na.png,x\n\nb.png,y\n", ["a.png"], ["label"])
    assert (seen, found.labels) == ([2, 4], {"a.png": "x"})


def damaged(path: Path, inside: str, content: bytes) -> Path:
    """Write a zip whose one member is packed by LZMA and damaged in its middle."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr(inside, content)
        start, size = len(inside) + 30, archive.getinfo(inside).compress_size
    bits = bytearray(path.read_bytes())
    bits[start + 9 : start + size] = b"\xff" * (size - 9)
    path.write_bytes(bits)
    return path


def test_damaged_lzma_costs_the_picture_and_no_more(tmp_path: Path) -> None:
    picture = save(tmp_path / "good.png", pixels(8, 8)).read_bytes()
    path = damaged(tmp_path / "set.zip", "bad.png", picture)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("good.png", picture)
    told = opened(path, tmp_path).summary()
    assert (told["count"], [skip["file"] for skip in told["skipped"]]) == (1, ["bad.png"])
    assert told["skipped"][0]["reason"].startswith("damaged in the archive")


def test_damaged_lzma_of_arrays_is_a_line(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.save(buffer, IMAGES)
    assert "cannot be read" in refused(damaged(tmp_path / "a.npz", "images.npy", buffer.getvalue()))


def archive(path: Path, names: Iterable[str], content: bytes = b"") -> Path:
    with tarfile.open(path, "w") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def test_a_damaged_xz_is_no_tar(tmp_path: Path) -> None:
    plain = archive(tmp_path / "a.tar", ("a", "b"), np.random.default_rng(0).bytes(50_000))
    packed = bytearray(lzma.compress(plain.read_bytes()))
    packed[25_000:26_000] = bytes(1_000)
    (tmp_path / "b.tar").write_bytes(packed)
    assert "is not a readable tar file: Corrupt input data" in refused(tmp_path / "b.tar")


def test_headers_that_announce_headers_are_no_tar(tmp_path: Path) -> None:
    """Each is read inside the reading of the one before."""
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 1
    (tmp_path / "a.tar").write_bytes(3_000 * (header.tobuf(tarfile.GNU_FORMAT) + b"x".ljust(512, b"\0")))
    assert "is not a readable tar file" in refused(tmp_path / "a.tar")


def test_an_archive_of_very_many_files_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tar", (f"data_batch_{number}" for number in range(1_001)))
    assert "has more than 1,000 entries and is none of CIFAR-10's archives" in refused(path)
