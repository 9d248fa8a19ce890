"""Pictures into latents: their order, labels and splits, the file, and what is refused."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from ganache.data import open_dataset
from ganache.data.shape import ImageShape
from ganache.data.store.packed import PackedDataset
from ganache.drawing import grids, picture_latents
from ganache.drawing.picture_latents import encode_to
from ganache.games import BiGAN, Product
from ganache.networks import FeatureEncoder, MLPDiscriminator, MLPGenerator
from ganache.parts.latents import Normal
from ganache.runs import products
from ganache.runs.folder import Run
from ganache.support.errors import UserError
from tests.games.test_bigan import bigan

SIDE = 2
SHAPE = ImageShape(1, SIDE, SIDE)
SLOPE = 0.5  # of the encoder's one feature, where it is negative


def game(shape: ImageShape = SHAPE) -> BiGAN:
    return bigan(
        generator=MLPGenerator(latent=Normal(size=2), widths=()),
        encoder=FeatureEncoder(body=MLPDiscriminator(widths=(1,), slope=SLOPE)),
    )


def a_run(path: Path, shape: ImageShape = SHAPE) -> Path:
    """Make a run whose encoder reads (m, -m) off the mean m of pixels from -1 to 1, and whose generator draws tanh m.

    Means below 0 count half.
    """
    recipe = game(shape)
    run = Run.create(path, recipe, {})
    encoder, generator = recipe.encoder.build(shape, 2), recipe.generator.build(shape, 0)
    with torch.no_grad():
        encoder.get_parameter("body.layers.0.weight").fill_(1 / shape.pixels)
        encoder.get_parameter("body.layers.0.bias").zero_()
        encoder.get_parameter("last.weight").copy_(torch.tensor([[1.0], [-1.0]]))
        encoder.get_parameter("last.bias").zero_()
        generator.get_parameter("layers.0.weight").copy_(torch.tensor([[1.0, 0.0]]).expand(shape.pixels, 2))
        generator.get_parameter("layers.0.bias").zero_()
    for name, network in (("encoder", encoder), ("generator", generator)):
        product: Product = next(product for product in recipe.products() if product.network == name)
        products.save(run.product_file(name), network, recipe, shape, {"label_names": []}, product)
    return path


def paint(path: Path, grey: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((SIDE, SIDE), grey, np.uint8)).save(path)


def mean(grey: int) -> float:
    """Return what the encoder makes of a grey picture."""
    value = grey / 127.5 - 1
    return value if value > 0 else SLOPE * value


def read(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file, none of which may be pickled."""
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


GREYS = {
    **{"train/cat/a.png": 10, "train/cat/b.png": 200, "train/dog/a.png": 60},
    **{"test/cat/a.png": 255, "test/dog/9.png": 127, "test/dog/10.png": 140},
}


def in_folders(path: Path) -> Path:
    for name, grey in GREYS.items():
        paint(path / name, grey)
    return path


def test_every_picture_has_its_latent_label_and_split_in_order(tmp_path: Path) -> None:
    run, out = a_run(tmp_path / "run"), tmp_path / "new" / "z.npz"
    assert encode_to(run, str(in_folders(tmp_path / "pets")), out, device="cpu") == 6
    held = read(out)
    assert set(held) == {"latents", "labels", "label_names", "splits"}
    assert {name: array.dtype.kind for name, array in held.items()} == {
        **{"latents": "f", "labels": "i"},
        **{"label_names": "U", "splits": "U"},
    }
    assert [held[name].dtype for name in ("latents", "labels")] == [np.float32, np.int64]
    expected = [mean(grey) for grey in GREYS.values()]
    np.testing.assert_allclose(held["latents"], [[value, -value] for value in expected], rtol=1e-6, atol=1e-7)
    assert held["label_names"].tolist() == ["cat", "dog"]
    assert held["labels"].tolist() == [0, 0, 1, 0, 1, 1]
    assert held["splits"].tolist() == ["train"] * 3 + ["test"] * 3
    assert sorted(path.name for path in out.parent.iterdir()) == ["z.npz"]


def test_pictures_without_classes_have_the_label_that_says_so(tmp_path: Path) -> None:
    for number in range(11):
        paint(tmp_path / "grey" / f"{number}.png", 20 * number)
    out = tmp_path / "z.npz"
    assert encode_to(a_run(tmp_path / "run"), str(tmp_path / "grey"), out, device="cpu") == 11
    held = read(out)
    assert held["labels"].tolist() == [-1] * 11
    assert held["label_names"].shape == (0,)
    # 10.png comes after 9.png.
    np.testing.assert_allclose(held["latents"][:, 0], [mean(20 * number) for number in range(11)], rtol=1e-6, atol=1e-7)


