"""Samples from everywhere: the same pictures whatever holds them, and hostile files refused in one line."""

import io
import itertools
import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import ganache
from ganache.data.containers.folders import Folder
from ganache.data.decoding.pool import Decoders
from ganache.data.shape import ImageShape
from ganache.evaluation.pieces import Piece, in_pieces
from ganache.evaluation.sample_places import open_samples, run_of
from ganache.evaluation.samples import PictureSamples, Samples, chosen
from ganache.support.errors import UserError
from tests.data.data_files import classes, noting, pixels, save

SHAPE = ImageShape(3, 5, 4)


def pictures(count: int = 7) -> NDArray[np.uint8]:
    return np.stack([pixels(5, 4, 3, seed) for seed in range(count)])


def whole(samples: Samples, count: int | None = None, seed: int = 0, asked: Any = ()) -> Piece:
    count = samples.available if count is None else count
    assert count is not None
    pieces = list(samples.stream(count, seed, samples.shape or SHAPE, asked))
    return Piece(np.concatenate([p.images for p in pieces]), np.concatenate([p.labels for p in pieces]))


def holders(folder: Path) -> Iterator[Path]:
    """Yield the same seven pictures as a folder, a zip, a .npy, a stored and a deflated .npz, in other ways."""
    for number, image in enumerate(pictures()):
        save(folder / "pictures" / f"{number}.png", image)
    yield folder / "pictures"
    with zipfile.ZipFile(folder / "pictures.zip", "w") as archive:
        for number in range(7):
            archive.write(folder / "pictures" / f"{number}.png", f"{number}.png")
    yield folder / "pictures.zip"
    np.save(folder / "x.npy", pictures())
    yield folder / "x.npy"
    np.savez(folder / "x.npz", pictures())
    yield folder / "x.npz"
    np.savez_compressed(folder / "named.npz", images=pictures())
    yield folder / "named.npz"
    np.save(folder / "floats.npy", pictures() / 127.5 - 1)
    yield folder / "floats.npy"
    np.savez(folder / "fortran.npz", np.asfortranarray(pictures()))
    yield folder / "fortran.npz"


def test_the_same_pictures_come_from_every_kind_of_file(tmp_path: Path) -> None:
    for place in holders(tmp_path):
        samples = open_samples(place)
        assert (samples.available, samples.images_seen) == (7, None), place
        assert np.array_equal(whole(samples).images, pictures()), place
        few = whole(samples, count=3, seed=5).images
        assert np.array_equal(few, pictures()[chosen(7, 3, seed=5)]), place


def test_a_choice_is_seeded_and_stands_for_all() -> None:
    assert chosen(5, 9, seed=0).tolist() == [0, 1, 2, 3, 4]
    first, second = chosen(10_000, 1_000, seed=0), chosen(10_000, 1_000, seed=1)
    assert len(np.unique(first)) == 1_000
    assert (np.diff(first) > 0).all()
    assert not np.array_equal(first, second)
    assert abs(first.mean() - 5_000) < 5 * 10_000 / np.sqrt(12 * 1_000)


def test_subfolders_are_the_classes(tmp_path: Path) -> None:
    samples = open_samples(classes(tmp_path / "x", ("cat", "dog"), each=3, side=4))
    assert samples.label_names == ("cat", "dog")
    assert whole(samples).labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_a_folder_tells_its_size_when_it_has_one(tmp_path: Path) -> None:
    save(tmp_path / "0.png", pixels(5, 4))
    assert PictureSamples(tmp_path).own_shape == SHAPE
    save(tmp_path / "1.png", pixels(5, 5))
    assert PictureSamples(tmp_path).own_shape is None


def test_a_generator_draws_what_the_library_draws_of_the_classes_asked_for(digits_run: Path) -> None:
    samples = open_samples(digits_run)
    assert (samples.available, samples.images_seen, samples.shape) == (None, 640, ImageShape(1, 8, 8))
    piece = whole(samples, count=70, seed=9, asked=["3", "0", "3"])
    assert np.array_equal(piece.images, ganache.load(digits_run).sample(70, 9, ["3", "0", "3"]))
    assert piece.labels.tolist() == [3, 0, 3] * 23 + [3]
    assert set(whole(samples, count=3).labels) == {-1}
    assert np.array_equal(whole(open_samples(digits_run / "generator.safetensors"), 9).images, whole(samples, 9).images)


def test_a_run_is_found_from_its_generators(digits_run: Path, tmp_path: Path) -> None:
    assert run_of(digits_run) == digits_run
    assert run_of(digits_run / "generator.safetensors") == digits_run
    assert run_of(digits_run / "curves.png") is None
    assert run_of(tmp_path) is None


