import numpy as np
import pytest
import torch

from ganache.evaluation.features.by_name import find
from ganache.evaluation.features.efficientnet_features import EfficientNetExtractor
from ganache.evaluation.features.efficientnet_onnx import runner
from ganache.evaluation.features.images import resize_pillow
from ganache.networks.efficientnet import EfficientNetLite0
from ganache.networks.efficientnet_weights import EFFICIENTNET, installed
from ganache.support.errors import UserError
from tests.networks.efficientnet_weights import drawn_weights

CHECKSUM = "c" * 64
RECORDED = [0.0911, 0.5233, 0.0, 0.0123, 0.0, 0.0, 1.1578, 0.0, 0.0095, 0.1402, 0.1181, 0.1639]  # by the reference
needs_onnxruntime = pytest.mark.skipif(runner(drawn_weights(), 1) is None, reason="onnxruntime is not installed")
needs_weights = pytest.mark.skipif(installed() is None, reason="the package of the weights is not installed")


@pytest.fixture(scope="module")
def extractor() -> EfficientNetExtractor:
    return EfficientNetExtractor(drawn_weights(), CHECKSUM, runs_onnx=False)


def pictures(count: int = 3, channels: int = 3, size: tuple[int, int] = (20, 28)) -> np.ndarray:
    return np.random.default_rng(4).integers(0, 256, (count, *size, channels), dtype=np.uint8)


def test_features_of_pictures_as_the_rules_say(extractor: EfficientNetExtractor) -> None:
    images = pictures()
    found = extractor(images)
    assert found.features.shape == (3, 1280) == (3, extractor.size)
    assert found.logits is None
    stretched = torch.from_numpy(resize_pillow(images, 224, 224)).permute(0, 3, 1, 2)
    wanted = EfficientNetLite0(drawn_weights())((stretched.float() - 127) / 128)
    np.testing.assert_allclose(found.features, wanted.numpy(), atol=1e-4)


def test_grey_is_repeated_and_alpha_composited(extractor: EfficientNetExtractor) -> None:
    grey = pictures(2, channels=1)
    wanted = extractor(np.repeat(grey, 3, axis=3)).features
    assert np.array_equal(extractor(grey).features, wanted)
    opaque = np.concatenate([grey, np.full_like(grey, 255)], axis=3)
    assert np.array_equal(extractor(opaque).features, wanted)
    unseen = np.concatenate([pictures(2), np.zeros_like(grey)], axis=3)
    assert np.array_equal(extractor(unseen).features, extractor(np.full((2, 20, 28, 3), 255, np.uint8)).features)


def test_values_do_not_depend_on_how_many_come_in_one_call(extractor: EfficientNetExtractor) -> None:
    images = pictures(3)
    together = extractor(images).features
    assert np.array_equal(np.concatenate([extractor(images[:1]).features, extractor(images[1:]).features]), together)


def test_groups_of_a_gpu_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    found = EfficientNetExtractor(drawn_weights(), CHECKSUM, runs_onnx=False)
    monkeypatch.setattr(found, "_group", 2)
    sizes: list[int] = []
    assert found._network is not None
    found._network.register_forward_pre_hook(lambda module, given: sizes.append(len(given[0])))
    images = pictures(3)
    together = found(images).features
    assert sizes == [2, 2]
    assert np.array_equal(found(images[2:]).features, together[2:])
    np.testing.assert_allclose(
        together, EfficientNetExtractor(drawn_weights(), CHECKSUM, runs_onnx=False)(images).features, atol=1e-4
    )


def test_what_is_no_picture_is_refused(extractor: EfficientNetExtractor) -> None:
    with pytest.raises(UserError, match="points of a density have 'pixels'"):
        extractor(np.zeros((2, 1, 1, 2), np.float32))


@needs_onnxruntime
def test_onnxruntime_and_torch_agree(extractor: EfficientNetExtractor) -> None:
    by_onnx, images = EfficientNetExtractor(drawn_weights(), CHECKSUM), pictures(3)
    found = by_onnx(images).features
    np.testing.assert_allclose(found, extractor(images).features, atol=1e-4)
    assert np.array_equal(by_onnx(images[1:]).features, found[1:])
    descriptions = [one.describe() for one in (by_onnx, extractor)]
    assert [one.pop("computed_by") for one in descriptions] == ["onnxruntime", "torch"]
    assert descriptions[0] == descriptions[1]


@needs_weights
def test_the_published_weights_see_what_the_authors_see() -> None:
    """Every 107th feature, of what the package efficientnet-lite-pytorch 0.1.0 computed of the same picture."""
    extractor = find("efficientnet-lite0")
    assert isinstance(extractor, EfficientNetExtractor)
    assert extractor.describe()["checksum"] == EFFICIENTNET.sha256
    y, x = np.mgrid[:224, :224]
    image = np.stack([x, y, (x * y) % 256], axis=2).astype(np.uint8)[None]
    found = extractor(image).features[0]
    assert found[::107].round(4).tolist() == pytest.approx(RECORDED, abs=1e-3)