def test_many_pictures_are_encoded_piece_by_piece(tmp_path: Path) -> None:
    count = picture_latents.PIECE + 70
    greys = np.arange(count) % 251
    np.save(tmp_path / "many.npy", np.broadcast_to(greys[:, None, None], (count, SIDE, SIDE)).astype(np.uint8))
    out = tmp_path / "z.npz"
    assert encode_to(a_run(tmp_path / "run"), str(tmp_path / "many.npy"), out, device="cpu") == count
    found = read(out)["latents"]
    np.testing.assert_allclose(found[:, 0], [mean(int(grey)) for grey in greys], rtol=1e-6, atol=1e-7)


def test_pictures_become_what_the_encoder_was_trained_on(tmp_path: Path) -> None:
    """Of another size and with colours, and of other files in their order: as `train` would take them."""
    (tmp_path / "red").mkdir()
    for number in range(3):
        Image.new("RGB", (6, 6), (80 * number,) * 3).save(tmp_path / "red" / f"{number}.png")
    encode_to(a_run(tmp_path / "run"), str(tmp_path / "red"), tmp_path / "z.npz", device="cpu")
    found = read(tmp_path / "z.npz")["latents"][:, 0]
    np.testing.assert_allclose(found, [mean(80 * number) for number in range(3)], rtol=1e-6, atol=1e-7)


def test_labels_and_order_are_those_of_the_data(tmp_path: Path) -> None:
    encode_to(a_run(tmp_path / "run", ImageShape(1, 8, 8)), "digits", tmp_path / "z.npz", device="cpu")
    held, data = read(tmp_path / "z.npz"), open_dataset("digits")
    assert held["label_names"].tolist() == list(data.label_names)
    assert isinstance(data, PackedDataset)
    splits = data.summary()["splits"]
    assert held["splits"].tolist() == [name for name, (first, last) in splits.items() for _ in range(last - first)]
    labels = np.concatenate([data.labels_of(name) for name in splits])
    assert np.array_equal(held["labels"], labels)


@pytest.mark.parametrize("count", [3, 13, 45])
def test_each_picture_stands_above_what_is_made_of_its_latent(tmp_path: Path, count: int) -> None:
    greys = [5 * number for number in range(count)]
    for number, grey in enumerate(greys):
        paint(tmp_path / "grey" / f"{number}.png", grey)
    picture = tmp_path / "pairs.png"
    run = a_run(tmp_path / "run")
    encode_to(run, str(tmp_path / "grey"), tmp_path / "z.npz", reconstructions=picture, device="cpu")
    shown = greys[: picture_latents.SHOWN]
    columns = min(picture_latents.COLUMNS, len(shown))
    remade = [round((math.tanh(mean(grey)) + 1) * 127.5) for grey in shown]
    expected: list[int] = []
    for start in range(0, len(shown), columns):
        for row in (shown, remade):
            part = row[start : start + columns]
            expected += part + [255] * (columns - len(part))  # the last cells too stand below each other
    assert centres(picture, len(expected), columns) == expected


def centres(path: Path, count: int, columns: int) -> list[int]:
    """Return the grey of each cell of a grid."""
    layout = grids.layout(count, SIDE, SIDE, columns)
    pixels, step = np.asarray(Image.open(path)), SIDE * layout.factor + grids.GAP
    return [int(pixels[number // columns * step, number % columns * step]) for number in range(count)]


def refusal(*arguments: Any, **named: Any) -> str:
    """Return the one line with which encoding is refused."""
    with pytest.raises(UserError) as refused:
        encode_to(*arguments, **named)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_run_without_an_encoder_is_refused(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    (run / "encoder.safetensors").unlink()
    pets, out = str(in_folders(tmp_path / "pets")), tmp_path / "z.npz"
    assert refusal(run, pets, out) == f"run: there is no encoder at {str(run)!r}"
    assert refusal(tmp_path / "absent", pets, out).startswith("run: there is no encoder at ")
    assert "is not a run" in refusal(tmp_path / "pets", pets, out)
    assert not out.exists()


@pytest.mark.parametrize("name", ["z.npy", "z", "z.npz.gz", "z.png"])
def test_the_file_must_be_called_an_archive_of_arrays(tmp_path: Path, name: str) -> None:
    # It is refused first: there is neither a run nor a picture here.
    complaint = refusal(tmp_path / "absent", "nothing", tmp_path / name)
    assert complaint.startswith("--out: ")
    assert complaint.endswith("is no name for an array file; it ends in .npz")


def test_data_without_an_end_or_a_place_are_refused(tmp_path: Path) -> None:
    of_points, of_pictures = a_run(tmp_path / "points", ImageShape(2, 1, 1)), a_run(tmp_path / "run")
    complaint = refusal(of_points, "ring", tmp_path / "z.npz")
    assert complaint == "pictures: 'ring' has no end; an encoder takes pictures one by one"
    assert "'ring' is a density" in refusal(of_pictures, "ring", tmp_path / "z.npz")
    assert "'nowhere'" in refusal(of_points, "nowhere", tmp_path / "z.npz")
    assert not (tmp_path / "z.npz").exists()
