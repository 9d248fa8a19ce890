"""The judge: it learns, it is found again, and its features have the promised scale."""

from pathlib import Path

import numpy as np
import pytest
import torch

import ganache
from ganache.data.dataset import RowDataset
from ganache.data.shape import ImageShape
from ganache.data.store.packed import PackedDataset
from ganache.evaluation.features import classifier_network
from ganache.evaluation.features import trained_classifier as classifier
from ganache.evaluation.features.trained_classifier import (
    TrainedClassifier,
    classifier_for,
    kept_classifier,
    train_classifier,
)
from ganache.evaluation.metrics.frechet import frechet_distance
from ganache.evaluation.metrics.moments import Moments
from tests.labelled import labelled, shades


@pytest.fixture(scope="module")
def judge(digits: PackedDataset) -> TrainedClassifier:
    return train_classifier(digits, least_steps=100)


def rows(dataset: PackedDataset) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.ascontiguousarray(dataset.rows("train", 0, dataset.count).images.transpose(0, 2, 3, 1))


def test_it_reads_digits_that_it_never_saw(judge: TrainedClassifier) -> None:
    assert judge.split == "a tenth held out"
    assert judge.tested == 179
    assert judge.accuracy > 0.9  # 0.96 to 0.97 after 100 steps, by the processor's rounding


def test_its_features_have_variance_one_on_average(judge: TrainedClassifier, digits: PackedDataset) -> None:
    features, probabilities = judge.judge(rows(digits))
    assert features.shape == (1797, 128)
    assert float(features.var(axis=0, ddof=1).mean()) == pytest.approx(1.0, rel=0.05)
    assert np.allclose(probabilities.sum(axis=1), 1.0, atol=1e-5)


def test_the_same_image_gets_the_same_features_in_any_company(judge: TrainedClassifier, digits: PackedDataset) -> None:
    images = rows(digits)[:600]
    together, _ = judge.judge(images)
    alone, _ = judge.judge(images[500:501])
    assert np.allclose(together[500], alone[0], atol=1e-4)


def test_noise_is_far_and_held_out_digits_are_near(judge: TrainedClassifier, digits: PackedDataset) -> None:
    images = rows(digits)
    noise = np.random.default_rng(0).integers(0, 256, images.shape, dtype=np.uint8)
    halves = [Moments.of(judge.judge(part)[0]) for part in (images[::2], images[1::2], noise)]
    near, far = frechet_distance(halves[0], halves[1]), frechet_distance(halves[0], halves[2])
    assert near < 5.0
    assert far > 10 * near


def briefly(dataset: RowDataset) -> TrainedClassifier:
    return train_classifier(dataset, passes=1, least_steps=1)


def never(dataset: RowDataset) -> TrainedClassifier:
    raise AssertionError("it was trained again")


def test_it_is_trained_once_and_found_again(digits: PackedDataset, tmp_path: Path) -> None:
    said: list[str] = []
    first = classifier_for(digits, tmp_path, said.append, briefly)
    assert said == [f"training a classifier on digits, once; it stays in {tmp_path / 'classifiers'}"]
    second = classifier_for(digits, tmp_path, said.append, never)
    assert len(said) == 1
    assert second.accuracy == first.accuracy
    for name, tensor in first.network.state_dict().items():
        assert torch.equal(tensor, second.network.state_dict()[name])


def test_a_torn_classifier_is_trained_anew_and_one_of_another_version_is_another(
    digits: PackedDataset, tmp_path: Path
) -> None:
    first = classifier_for(digits, tmp_path, train=briefly)
    path = kept_classifier(digits, tmp_path)
    assert path.name == f"{digits.fingerprint}-v{classifier.VERSION}.safetensors"
    path.write_bytes(b"torn")
    assert classifier_for(digits, tmp_path, train=briefly).checksum == first.checksum
    path.rename(path.with_name(f"{digits.fingerprint}-v{classifier.VERSION - 1}.safetensors"))
    with pytest.raises(AssertionError, match="trained again"):
        classifier_for(digits, tmp_path, train=never)


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
    network = classifier_network.ClassifierNetwork(shape, 3)
    assert [layer.kernel_size for layer in network.modules() if isinstance(layer, torch.nn.MaxPool2d)] == pools
    features, logits = network(torch.rand(2, shape.channels, shape.height, shape.width))
    assert features.shape == (2, 128)
    assert logits.shape == (2, 3)


def quickly(dataset: PackedDataset) -> TrainedClassifier:
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


def test_large_images_are_used_as_far_as_memory_is_meant_to_go() -> None:
    labels = [0, 1] * 20
    judge = train_classifier(labelled(shades(labels), labels), least_steps=1, most_bytes=10 * 16)
    assert judge.tested == 1  # of ten images of 16 bytes, a tenth


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
