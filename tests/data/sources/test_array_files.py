"""Arrays as data: .npy and .npz of pictures with classes, splits, any order of axes and range; hostile ones refused.

Before, they were "not a readable zip file", or a zip without pictures.
"""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import ganache
from ganache.data import open_dataset, preview
from ganache.data.conversion import Conversion
from ganache.data.npy import StoredArray, open_arrays
from ganache.data.sources.picture_arrays import as_pictures, find_scale
from ganache.data.store.packed import PackedDataset
from ganache.support.errors import UserError
from tests.data.data_files import pixels, save


def images(count: int = 6, height: int = 5, width: int = 6) -> NDArray[np.uint8]:
    return np.stack([pixels(height, width, 3, seed) for seed in range(count)])


def opened(path: Path) -> PackedDataset:
    dataset = open_dataset(path, cache=path.parent / "cache")
    assert isinstance(dataset, PackedDataset)
    return dataset


def refused(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        opened(path)
    text = str(caught.value)
    assert text.startswith("data: ")
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("kind", "array", "axes", "values"),
    [
        ("npy", images(), "(N, height, width, channels)", "uint8, as they are"),
        ("npy", images().transpose(0, 3, 1, 2), "(N, channels, height, width)", "uint8, as they are"),
        ("npy", np.asfortranarray(images()), "(N, height, width, channels)", "uint8, as they are"),
        ("npz", np.asfortranarray(images()), "(N, height, width, channels)", "uint8, as they are"),
        ("npz", images().astype(">i8"), "(N, height, width, channels)", ">i8 from 0 to 255, read as 0 … 255"),
        ("npy", images() / 255, "(N, height, width, channels)", "float64 from 0 to 1, read as 0 … 1"),
        ("npz", (images() / 127.5 - 1).astype("f4"), "(N, height, width, channels)",
         "float32 from -1 to 1, read as -1 … 1"),
        ("npy", images().astype("f2"), "(N, height, width, channels)", "float16 from 0 to 255, read as 0 … 255"),
        ("npz", images().astype("u2") * 257, "(N, height, width, channels)",
         "uint16 from 0 to 65535, read as 0 … 65535"),
        ("npy", images().astype("i2") * 16, "(N, height, width, channels)", "int16 from 0 to 4080, read as 0 … 4095"),
    ],
)  # fmt: skip
def test_the_same_pictures_from_any_order_and_range(
    tmp_path: Path, kind: str, array: NDArray[Any], axes: str, values: str
) -> None:
    path = tmp_path / f"x.{kind}"
    (np.save if kind == "npy" else np.savez)(path, array)
    found = opened(path)
    # Twelve bits: value · 16 · 255 / 4095 = value · 0.9963, 254.07 for 255.
    difference = found.rows("train", 0, 6).images.astype(int) - images().transpose(0, 3, 1, 2)
    assert np.abs(difference).max() <= (1 if "4095" in values else 0)
    decisions = found.summary()["decisions"]
    assert (decisions["axes"], decisions["values"]) == (axes, values.replace(">i8", str(np.dtype(">i8"))))
    assert found.summary()["kind"] == "NumPy arrays"


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((9, 4, 5), (1, 4, 5)),
        ((9, 1, 4, 4), (1, 4, 4)),  # grey squares, channels first, and not 1x4 with alpha
        ((9, 4, 4, 1), (1, 4, 4)),
        ((9, 3, 3, 3), (3, 3, 3)),
        ((9, 3, 7, 4), (4, 3, 7)),  # nothing is square: channels last, as documented
        ((9, 4, 7, 8), (4, 7, 8)),
    ],
)
def test_which_axis_is_the_channels(tmp_path: Path, shape: tuple[int, ...], size: tuple[int, int, int]) -> None:
    np.save(tmp_path / "x.npy", np.zeros(shape, np.uint8))
    found = opened(tmp_path / "x.npy").shape
    assert (found.channels, found.height, found.width) == size


def test_classes_are_a_second_array(tmp_path: Path) -> None:
    """guided-diffusion's samples: arr_0 pictures, arr_1 classes; -1 is none."""
    np.savez(tmp_path / "a.npz", images(4), np.array([10, 2, -1, 2]))
    found = opened(tmp_path / "a.npz")
    assert found.label_names == ("2", "10")
    assert found.labels_of("train").tolist() == [1, 0, -1, 0]
    assert found.summary()["decisions"]["arrays"] == "train from arr_0 with classes arr_1"


