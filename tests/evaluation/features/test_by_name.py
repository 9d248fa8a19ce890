import json
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from ganache.data import open_dataset
from ganache.data.cropping import cropped
from ganache.data.dataset import RowDataset
from ganache.data.store.packed import PackedDataset
from ganache.evaluation.features import by_name
from ganache.evaluation.features.by_name import NAMES, default_name, find
from ganache.evaluation.features.classifier_features import ClassifierExtractor
from ganache.evaluation.features.classifier_network import ClassifierNetwork
from ganache.evaluation.features.extractor import Extractor
from ganache.evaluation.features.pixels import PixelExtractor
from ganache.evaluation.features.random_network import RandomExtractor
from ganache.evaluation.features.trained_classifier import TrainedClassifier, keep_classifier, train_classifier
from ganache.networks import efficientnet_weights
from ganache.support.errors import UserError
from ganache.support.streams import untouched_global_stream


def pictures(dataset: PackedDataset, count: int) -> np.ndarray:
    return np.ascontiguousarray(dataset.rows("train", 0, count).images.transpose(0, 2, 3, 1))


class Untrained(TrainedClassifier):
    """Gives what it is told to give, or else what a network gives that nobody trained."""

    told: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None

    def judge(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return self.told or super().judge(images)


def untrained(dataset: PackedDataset) -> Untrained:
    with untouched_global_stream():
        torch.manual_seed(0)
        return Untrained(ClassifierNetwork(dataset.shape, 10).eval(), dataset.label_names, 0.1, 179, "test")


@pytest.fixture(scope="module")
def judged(digits: PackedDataset, tmp_path_factory: pytest.TempPathFactory) -> ClassifierExtractor:
    """Return the extractor of a classifier that nobody trained: these tests are not about what it knows."""
    cache = tmp_path_factory.mktemp("cache")
    keep_classifier(untrained(digits), digits, cache)
    found = find("classifier", digits, cache=cache)
    assert isinstance(found, ClassifierExtractor)
    return found


def test_crops_are_judged_as_the_pictures_are_that_they_come_from(digits: PackedDataset, tmp_path: Path) -> None:
    crops = cropped(digits, (6, 6))
    assert default_name(crops) == default_name(digits) == "classifier"
    assert isinstance(crops, RowDataset)
    judge = train_classifier(crops, passes=1, least_steps=1)
    assert judge.tested == 179
    keep_classifier(judge, crops, tmp_path)
    assert isinstance(find("classifier", crops, cache=tmp_path), ClassifierExtractor)


def test_every_name_is_found(digits: PackedDataset) -> None:
    assert isinstance(find("random"), RandomExtractor)
    assert isinstance(find("pixels", digits), PixelExtractor)
    assert set(NAMES) == {"inception", "efficientnet-lite0", "classifier", "random", "pixels", "values"}


def test_unknown_names_get_the_closest() -> None:
    with pytest.raises(
        UserError, match=r"'Inceptoin' is not one of inception, .*values \(did you mean 'inception'\?\)"
    ):
        find("Inceptoin")


@pytest.mark.parametrize("is_there", [True, False])
def test_unlabelled_pictures_have_features_that_see_where_their_package_is(
    is_there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_name, "installed", lambda: Path("weights.pth") if is_there else None)
    for number in range(3):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / f"{number}.png")
    assert default_name(open_dataset(tmp_path)) == ("efficientnet-lite0" if is_there else "random")
    assert default_name(open_dataset("digits")) == "classifier"
    assert default_name(open_dataset("ring")) == "pixels"


def test_without_their_package_they_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efficientnet_weights, "installed", lambda: None)
    with pytest.raises(UserError, match=r"^features: 'efficientnet-lite0' needs the weights of [^\n]*$"):
        find("efficientnet-lite0")


@pytest.mark.parametrize("name", ["classifier", "pixels"])
def test_what_needs_data_says_so(name: str) -> None:
    with pytest.raises(UserError, match=f"features: '{name}' needs the data"):
        find(name)


def test_weights_are_for_inception_alone() -> None:
    with pytest.raises(UserError, match="weights: only 'inception' takes them, and the features are 'random'"):
        find("random", weights=Path("w.safetensors"))


@pytest.mark.parametrize("name", ["inception", "efficientnet-lite0", "classifier", "random"])
def test_points_have_pixels_alone(name: str) -> None:
    ring = open_dataset("ring")
    with pytest.raises(UserError, match="points of a density have 'pixels'"):
        find(name, ring)
    points = ring.stream(0).batch(0, 5).images.transpose(0, 2, 3, 1)
    assert np.array_equal(find("pixels", ring)(points).features, points.reshape(5, 2))


def test_the_classifier_s_features_and_logits(judged: ClassifierExtractor, digits: PackedDataset) -> None:
    images = pictures(digits, 60)
    found = judged(images)
    features, probabilities = judged.judge.judge(images)
    assert np.array_equal(found.features, features)
    assert found.features.shape == (60, judged.size)
    assert found.logits is not None
    assert found.logits.dtype == np.float32
    softmax = np.exp(found.logits) / np.exp(found.logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(softmax, probabilities, rtol=1e-4, atol=1e-6)
    in_colour = np.repeat(images, 3, axis=3)
    assert np.array_equal(judged(in_colour).features, found.features)
    assert judged(np.repeat(images.repeat(2, axis=1), 2, axis=2)).features.shape == (60, judged.size)


def test_any_array_and_any_precision_around_it(judged: ClassifierExtractor, digits: PackedDataset) -> None:
    images = pictures(digits, 6)
    backwards = np.ascontiguousarray(images[::-1, ::-1])
    backwards.flags.writeable = False
    for extractor in (judged, find("random"), find("pixels", digits)):
        expected = extractor(images).features
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert np.array_equal(extractor(backwards[::-1, ::-1]).features, expected)
        assert np.array_equal(extractor(np.flip(backwards, (0, 1))).features, expected)


def test_a_class_ruled_out_has_a_finite_logit(digits: PackedDataset) -> None:
    certain, judge = np.eye(10, dtype=np.float32)[:1], untrained(digits)
    object.__setattr__(judge, "told", (np.zeros((1, 128), np.float32), certain))
    found = ClassifierExtractor(digits, judge)(np.zeros((1, 8, 8, 1), np.uint8))
    assert found.logits is not None
    assert np.isfinite(found.logits).all()
    assert np.exp(found.logits).tolist() == pytest.approx(certain)


def test_descriptions_are_json_and_say_what_decides(judged: ClassifierExtractor, digits: PackedDataset) -> None:
    extractors: list[Extractor] = [judged, find("random"), find("pixels", digits)]
    for extractor in extractors:
        description = json.loads(json.dumps(extractor.describe()))
        assert description == extractor.describe()
        assert description["name"] == extractor.name
        assert description["version"] == extractor.version
        assert description["size"] == extractor.size
        assert {"checksum", "resize", "channels"} <= description.keys()
    assert judged.describe()["trained_on"] == digits.fingerprint
    assert judged.describe()["checksum"] == judged.judge.checksum
