from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from ganache.evaluation.features.random_network import WIDTHS, RandomExtractor, random_weights
from ganache.support.errors import UserError
from ganache.support.streams import untouched_global_stream

FEATURES = RandomExtractor()


def fixed(channels: int = 3, height: int = 28, width: int = 20) -> np.ndarray:
    """Return two pictures made by arithmetic alone."""
    index = np.arange(2 * height * width * channels, dtype=np.int64)
    return (index * index // 7 % 251).astype(np.uint8).reshape(2, height, width, channels)


def blobs(count: int = 60, side: int = 32) -> np.ndarray:
    """Return pictures of a few soft discs each."""
    random = np.random.default_rng(3)
    y, x = np.mgrid[:side, :side]
    images = np.zeros((count, side, side, 3))
    for image in images:
        for _ in range(5):
            row, column, radius = random.uniform([4, 4, 2], [side - 4, side - 4, 7])
            image += random.uniform(0, 200, 3) * (np.hypot(y - row, x - column) < radius)[..., None]
    return images.clip(0, 255).astype(np.uint8)


def test_the_weights_are_the_same_bits_everywhere() -> None:
    assert FEATURES.describe()["checksum"] == "71c2a70eed6d217117e856d2035b70e917216a2a1839955db86250624869a6f6"
    for stage, weight in enumerate(random_weights()):
        fan_in = weight[0].numel()
        assert weight.shape[0] == WIDTHS[stage]
        assert weight.var().item() == pytest.approx((8.0 if stage else 2.0) / fan_in, rel=0.1)
        if stage:
            assert weight.sum(dim=(1, 2, 3)).abs().max() < 1e-5


def test_values_are_stable() -> None:
    found = FEATURES(fixed()).features
    assert found.shape == (2, 512) == (2, FEATURES.size)
    assert found.dtype == np.float32
    pinned = [0.286784, 0.466337, 0.292277, 0.442695, 0.426322]
    assert found[0, [0, 40, 100, 300, 511]].tolist() == pytest.approx(pinned, rel=1e-4)
    assert found.mean(axis=1).tolist() == pytest.approx([0.369373, 0.380374], rel=1e-4)
    assert np.linalg.norm(found, axis=1).tolist() == pytest.approx([9.240759, 9.546165], rel=1e-4)


def test_an_even_picture_has_even_maps_at_any_size() -> None:
    found = [FEATURES(np.full((1, *size, 3), 200, np.uint8)).features for size in [(1, 1), (2, 7), (28, 28), (65, 130)]]
    for features in found:
        np.testing.assert_allclose(features, found[0], rtol=1e-4, atol=1e-5)
    # The first stage's maps, by hand: the filter's sum times the level, where that is positive.
    level = torch.tensor(200 / 127.5 - 1)
    expected = (random_weights()[0].sum(dim=(1, 2, 3)) * level).relu()
    np.testing.assert_allclose(found[0][0, :32], expected.numpy(), rtol=1e-4, atol=1e-6)
    assert np.abs(found[0][0, 32:64]).max() < 1e-4


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_any_channels(channels: int) -> None:
    images = fixed(channels)
    assert np.isfinite(FEATURES(images).features).all()
    if channels == 1:
        np.testing.assert_array_equal(FEATURES(images).features, FEATURES(np.repeat(images, 3, axis=3)).features)


def test_values_do_not_depend_on_the_batch() -> None:
    images = np.concatenate([fixed(height=16, width=16)] * 40)
    whole = FEATURES(images).features
    np.testing.assert_allclose(FEATURES(images[:1]).features, whole[:1], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(np.concatenate([FEATURES(images[:7]).features, FEATURES(images[7:]).features]), whole,
                               rtol=1e-4, atol=1e-5)  # fmt: skip


def test_values_do_not_depend_on_the_caller_s_precision_or_stream() -> None:
    images = fixed()
    before = torch.get_rng_state()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = FEATURES(images).features
    np.testing.assert_array_equal(inside, FEATURES(images).features)
    RandomExtractor()
    assert torch.equal(before, torch.get_rng_state())
    with untouched_global_stream():
        torch.manual_seed(1)
        np.testing.assert_array_equal(inside, RandomExtractor()(images).features)


def distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(FEATURES(one).features.mean(axis=0) - FEATURES(other).features.mean(axis=0)))


def test_more_noise_is_further_away() -> None:
    images = blobs()
    noise = np.random.default_rng(0).standard_normal(images.shape)
    noisy = [(images + level * noise).clip(0, 255).astype(np.uint8) for level in (4, 8, 16, 32, 64)]
    distances = [distance(images, other) for other in noisy]
    assert distances[0] > 0.1
    assert all(later > 1.2 * earlier for earlier, later in pairwise(distances))


def test_more_blur_is_further_away() -> None:
    images = blobs()
    distances = []
    for radius in (0.5, 1, 2, 4):
        blur = ImageFilter.GaussianBlur(radius)
        distances.append(
            distance(images, np.stack([np.asarray(Image.fromarray(image).filter(blur)) for image in images]))
        )
    assert distances[0] > 0.1
    assert all(later > 1.2 * earlier for earlier, later in pairwise(distances))


def test_points_are_refused() -> None:
    with pytest.raises(UserError, match="'random' is made for pictures; points of a density have 'pixels'"):
        FEATURES(np.zeros((5, 1, 1, 2), np.float32))
