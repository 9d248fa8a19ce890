"""The judge: it learns, it is found again, and its features have the promised scale."""

from pathlib import Path

import numpy as np
import pytest
import torch

import ganache
from ganache.data import open_dataset
from ganache.data.packed import PackedDataset
from ganache.evaluation import classifier
from ganache.evaluation.classifier import Classifier, classifier_for, train_classifier
from ganache.evaluation.frechet import Moments, frechet_distance


@pytest.fixture(scope="module")
def digits() -> PackedDataset:
    dataset = open_dataset("digits")
    assert isinstance(dataset, PackedDataset)
    return dataset


@pytest.fixture(scope="module")
def judge(digits: PackedDataset) -> Classifier:
    return train_classifier(digits, passes=10)


def rows(dataset: PackedDataset) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.ascontiguousarray(dataset.rows("train", 0, dataset.count).images.transpose(0, 2, 3, 1))


def test_it_reads_digits_that_it_never_saw(judge: Classifier) -> None:
    assert judge.split == "a tenth held out"
    assert judge.tested == 179
    assert judge.accuracy > 0.95


def test_its_features_have_variance_one_on_average(judge: Classifier, digits: PackedDataset) -> None:
    features, probabilities = judge.judge(rows(digits))
    assert features.shape == (1797, 128)
    assert float(features.var(axis=0, ddof=1).mean()) == pytest.approx(1.0, rel=0.05)
    assert np.allclose(probabilities.sum(axis=1), 1.0, atol=1e-5)


def test_the_same_image_gets_the_same_features_in_any_company(judge: Classifier, digits: PackedDataset) -> None:
    images = rows(digits)[:600]
    together, _ = judge.judge(images)
    alone, _ = judge.judge(images[500:501])
    assert np.allclose(together[500], alone[0], atol=1e-4)


def test_noise_is_far_and_held_out_digits_are_near(judge: Classifier, digits: PackedDataset) -> None:
    images = rows(digits)
    noise = np.random.default_rng(0).integers(0, 256, images.shape, dtype=np.uint8)
    halves = [Moments.of(judge.judge(part)[0]) for part in (images[::2], images[1::2], noise)]
    near, far = frechet_distance(halves[0], halves[1]), frechet_distance(halves[0], halves[2])
    assert near < 5.0
    assert far > 10 * near


def test_it_is_trained_once_and_found_again(
    digits: PackedDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def quick(dataset: PackedDataset) -> Classifier:
        return train_classifier(dataset, passes=1)

    monkeypatch.setattr(classifier, "train_classifier", quick)
    first = classifier_for(digits, tmp_path)
    monkeypatch.setattr(classifier, "train_classifier", None)
    second = classifier_for(digits, tmp_path)
    assert second.accuracy == first.accuracy
    for name, tensor in first.network.state_dict().items():
        assert torch.equal(tensor, second.network.state_dict()[name])


def test_data_without_classes_is_refused() -> None:
    class Bare:
        name = "bare"
        label_names = ()

    with pytest.raises(ganache.UserError, match="no two classes"):
        classifier_for(Bare())  # type: ignore[arg-type]
