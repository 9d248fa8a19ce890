"""Labelled sets of generated pictures, as a user draws them and trains on them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganache
from ganache.data import open_dataset
from ganache.data.store.packed import PackedDataset
from ganache.drawing.labelled_sets import classes_by_shares, labelled_set_to, training_shares
from ganache.networks import MLPGenerator
from ganache.parts.latents import Normal
from ganache.runs import products
from ganache.runs.folder import Run
from ganache.support.errors import UserError
from tests.commands import run_command
from tests.drawing.small_generators import SHAPE
from tests.tiny import tiny_recipe


def test_classes_come_in_turn_as_their_shares_say() -> None:
    # A at 1, 3, 5, 7; B and C at 2 and 6.
    assert classes_by_shares(np.array([0.5, 0.25, 0.25]), 8).tolist() == [0, 1, 2, 0, 0, 1, 2, 0]
    assert classes_by_shares(np.array([0.0, 1.0]), 3).tolist() == [1, 1, 1]


def test_the_first_pictures_of_any_set_have_the_shares_too() -> None:
    shares = np.random.default_rng(0).dirichlet(np.full(7, 0.5))
    whole = classes_by_shares(shares, 1_000)
    for count in (1, 9, 100, 999):
        assert classes_by_shares(shares, count).tolist() == whole[:count].tolist()
        assert np.abs(np.bincount(whole[:count], minlength=7) - count * shares).max() < 1.0


@pytest.fixture(scope="module")
def thinned(digits_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits' run as if it had learnt from 40 zeros, 20 ones and 20 twos."""
    copy = tmp_path_factory.mktemp("thinned") / "run"
    copy.mkdir()
    for name in ("recipe.json", "run.json", "generator.safetensors"):
        shutil.copy(digits_run / name, copy)
    record = json.loads((copy / "run.json").read_text())
    assert record["selection"]["by_class"]["3"] == 183
    record["selection"]["by_class"] = {"0": 40, "1": 20, "2": 20}
    (copy / "run.json").write_text(json.dumps(record))
    return copy


def test_class_folders_are_data_with_the_shares_of_the_training(thinned: Path, tmp_path: Path) -> None:
    ended = run_command("sample", thinned, "--like-training", 70, "--seed", 5, "--out", tmp_path / "new/")
    assert ended.status == 0, ended.complaints
    assert "70 images from seed 5" in ended.output
    assert "0 (35), 1 (18), 2 (17)" in ended.output
    data = open_dataset(tmp_path / "new")
    assert isinstance(data, PackedDataset)
    assert data.label_names == ("0", "1", "2")
    assert data.rows_by_label().tolist() == [35, 18, 17, 0]
    with Image.open(tmp_path / "new" / "1" / "000065.png") as picture:
        asked = ganache.load(thinned).sample(66, 5, ("1",))  # what `sample --label 1` draws
        np.testing.assert_array_equal(np.asarray(picture), asked[65, :, :, 0])
    told = run_command("verify", tmp_path / "new" / "1" / "000065.png").output
    for line in ("seed = 5", "images = 65", "classes = 1"):
        assert line in told


def test_an_array_holds_the_same_pictures_and_their_classes_by_name(thinned: Path, tmp_path: Path) -> None:
    labelled_set_to(thinned, str(tmp_path / "x.npz"), count=70, seed=5)
    labelled_set_to(thinned, str(tmp_path / "fewer.npz"), count=10, seed=5)
    with np.load(tmp_path / "x.npz") as found, np.load(tmp_path / "fewer.npz") as fewer:
        assert found["images"].shape == (70, 8, 8, 1)
        assert found["labels"][:8].tolist() == ["0", "1", "2", "0", "0", "1", "2", "0"]
        np.testing.assert_array_equal(found["images"][:10], fewer["images"])
        asked = ganache.load(thinned).sample(70, 5, ("2",))
        np.testing.assert_array_equal(found["images"][66], asked[66])
        assert json.loads(found["provenance.json"])["images"] == "0-69"
    data = open_dataset(tmp_path / "x.npz")
    assert isinstance(data, PackedDataset)
    assert data.rows_by_label().tolist() == [35, 18, 17, 0]


def test_a_record_of_an_earlier_version_knows_the_classes_of_all_data(thinned: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(thinned, tmp_path / "copy")
    record = json.loads((copy / "run.json").read_text())
    del record["selection"]["by_class"]
    (copy / "run.json").write_text(json.dumps(record))
    shares = training_shares(copy, ganache.load(copy))
    assert shares.tolist() == [record["data"]["classes"][str(digit)] / 1_797 for digit in range(10)]
    record["data"]["classes"] = {"0": "many", "1": -3}
    (copy / "run.json").write_text(json.dumps(record))
    with pytest.raises(UserError, match="does not say how many pictures of each class"):
        training_shares(copy, ganache.load(copy))


def test_folders_that_would_mean_something_else_are_refused(thinned: Path, tmp_path: Path) -> None:
    config = MLPGenerator(latent=Normal(size=3), widths=(8,))
    for names in (("train", "test"), (".hidden", "cat"), ("a/b", "a/c"), ("alone",)):
        copy = shutil.copytree(thinned, tmp_path / "copy", dirs_exist_ok=True)
        recipe, network = tiny_recipe(generator=config), config.build(SHAPE, len(names))
        products.save(copy / "generator.safetensors", network, recipe, SHAPE, {"label_names": list(names)})
        record = Run.open(copy).record()
        record["selection"]["by_class"] = dict.fromkeys(names, 5)
        (copy / "run.json").write_text(json.dumps(record))
        with pytest.raises(UserError, match=r"would not be read back as classes; write an array, such as NAME\.npz"):
            labelled_set_to(copy, str(tmp_path / "new"), count=10)
        labelled_set_to(copy, str(tmp_path / "x.npz"), count=10)
        data = open_dataset(tmp_path / "x.npz")
        assert set(data.label_names) == set(names)
    assert not (tmp_path / "new").exists()


def test_what_cannot_be_is_one_line(thinned: Path, tmp_path: Path) -> None:
    config = MLPGenerator(latent=Normal(size=3), widths=(8,))
    plain = tmp_path / "plain.safetensors"
    products.save(plain, config.build(SHAPE, 0), tiny_recipe(generator=config), SHAPE, {"label_names": []})
    folder = ("--out", tmp_path / "new/")
    cases = [
        ((plain, "--like-training", 20, *folder), "this generator is told no classes"),
        ((thinned / "generator.safetensors", "--like-training", 20, *folder), "name the run's folder"),
        ((thinned, "--like-training", 0, *folder), "like_training: '0' is not a positive number"),
        ((thinned, "--like-training", 20, "--label", "1", *folder), "leave --count and --label out"),
        ((thinned, "--like-training", 20, "--count", "9", *folder), "leave --count and --label out"),
        ((thinned, "--like-training", 20, "--out", tmp_path / "x.png"), "has no place for classes"),
        ((thinned, "--like-training", 20, "--out", tmp_path / "x.npy"), "has no place for classes"),
        ((thinned, "--like-training", 20, "--out", thinned), "is not empty"),
    ]
    for words, complaint in cases:
        ended = run_command("sample", *words)
        assert (ended.status, ended.complaints.count("\n")) == (2, 1), (words, ended)
        assert complaint in ended.complaints, (words, ended.complaints)
    assert not (tmp_path / "new").exists()


def test_a_set_that_no_disk_holds_is_refused_before_its_classes_are_told(thinned: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="like_training: 100,000,000,000,000 of them need"):
        labelled_set_to(thinned, str(tmp_path / "x.npz"), count=10**14)
