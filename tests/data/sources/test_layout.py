"""How people lay out pictures: split folders by any usual name, label files, other systems' droppings and archives.

Before, all of these became classes or were left out without a word.
"""

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from ganache.data import open_dataset, preview
from ganache.data.containers.zips import Zip
from ganache.data.sources import label_files as label_files
from ganache.data.sources.layout import arrange
from ganache.data.store.packed import PackedDataset
from ganache.evaluation.samples import PictureSamples
from ganache.support.errors import UserError
from tests.data.data_files import classes, pixels, save

Rows = list[tuple[str, str, str | None]]


def opened(source: Path) -> PackedDataset:
    dataset = open_dataset(source, cache=source.parent / "cache")
    assert isinstance(dataset, PackedDataset)
    return dataset


def bucketed(root: Path) -> Path:
    """StyleGAN's layout: 6 pictures in two buckets that mean nothing."""
    for number in range(6):
        save(root / f"{number // 3:05d}" / f"img{number:08d}.png", pixels(4, 4, 3, number))
    return root


def in_one_folder(root: Path, count: int = 4) -> Path:
    for number in range(count):
        save(root / f"{number}.png", pixels(4, 4, 3, number))
    return root


def described(root: Path, text: str, file: str = "dataset.json") -> Path:
    (root / file).write_text(text, encoding="utf-8")
    return root


def names_of(root: Path) -> list[str | None]:
    """The class of each row in the store's order, None where it has none."""
    dataset = opened(root)
    return [None if label < 0 else dataset.label_names[label] for label in dataset.labels_of("train")]


@pytest.mark.parametrize(
    ("names", "expected", "said"),
    [
        (
            ["Training/glioma/0.png", "Training/none/0.png", "Testing/glioma/1.png"],
            [("Training/glioma/0.png", "train", "glioma"), ("Training/none/0.png", "train", "none"),
             ("Testing/glioma/1.png", "test", "glioma")],
            "train from Training, test from Testing",
        ),
        (["train/0.png", "eval/0.png"], [("train/0.png", "train", None), ("eval/0.png", "val", None)],
         "train, val from eval"),
        (["train/0.png", "DEV/0.png", "validation/1.png"],
         [("train/0.png", "train", None), ("DEV/0.png", "val", None), ("validation/1.png", "val", None)],
         "train, val from DEV and validation"),
        (
            ["horse2zebra/trainA/0.png", "horse2zebra/trainB/1.png", "horse2zebra/testA/2.png"],
            [("horse2zebra/trainA/0.png", "train", "A"), ("horse2zebra/trainB/1.png", "train", "B"),
             ("horse2zebra/testA/2.png", "test", "A")],
            "train from trainA and trainB, test from testA; their letters A and B are classes",
        ),
        (["test/0.png", "test/1.png"], [("test/0.png", "train", None), ("test/1.png", "train", None)],
         "none: the folder test stands alone, and its pictures are the training images"),
    ],
)  # fmt: skip
def test_known_names_are_splits_and_it_is_said(names: list[str], expected: Rows, said: str) -> None:
    arranged = arrange(names)
    assert [tuple(row) for row in arranged.rows] == expected
    assert arranged.decisions["split folders"] == said


@pytest.mark.parametrize(
    ("names", "alike"),
    [
        (["train2017/0.png", "val2017/0.png"], "none: train2017, val2017 looked like splits"),
        (["bus/0.png", "car/0.png", "train/0.png"], "none: train, beside others, looked like splits"),
        (["b/0.png", "testA/0.png", "trainA/0.png"], "none: testA, trainA, beside others, looked like splits"),
        (["contest/0.png", "latest/0.png"], None),  # letters on both sides: other words
    ],
)
def test_what_looks_like_a_split_and_is_none_is_said(names: list[str], alike: str | None) -> None:
    arranged = arrange(names)
    assert {row.split for row in arranged.rows} == {"train"}
    assert [row.label for row in arranged.rows] == [name.partition("/")[0] for name in names]
    assert (arranged.decisions.get("split folders") or "").startswith(alike or "")
    assert ("split folders" in arranged.decisions) == bool(alike)


def test_one_class_folder_is_no_class_and_it_is_said(tmp_path: Path) -> None:
    save(tmp_path / "set" / "cats" / "0.png", pixels(4, 4))
    (tmp_path / "set" / "dogs").mkdir()
    found = preview(tmp_path / "set", cache=tmp_path / "cache")
    assert found.label_names == ()
    assert found.summary()["decisions"]["labels"] == "none: the one folder cats around all pictures names no class"