def test_classes_may_be_words(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", pictures=images(3), target=np.array(["dog", "cat", ""]), z=np.zeros((3, 8)))
    found = opened(tmp_path / "a.npz")
    assert (found.label_names, found.labels_of("train").tolist()) == (("cat", "dog"), [1, 0, -1])
    assert found.summary()["decisions"]["arrays"] == "train from pictures with classes target; not used: z"


@pytest.mark.parametrize(
    "names",
    [("x_train", "y_train", "x_test", "y_test"), ("train_images", "train_labels", "test_images", "test_labels")],
)
def test_splits_by_name(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Keras' mnist.npz, and MedMNIST with its labels in a column."""
    labels = np.array([[1], [0], [1], [0]], np.uint8)
    values = (images(4)[..., 0], labels, images(6)[4:, ..., 0], np.array([0, 1]))
    arrays: dict[str, Any] = dict(zip(names, values, strict=True))
    np.savez_compressed(tmp_path / "mnist.npz", **arrays)
    found = opened(tmp_path / "mnist.npz")
    assert found.labels_of("train").tolist() == [1, 0, 1, 0]
    assert found.labels_of("test").tolist() == [0, 1]
    assert np.array_equal(found.rows("test", 0, 2).images[:, 0], images(6)[4:, ..., 0])


def test_splits_share_one_scale(tmp_path: Path) -> None:
    """A dark test split is as dark as it was: 0.5 of a range to 1, not the whole of its own."""
    np.savez(tmp_path / "a.npz", x_train=np.full((2, 2, 2), 4095, "u2"), x_test=np.full((2, 2, 2), 255, "u2"))
    found = opened(tmp_path / "a.npz")
    assert found.rows("train", 0, 1).images.max() == 255
    assert found.rows("test", 0, 1).images.max() == 16  # 255 · 255 / 4095 = 15.88


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def header(shape: tuple[int, ...]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def bare_npz(path: Path, content: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("arr_0.npy", content)
    return path


@pytest.mark.parametrize("text", ["{'descr': ('|u1", "{'descr': '|u1', 'shape': (3,)}", "3", "[" * 90, "{1: 2}"])
def test_a_header_of_any_text_is_one_line(tmp_path: Path, text: str) -> None:
    """Before, an open bracket was a traceback (tokenize.TokenError), of samples and of packed stores too."""
    content = text.encode().ljust(117) + b"\n"
    (tmp_path / "x.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(content).to_bytes(2, "little") + content)
    assert "cannot be read: " in refused(tmp_path / "x.npy")


def test_what_could_run_code_is_never_loaded(tmp_path: Path) -> None:
    trap = np.array([Trap(tmp_path / "sprung")], dtype=object)
    np.save(tmp_path / "a.npy", trap, allow_pickle=True)
    np.savez(tmp_path / "b.npz", trap, allow_pickle=True)
    np.savez(tmp_path / "c.npz", images=images(1), labels=trap, allow_pickle=True)
    for name in ("a.npy", "b.npz", "c.npz"):
        assert "holds pickled Python objects, which could run code" in refused(tmp_path / name)
    (tmp_path / "stats.pkl").write_bytes(b"\x80\x04.")
    assert "is pickled, which could run code" in refused(tmp_path / "stats.pkl")
    assert not (tmp_path / "sprung").exists()


def test_a_header_promises_no_more_than_the_file_holds(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(header((2**40, 8, 8, 3)))
    bare_npz(tmp_path / "b.npz", header((2**40, 8, 8, 3)))
    bare_npz(tmp_path / "c.npz", header((-5, 8, 8, 3)))
    np.savez_compressed(tmp_path / "d.npz", images())
    content = bytearray((tmp_path / "d.npz").read_bytes())
    content[200] ^= 255
    (tmp_path / "d.npz").write_bytes(content)
    for name, reason in {"a.npy": "truncated", "b.npz": "truncated", "c.npz": "is none", "d.npz": ""}.items():
        assert reason in refused(tmp_path / name)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": images(1, 20, 20)[0]}, "one picture (height, width, channels), or narrow grey ones"),
        ({"images": np.zeros((6, 784), np.uint8)}, "holds uint8 (6, 784); it must be pictures"),
        ({"x": images()[:0]}, "holds uint8 (0, 5, 6, 3); it must be pictures"),
        ({"x": images().astype("c8")}, "holds complex64 (6, 5, 6, 3), no numbers"),
        ({"x": np.zeros((4, 4, 4), [("r", "u1")])}, "no numbers"),
        ({"x": images(20, 32, 3)[..., 0]}, "one picture (height, width, channels), or narrow grey ones"),
        ({"x": images() / 25}, "holds values from 0 to 10.2; floats must lie in 0 … 1, -1 … 1 or 0 … 255"),
        ({"x": images().astype("i4") - 1024}, "holds values from -1024 to -769"),
        ({"x": np.full((2, 2, 2), np.nan)}, "with values that are not finite"),
        ({"a": images(), "b": images()}, "is one of a, b: which of them is meant? Call it images"),
        ({"x": images(), "y": np.arange(5)}, "is int64 (5,), not one class"),
        ({"x": images(), "y": np.eye(6)}, "is float64 (6, 6), not one class"),
        ({"x": images(), "y": np.arange(6) / 2}, "is float64 (6,); classes are whole numbers"),
        ({"x": images(), "y": np.arange(6) - 2}, "holds -2 … 3; classes are whole numbers from 0 on, -1 for none"),
        ({"x": images(), "y": np.array(["a\x1b"] * 6)}, "which is no name of a class"),
        ({"x_train": images(), "x_test": images()[:, 1:]}, "the splits differ in size: x_train 5x6x3 and x_test 4x6x3"),
        ({"x_train": images(), "y_train": np.arange(6), "x_test": images(), "y_test": np.array(["a"] * 6)},
         "has classes in words for one split and in numbers for another"),
        ({"mu": np.zeros(4), "sigma": np.eye(4)}, "no pictures; `evaluate` takes mu and sigma as reals"),
        ({}, "holds no array, no pictures"),
    ],
)  # fmt: skip
def test_what_is_no_set_of_pictures_is_one_line(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    text = refused(tmp_path / "a.npz").replace("int32", "int64")
    assert message in text


def test_fortrans_order_is_bounded_in_a_zip(tmp_path: Path) -> None:
    header = {"descr": "|u1", "fortran_order": True, "shape": (100, 2000, 2000, 3)}
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        with archive.open("x.npy", "w") as file:
            np.lib.format.write_array_header_1_0(file, header)
        archive.filelist[0].file_size = 2**31  # which is only said
    assert "is in Fortran's order and larger than a GiB" in refused(tmp_path / "a.npz")


def test_arrays_are_read_in_parts(tmp_path: Path) -> None:
    """No piece is larger than was asked for, whatever holds the array, the scan for the range included."""
    array = (images(40) / 255).astype("f4")
    np.save(tmp_path / "a.npy", array)
    np.savez_compressed(tmp_path / "a.npz", array)
    for name in ("a.npy", "a.npz"):
        (stored,) = open_arrays(tmp_path / name, "data")
        assert [len(piece) for piece in stored.pieces(16)] == [16, 16, 8]
        assert np.array_equal(np.concatenate(list(stored.pieces(7))), array)
        pictures = as_pictures(stored)
        pieces = list(pictures.pieces(16, find_scale([pictures])))
        assert np.array_equal(np.concatenate(pieces), images(40))


def test_an_unused_odd_array_does_no_harm(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=images(), meta=np.array({"a": 1}), step=np.array(7), allow_pickle=True)
    found = opened(tmp_path / "a.npz").summary()["decisions"]["arrays"]
    assert found.startswith("train from images; not used: ")


def test_one_picture_or_another_kind_of_file_is_told_apart(tmp_path: Path) -> None:
    """Before, all of them were "not a readable zip file"."""
    assert "is one picture; name the folder" in refused(save(tmp_path / "a.png", pixels(4, 4)))
    for name, message in {"a.rar": "unpack it first", "a.parquet": "is of a kind that is not read"}.items():
        (tmp_path / name).write_bytes(b"no zip")
        assert message in refused(tmp_path / name)
    np.save(tmp_path / "set.npy", images())
    (tmp_path / "set").mkdir()
    (tmp_path / "set.npy").rename(tmp_path / "set" / "x.npy")
    assert "an array is named itself, as x.npy would be" in refused(tmp_path / "set")


def test_a_npy_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", images())
    (tmp_path / "x.npy").rename(tmp_path / "x.bin")
    assert opened(tmp_path / "x.bin").count == 6


def test_other_sizes_and_channels_of_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", images())
    found = preview(tmp_path / "x.npy", Conversion(size=(3, 3), channels=1), cache=tmp_path / "cache")
    assert (found.shape.channels, found.shape.height, found.shape.width) == (1, 3, 3)
    assert found.summary()["converted"] == {"3 to 1 channels": 6, "resized or cropped": 6}


def test_samples_and_reals_may_both_be_arrays(tmp_path: Path) -> None:
    """The same reader on both sides: equal pictures in other orders and ranges are at no distance."""
    np.savez(tmp_path / "reals.npz", images(40, 8, 8).astype("f8") / 255, np.arange(40) % 2)
    np.save(tmp_path / "samples.npy", images(40, 8, 8).transpose(0, 3, 1, 2))
    found = ganache.evaluate(tmp_path / "samples.npy", data=tmp_path / "reals.npz", features="random", metrics=["fd"])
    assert found["fd/random"].value == pytest.approx(0, abs=1e-9)


def test_stored_arrays_say_which_array_of_which_file() -> None:
    stored = StoredArray("samples", Path("a.npz"), "x", (3,), np.dtype("u1"), False, 0)
    assert str(stored.error("is odd")) == "samples: a.npz 'x' is odd"


def test_a_range_says_what_values_without_a_known_range_mean(tmp_path: Path) -> None:
    """Hounsfield units in an array were refused, and --range was for pictures alone."""
    np.save(tmp_path / "ct.npy", np.array([[[-1000, 0], [200, 500]]], np.int16))
    with pytest.raises(UserError, match=r"from -1000 to 500.*--range LOW:HIGH"):
        open_dataset(tmp_path / "ct.npy", cache=tmp_path / "cache")
    found = open_dataset(tmp_path / "ct.npy", Conversion(value_range=(-1000.0, 200.0)), cache=tmp_path / "cache")
    assert isinstance(found, PackedDataset)
    assert found.rows("train", 0, 1).images.ravel().tolist() == [0, 213, 255, 255]  # 212.5, up; 500 is clipped
    assert found.summary()["decisions"]["values"] == "int16, read as -1000 … 200, as asked"