@pytest.mark.parametrize("size", [1, 3, 4, 100])
def test_pieces_are_cut_anew_whatever_they_were(size: int) -> None:
    images, labels = np.arange(23).reshape(23, 1, 1, 1), np.arange(23)
    cuts = [0, 1, 1, 9, 10, 21, 23]
    given = (Piece(images[a:b], labels[a:b]) for a, b in itertools.pairwise(cuts))
    pieces = list(in_pieces(given, size))
    assert [len(piece.images) for piece in pieces] == [size] * (23 // size) + [23 % size] * (23 % size > 0)
    assert np.array_equal(np.concatenate([piece.images for piece in pieces]), images)
    assert np.array_equal(np.concatenate([piece.labels for piece in pieces]), labels)


def test_points_and_gray_pictures_are_read_as_images(tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(9, 2))
    np.save(tmp_path / "points.npy", points)
    np.save(tmp_path / "gray.npy", pictures()[..., 0])
    samples = open_samples(tmp_path / "points.npy")
    assert samples.shape == ImageShape(2, 1, 1)
    assert np.array_equal(whole(samples).images, points.astype(np.float32).reshape(9, 1, 1, 2))
    assert np.array_equal(whole(open_samples(tmp_path / "gray.npy")).images[..., 0], pictures()[..., 0])


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def hostile(folder: Path, name: str) -> Path:
    """Write a file that is not what its name says."""
    path = folder / name
    buffer = io.BytesIO()
    np.save(buffer, pictures())
    good = buffer.getvalue()
    if name in ("pickled.npy", "pickled.npz"):
        trap = np.array([Trap(folder / "sprung")], dtype=object)
        (np.save if name.endswith("npy") else np.savez)(path, trap, allow_pickle=True)
    elif name == "bare.npy":
        path.write_bytes(pickle.dumps(Trap(folder / "sprung")))
    elif name in ("torn.npy", "torn.npz"):
        if name.endswith("npy"):
            path.write_bytes(good[:-1])
        else:
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("arr_0.npy", good[:-1])
    elif name == "huge.npz":
        header = np.lib.format.header_data_from_array_1_0(pictures()) | {"shape": (7, 2**40, 4, 3)}
        buffer = io.BytesIO()
        np.lib.format.write_array_header_1_0(buffer, header)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("arr_0.npy", buffer.getvalue())
    elif name == "flipped.npz":
        np.savez_compressed(path, pictures())
        content = bytearray(path.read_bytes())
        content[120] ^= 255
        path.write_bytes(content)
    elif name == "out_of_range.npy":
        np.save(path, pictures() / 25)
    elif name == "two.npz":
        np.savez(path, a=pictures(), b=pictures())
    elif name == "none.npy":
        np.save(path, pictures()[:0])
    elif name == "scalar.npy":
        np.save(path, np.uint8(3))
    else:
        path.write_bytes(b"" if name.startswith("empty") else b"no such thing")
    return path


@pytest.mark.parametrize(
    "name",
    [
        *("pickled.npy", "pickled.npz", "bare.npy", "torn.npy", "torn.npz", "huge.npz", "flipped.npz"),
        *("out_of_range.npy", "two.npz", "none.npy", "scalar.npy", "empty.npy", "empty.npz"),
        *("text.npy", "text.npz", "text.zip", "text.safetensors", "empty.zip"),
    ],
)
def test_a_file_that_is_not_what_it_says_costs_one_line_and_runs_nothing(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=name.replace(".", r"\.")) as error:
        whole(open_samples(hostile(tmp_path, name)))
    assert len(str(error.value).splitlines()) == 1
    assert not (tmp_path / "sprung").exists()
    if name.startswith("pickled"):
        assert "holds pickled Python objects" in str(error.value)


def test_what_is_not_there_or_holds_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="samples: there is no 'nowhere'"):
        open_samples("nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no pictures"):
        open_samples(tmp_path / "empty")
    save(tmp_path / "x" / "0.png", pixels(5, 4))
    (tmp_path / "x" / "1.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"1\.png of .* cannot be read: not an image"):
        whole(open_samples(tmp_path / "x"))
    with pytest.raises(UserError, match=r"1\.png of .* cannot be read: not an image"):
        assert PictureSamples(tmp_path / "x").own_shape


def test_of_foreign_pictures_only_those_that_are_shown_are_decoded_again(tmp_path: Path) -> None:
    # The picture of the nearest pairs decoded the whole folder a second time.
    samples = open_samples(classes(tmp_path / "set", ("a", "b"), each=30))
    assert isinstance(samples, PictureSamples)
    everything = whole(samples, 40, seed=5).images
    samples._decoders = Decoders(Folder(tmp_path / "set"), noting(tmp_path / "log"))
    assert np.array_equal(samples.pick([39, 2, 2], 40, 5, SHAPE), everything[[39, 2, 2]])
    assert len((tmp_path / "log").read_text().splitlines()) == 3
