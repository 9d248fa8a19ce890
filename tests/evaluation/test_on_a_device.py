"""Everything that judges is on the device that was asked for, and says the same there as on the CPU."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ganache.data.shape import ImageShape
from ganache.data.store.packed import PackedDataset
from ganache.evaluation.features.by_name import find
from ganache.evaluation.features.images import resize_tensorflow
from ganache.evaluation.features.pixels import PixelExtractor
from ganache.evaluation.features.random_network import RandomExtractor
from ganache.evaluation.features.trained_classifier import (
    classifier_for,
    keep_classifier,
    kept_classifier,
    train_classifier,
)
from ganache.evaluation.metrics.birthday import support_size
from ganache.evaluation.metrics.frechet import extrapolate
from ganache.evaluation.metrics.manifold import manifold_scores
from ganache.evaluation.metrics.memorisation import memorisation
from ganache.evaluation.metrics.moments import Moments, moments_of
from ganache.evaluation.metrics.neighbours import nearest, nearest_others
from ganache.evaluation.reference import Reference
from ganache.networks import DCGANGenerator, Generator, MLPGenerator
from ganache.parts.latents import Normal
from ganache.runs import sealed
from ganache.runs.products import TrainedGenerator
from tests.elsewhere import ELSEWHERE, Elsewhere, is_elsewhere


def pictures(dataset: PackedDataset, count: int) -> NDArray[np.uint8]:
    return np.ascontiguousarray(dataset.rows("train", 0, count).images.transpose(0, 2, 3, 1))


def test_a_classifier_is_trained_where_it_shall_and_is_told_apart_by_that(digits: PackedDataset) -> None:
    ours = train_classifier(digits, passes=1, least_steps=2)
    with Elsewhere() as device:
        theirs = train_classifier(digits, passes=1, least_steps=2, device=ELSEWHERE)
        assert all(is_elsewhere(tensor) for tensor in theirs.network.state_dict().values())
        assert theirs.checksum == ours.checksum
    assert device.made > 100
    # The images once, the labels once, then an order and shifts for each of 13 batches, and what is tested.
    assert device.sent < 100
    assert (ours.made_on, theirs.made_on) == ("cpu, float32", "xpu, float32")
    assert theirs.accuracy == ours.accuracy


def test_a_kept_classifier_judges_on_every_device_whatever_trained_it(digits: PackedDataset, tmp_path: Path) -> None:
    with Elsewhere():
        trained = train_classifier(digits, passes=1, least_steps=1, device=ELSEWHERE)
        keep_classifier(trained, digits, tmp_path)
    here = find("classifier", digits, cache=tmp_path)
    with Elsewhere():
        there = find("classifier", digits, cache=tmp_path, device=ELSEWHERE)
        assert there.device == ELSEWHERE
        seen = there(pictures(digits, 30))
        assert there.describe() == here.describe()
    assert here.describe()["made_on"] == "xpu, float32"
    np.testing.assert_array_equal(seen.features, here(pictures(digits, 30)).features)


def test_a_classifier_kept_before_devices_were_told_was_trained_on_a_cpu(digits: PackedDataset, tmp_path: Path) -> None:
    trained = train_classifier(digits, passes=1, least_steps=1)
    facts = {"accuracy": trained.accuracy, "tested": trained.tested, "split": trained.split}
    sealed.save(kept_classifier(digits, tmp_path), dict(trained.network.state_dict()), facts)
    assert classifier_for(digits, tmp_path).made_on == "cpu, float32"


def test_features_are_computed_on_the_device(digits: PackedDataset) -> None:
    images = pictures(digits, 80)
    expected = RandomExtractor()(images).features
    with Elsewhere() as device:
        extractor = RandomExtractor(ELSEWHERE)
        sent = device.sent
        found = extractor(images).features
    assert device.sent - sent == device.fetched - len(list(extractor._network.buffers())) == 2  # 64 images and 16
    np.testing.assert_array_equal(found, expected)


def test_the_tensorflow_resize_leaves_nothing_behind() -> None:
    images = torch.arange(2.0 * 3 * 5 * 4).reshape(2, 3, 5, 4)
    expected = resize_tensorflow(images, 7, 3)
    with Elsewhere():
        found = resize_tensorflow(images.to(ELSEWHERE), 7, 3)
        assert is_elsewhere(found)
        assert torch.equal(found.cpu(), expected)


@pytest.mark.parametrize("count", [10, 200, 3000])
def test_moments_are_summed_on_the_device_in_float64(count: int) -> None:
    features = np.random.default_rng(0).normal(size=(count, 20)).astype(np.float32)
    expected = moments_of(features)
    with Elsewhere() as device:
        found = moments_of(features, ELSEWHERE)
    assert device.sent == device.fetched == (-(-count // 1024) if isinstance(found, Moments) else 0)
    np.testing.assert_array_equal(found.covariance, expected.covariance)
    np.testing.assert_array_equal(found.mean, expected.mean)


def test_neighbours_are_the_same_from_a_device_in_tiles_of_any_size() -> None:
    random = np.random.default_rng(1)
    ours, theirs = (random.integers(0, 4, (count, 6)).astype(np.float32) for count in (150, 90))
    expected = nearest(ours, theirs, 3), nearest_others(ours, 4)
    scores = manifold_scores(ours, theirs, 2), support_size(ours, theirs, 0.05)
    copies = memorisation(ours, theirs, ours[:40])
    distance = extrapolate(ours, moments_of(theirs), 0)
    with Elsewhere() as device:
        for tile in (7, 64, None):
            found = nearest(ours, theirs, 3, tile, ELSEWHERE), nearest_others(ours, 4, tile, ELSEWHERE)
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_array_equal(one.squares, other.squares)
        assert manifold_scores(ours, theirs, 2, ELSEWHERE) == scores[0]
        assert support_size(ours, theirs, 0.05, ELSEWHERE) == scores[1]
        assert memorisation(ours, theirs, ours[:40], device=ELSEWHERE).share == copies.share
        assert extrapolate(ours, moments_of(theirs, ELSEWHERE), 0, device=ELSEWHERE) == distance
    assert device.made > 100


@pytest.mark.parametrize("device", [torch.device("cpu"), torch.device("mps")])
def test_apples_gpus_leave_distances_and_moments_to_the_cpu(device: torch.device) -> None:
    features = np.random.default_rng(2).normal(size=(1500, 4)).astype(np.float32)
    np.testing.assert_array_equal(moments_of(features, device).covariance, moments_of(features).covariance)
    np.testing.assert_array_equal(nearest(features, features, 2, device=device).indices[:, 0], np.arange(1500))


GENERATORS = [
    (DCGANGenerator(latent=Normal(size=3), width=4), ImageShape(3, 8, 9), ("a", "b")),
    (MLPGenerator(latent=Normal(size=2), widths=(8,)), ImageShape(2, 1, 1), ()),
]


@pytest.mark.parametrize(("config", "shape", "names"), GENERATORS, ids=["pictures", "points"])
def test_samples_are_drawn_on_the_device_from_latents_of_the_cpu(
    config: Generator, shape: ImageShape, names: tuple[str, ...]
) -> None:
    torch.manual_seed(0)
    network = config.build(shape, len(names)).eval()
    ours = TrainedGenerator(network, config, shape, names, {})
    expected = ours.sample(150, 3), ours.draw(*ours.inputs(3, 1))
    with Elsewhere() as device:
        theirs = TrainedGenerator(network.to(ELSEWHERE), config, shape, names, {})
        before = device.sent
        found = theirs.sample(150, 3)
        assert device.sent - before == 2 * 3  # latents and classes of three groups
        # On a CPU a layer to few channels has kernels of its own.
        torch.testing.assert_close(theirs.draw(*theirs.inputs(3, 1)), expected[1], atol=1e-6, rtol=0)
    np.testing.assert_allclose(found, expected[0], atol=1e-6 if shape.is_point else 0)


def test_what_is_kept_of_reals_goes_by_the_kind_of_device(digits: PackedDataset, tmp_path: Path) -> None:
    here = Reference(digits, PixelExtractor(digits.shape), cache=tmp_path)
    there = Reference(digits, PixelExtractor(digits.shape, ELSEWHERE), cache=tmp_path)
    assert here._path("moments", 10) != there._path("moments", 10)
    assert here.describe() == there.describe()
    with Elsewhere():
        np.testing.assert_array_equal(there.moments().covariance, here.moments().covariance)


def test_full_precision_is_what_a_generator_draws_in() -> None:
    seen: list[str] = []

    class Asking(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(1))

        def forward(self, latents: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
            seen.append(torch.get_float32_matmul_precision())
            return latents.reshape(len(latents), 2, 1, 1)

    generator = TrainedGenerator(Asking(), MLPGenerator(latent=Normal(size=2)), ImageShape(2, 1, 1), (), {})
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("high")
        generator.sample(3)
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision(before)
    assert seen == ["highest"]
