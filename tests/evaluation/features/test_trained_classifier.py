"""The judge: it learns, it is found again, and its features have the promised scale."""

from pathlib import Path

import numpy as np
import pytest
import torch

import ganache
from ganache.data import open_dataset
from ganache.data.shape import ImageShape
from ganache.data.store.packed import PackedDataset
from ganache.evaluation.features import trained_classifier as classifier
from ganache.evaluation.features.trained_classifier import Classifier, classifier_for, train_classifier
from ganache.evaluation.metrics.frechet import Moments, frechet_distance
from tests.labelled import labelled, shades


@pytest.fixture(scope="module")
def digits() -> PackedDataset:
    dataset = open_dataset("digits")
    assert isinstance(dataset, PackedDataset)
    return dataset


@pytest.fixture(scope="module")
def judge(digits: PackedDataset) -> Classifier:
    return train_classifier(digits, least_steps=100)


def rows(dataset: PackedDataset) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.ascontiguousarray(dataset.rows("train", 0, dataset.count).images.transpose(0, 2, 3, 1))


def test_it_reads_digits_that_it_never_saw(judge: Classifier) -> None:
    assert judge.split == "a tenth held out"
    assert judge.tested == 179
    assert judge.accuracy > 0.9  # 0.96 to 0.97 after 100 steps, by the processor's rounding


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
        return train_classifier(dataset, passes=1, least_steps=1)

    monkeypatch.setattr(classifier, "train_classifier", quick)
    first = classifier_for(digits, tmp_path)
    monkeypatch.setattr(classifier, "train_classifier", None)
    second = classifier_for(digits, tmp_path)
    assert second.accuracy == first.accuracy
    for name, tensor in first.network.state_dict().items():
        assert torch.equal(tensor, second.network.state_dict()[name])


def test_a_classifier_of_another_version_is_trained_anew(
    digits: PackedDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[int] = []

    def quick(dataset: PackedDataset) -> Classifier:
        trained.append(classifier.VERSION)
        return train_classifier(dataset, passes=1, least_steps=1)

    monkeypatch.setattr(classifier, "train_classifier", quick)
    classifier_for(digits, tmp_path)
    monkeypatch.setattr(classifier, "VERSION", classifier.VERSION + 1)
    second = classifier_for(digits, tmp_path)
    assert trained == [classifier.VERSION - 1, classifier.VERSION]
    assert len(list((tmp_path / "classifiers").iterdir())) == 2
    (tmp_path / "classifiers" / f"{digits.fingerprint}-v{classifier.VERSION}.safetensors").write_bytes(b"torn")
    assert classifier_for(digits, tmp_path).checksum == second.checksum
    assert len(trained) == 3


@pytest.mark.parametrize(
    ("shape", "pools"),
    [
        (ImageShape(1, 28, 28), [(2, 2), (2, 2)]),
        (ImageShape(3, 32, 32), [(2, 2), (2, 2), (2, 2)]),
        (ImageShape(1, 8, 8), [(2, 2)]),
        (ImageShape(4, 5, 30), [(1, 2), (1, 2), (1, 2)]),
        (ImageShape(2, 1, 1), []),
    ],
)
def test_it_is_built_for_any_shape(shape: ImageShape, pools: list[tuple[int, int]]) -> None:
    network = classifier.ClassifierNetwork(shape, 3)
    assert [layer.kernel_size for layer in network.modules() if isinstance(layer, torch.nn.MaxPool2d)] == pools
    features, logits = network(torch.rand(2, shape.channels, shape.height, shape.width))
    assert features.shape == (2, 128)
    assert logits.shape == (2, 3)


def quickly(dataset: PackedDataset) -> Classifier:
    return train_classifier(dataset, least_steps=30)


def test_it_is_measured_on_the_test_images_and_trained_without_them() -> None:
    labels = [0, 1] * 20 + [0] * 10 + [1] * 10
    images = shades(labels)
    images[40:] = 255 - images[40:]  # in the test split dark is light, so that one who knows train alone is wrong
    judge = quickly(labelled(images, labels, train=40, test=20))
    assert (judge.split, judge.tested) == ("test", 20)
    assert judge.accuracy == 0.0


def test_images_without_a_label_are_left_out() -> None:
    labels = [0, 1, -1] * 20 + [-1] * 6
    judge = quickly(labelled(shades(labels), labels, train=60, test=6))
    assert (judge.split, judge.tested) == ("a tenth held out", 4)
    assert judge.accuracy == 1.0


def test_a_class_of_the_test_split_alone_is_not_tested() -> None:
    """Its images cannot be read right by anybody who never saw their like: 25% of 12 where 6 were of such a class."""
    labels = [0, 1] * 8 + [0, 1, 2, 2]
    dataset = labelled(shades(labels), labels, ("dark", "light", "new"), train=16, test=4)
    judge = quickly(dataset)
    assert (judge.tested, judge.accuracy, judge.split) == (2, 1.0, "test")


def test_large_images_are_used_as_far_as_memory_is_meant_to_go(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    monkeypatch.setattr(classifier, "_fit", lambda network, images, *rest: given.append(len(images)))
    monkeypatch.setattr(classifier, "MOST_BYTES", 10 * 16)
    labels = [0, 1] * 20
    quickly(labelled(shades(labels), labels))
    assert given == [9]


def test_training_leaves_the_callers_random_stream_alone() -> None:
    labels = [0, 1] * 20
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = quickly(labelled(shades(labels), labels))
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    assert quickly(labelled(shades(labels), labels)).checksum == first.checksum


def test_too_few_images_are_refused() -> None:
    with pytest.raises(ganache.UserError, match="'shades' has 2 images, too few"):
        train_classifier(labelled(shades([0, 1]), [0, 1]))


def test_data_without_classes_is_refused() -> None:
    class Bare:
        name = "bare"
        label_names = ()

    with pytest.raises(ganache.UserError, match="no two classes"):
        classifier_for(Bare())  # type: ignore[arg-type]