@pytest.mark.parametrize("zipped", [False, True])
def test_dataset_json_names_the_classes_and_buckets_do_not(tmp_path: Path, zipped: bool) -> None:
    """Before, `data info` said: classes 00000 (3), 00001 (3)."""
    labels = [[f"{number // 3:05d}/img{number:08d}.png", number % 2 * 10] for number in range(5)]
    root = described(bucketed(tmp_path / "set"), json.dumps({"labels": labels}))
    if zipped:
        root = Path(shutil.make_archive(str(tmp_path / "archive"), "zip", root))
    assert names_of(root) == ["0", "10", "0", "10", "0", None]
    said = opened(root).summary()["decisions"]["labels"]
    assert said == "from dataset.json, by path; pictures without one: 1"
    assert opened(root).summary()["ignored"] == []
    assert PictureSamples(root).label_names == ("0", "10")


@pytest.mark.parametrize(
    ("labels", "said"),
    [(None, "none: dataset.json says so"),
     ([["00000/img00000000.png", [0.5, 0.25]]], "none: dataset.json holds vectors, not classes")],
)  # fmt: skip
def test_buckets_are_no_classes_without_labels_either(tmp_path: Path, labels: object, said: str) -> None:
    root = described(bucketed(tmp_path / "set"), json.dumps({"labels": labels}))
    found = preview(root, cache=tmp_path / "cache")
    assert (found.label_names, found.summary()["decisions"]["labels"]) == ((), said)


def test_another_programs_dataset_json_leaves_folders_their_meaning(tmp_path: Path) -> None:
    root = described(classes(tmp_path / "set"), '{"title": "cats and dogs"}')
    found = preview(root, cache=tmp_path / "cache")
    assert found.label_names == ("cat", "dog")
    said = "by folder; dataset.json is not used: it has no 'labels', as StyleGAN's would"
    assert found.summary()["decisions"]["labels"] == said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"labels": [["00000/img00000000.png", 0]', "dataset.json is damaged: "),
        ("[" * 100_000, "dataset.json is damaged: "),
        ('{"labels": 3}', "'labels' is neither null nor a list of [name, class]"),
        ('{"labels": [["00000/img00000000.png", -1]]}', "label 0 is not [name, class], a class from 0 on"),
        ('{"labels": [["00000/img00000000.png", true]]}', "label 0 is not [name, class], a class from 0 on"),
        ('{"labels": [["a", 0], ["a", 1]]}', "dataset.json: 'a' is listed as '0' and as '1'"),
        ('{"labels": [["elsewhere.png", 0]]}', "dataset.json names none of the pictures: there is no 'elsewhere.png'"),
    ],
)
def test_a_damaged_dataset_json_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    root = described(bucketed(tmp_path / "set"), text)
    with pytest.raises(UserError, match=r"^data: dataset\.json") as caught:
        preview(root, cache=tmp_path / "cache")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("table", "way"),
    [
        ("file,label\n0.png,cat\n1.png,dog\n2.png,\n9.png,dog\n", "path"),
        ('\ufeffLabel;File\r\ncat;"0.png"\r\ndog;./1.png\r\ndog;9.png\r\n', "path"),
        ("id\tclass\n0\tcat\n1\tdog\n9\tdog\n", "path without suffix"),
        ("image,category\nold\\0.png,cat\nold\\1.png,dog\n", None),
    ],
)
def test_labels_csv_names_the_classes(tmp_path: Path, table: str, way: str | None) -> None:
    """Columns by any usual names in any order, comma, semicolon or tab, names with or without suffix."""
    root = described(in_one_folder(tmp_path / "set"), table, "labels.csv")
    if way is None:
        with pytest.raises(UserError, match=r"labels.csv names none of the pictures: there is no 'old/0.png'"):
            preview(root, cache=tmp_path / "cache")
        return
    assert names_of(root) == ["cat", "dog", None, None]
    said = f"from labels.csv, by {way}; entries that name no picture: 1; pictures without one: 2"
    assert opened(root).summary()["decisions"]["labels"] == said


def test_labels_csv_finds_pictures_in_folders_by_their_names_alone(tmp_path: Path) -> None:
    root = tmp_path / "set"
    in_one_folder(root / "images")
    described(root, "id,label\n0,cat\n1,dog\n2,dog\n3,dog\n", "labels.csv")
    assert names_of(root) == ["cat", "dog", "dog", "dog"]
    in_one_folder(root / "more")
    with pytest.raises(UserError, match=r"labels\.csv: '0' names 2 pictures; write their paths"):
        preview(root, cache=tmp_path / "cache")


def test_metadata_of_each_split_names_its_classes(tmp_path: Path) -> None:
    """Hugging Face's imagefolder: metadata.csv in each split's folder, with names relative to it."""
    root = tmp_path / "set"
    for split, label in (("train", "cat"), ("test", "dog")):
        described(in_one_folder(root / split, 1), f"file_name,text,label\n0.png,any,{label}\n", "metadata.csv")
    found = opened(root)
    assert found.label_names == ("cat", "dog")
    assert (found.labels_of("train").tolist(), found.labels_of("test").tolist()) == ([0], [1])


def test_metadata_without_labels_is_not_used_and_it_is_said(tmp_path: Path) -> None:
    root = described(classes(tmp_path / "set"), "file_name,text\ncat/0.png,a cat\n", "metadata.csv")
    found = preview(root, cache=tmp_path / "cache")
    assert found.label_names == ("cat", "dog")
    assert "metadata.csv is not used: its first line must name" in found.summary()["decisions"]["labels"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("file,label\n0.png,cat\n0.png,dog\n", "labels.csv: '0.png' is listed as 'cat' and as 'dog'"),
        ("picture,kind\n0.png,cat\n", "labels.csv: its first line must name the columns file (filename, "),
        ("file,label\n0.png\n", "labels.csv: line 2 has 1 columns, too few for file and label"),
        ("file,label\n0.png,ca\x1bt\n", "labels.csv: line 2: 'ca\\x1bt' … is no name of a class"),
        ("file,label\n", "labels.csv names none of the pictures: it is empty"),
        ("", "labels.csv: its first line must name the columns"),
    ],
)
def test_a_wrong_labels_csv_is_one_line(tmp_path: Path, table: str, message: str) -> None:
    root = described(in_one_folder(tmp_path / "set"), table, "labels.csv")
    with pytest.raises(UserError) as caught:
        preview(root, cache=tmp_path / "cache")
    assert message in str(caught.value)


def test_label_files_are_bounded(tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(10_001)]
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        archive.writestr("labels.csv", "file,label\n" + "".join(f"{name},class of {name}\n" for name in names))
        for name in names:
            archive.writestr(name, b"")
    with pytest.raises(UserError, match=r"labels\.csv: 10,001 different labels are more than 10,000"):
        preview(tmp_path / "many.zip", cache=tmp_path / "cache")
    root = described(in_one_folder(tmp_path / "set"), "file,label\n0.png,a\n1.png,b\n2.png,c\n", "labels.csv")
    with (root / "labels.csv").open("r+b") as file:
        file.truncate(label_files.MAX_BYTES + 1)  # sparse
    with pytest.raises(UserError, match=r"labels\.csv is larger than 64 MiB, too large for labels"):
        preview(root, cache=tmp_path / "cache")


def test_changed_labels_are_other_data(tmp_path: Path) -> None:
    """The cached store goes by the label file's content too."""
    root = described(in_one_folder(tmp_path / "set"), "file,label\n0.png,cat\n1.png,dog\n", "labels.csv")
    assert names_of(root) == ["cat", "dog", None, None]
    described(root, "file,label\n0.png,dog\n1.png,cat\n", "labels.csv")
    assert names_of(root) == ["dog", "cat", None, None]
    (root / "labels.csv").unlink()
    assert names_of(root) == [None] * 4


def test_entries_with_backslashes_are_paths_where_windows_wrote_them(tmp_path: Path) -> None:
    """Before, an archive of an older .NET had no classes: cats\\0.png was one name."""
    folder = classes(tmp_path / "set")
    for target, system, separator in (("slash", 3, "/"), ("back", 0, "\\"), ("unix", 3, "\\")):
        with zipfile.ZipFile(tmp_path / f"{target}.zip", "w") as archive:
            for path in sorted(folder.rglob("*.png")):
                info = zipfile.ZipInfo("x")
                info.filename = path.relative_to(folder).as_posix().replace("/", separator)
                info.create_system = system
                archive.writestr(info, path.read_bytes())
    expected = opened(tmp_path / "slash.zip")
    assert expected.label_names == ("cat", "dog")
    for name in ("back.zip", "unix.zip"):
        assert opened(tmp_path / name).fingerprint == expected.fingerprint


def test_a_backslash_beside_slashes_is_a_letter_on_other_systems(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("cat/a\\b.png", b"")
        archive.writestr("cat/c.png", b"")
        archive.writestr("cat/x\\..\\d.png", b"")
        archive.writestr("\\e.png", b"")
    listing = Zip(tmp_path / "a.zip").listing()
    assert listing.names == ["cat/a\\b.png", "cat/c.png"]
    assert [skip.reason for skip in listing.skipped] == ["its name leads outside the archive"] * 2


def test_droppings_of_other_systems_are_no_pictures(tmp_path: Path) -> None:
    """Before, Synology's @eaDir became a class of its own."""
    root = classes(tmp_path / "set")
    for part in ("@eaDir/0.png", ".ipynb_checkpoints", "cat/__MACOSX", "$RECYCLE.BIN"):
        save(root / part / "thumb.jpg", pixels(4, 4))
    (root / "cat" / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
    assert preview(root, cache=tmp_path / "cache").summary()["classes"] == {"cat": 3, "dog": 3}
    archive = Path(shutil.make_archive(str(tmp_path / "archive"), "zip", root))
    assert preview(archive, cache=tmp_path / "cache").summary()["classes"] == {"cat": 3, "dog": 3}
