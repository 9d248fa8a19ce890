"""The benchmarks of features: what they do to pictures, and what they call right."""

import numpy as np
import pytest
import torch

from benchmarks import features, found_again
from ganache.data.shape import ImageShape
from ganache.evaluation.features.pixels import PixelExtractor
from tests.evaluation.digits import digits


def test_each_degree_spoils_pictures_more_and_keeps_their_shape() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    for spoil, degrees in features.WAYS.values():
        changes = []
        for degree in degrees:
            spoilt = spoil(pictures, degree)
            assert spoilt.shape == pictures.shape
            assert spoilt.dtype == np.uint8
            changes.append(np.abs(spoilt.astype(int) - pictures).mean())
        assert 0 < changes[0] < changes[1] < changes[2]


def test_sets_lack_classes_and_repeat_pictures() -> None:
    labels = np.array([0, 1, 2, 3, 0, 1, 2, 3])
    assert features.lacking(labels, 3, 2).tolist() == [2, 3, 6]
    assert features.repeating(6, 3).tolist() == [0, 1, 0, 1, 0, 1]


def test_what_is_right_is_counted_by_hand() -> None:
    found = {features.CLEAN: [0.0], "missing": [1.0, 0.5]}
    found |= dict(zip(features.WAYS, ([1, 2, 3], [1, 2, 3], [1, 2, 3], [-1, 5, 0.5]), strict=True))
    # Within: of 2 one falls, and of the last way's 3 only the second rises. Across: 0.5 is nearer than three 1s.
    assert features.right(found) == {"within": (1 + 9 + 1, 2 + 12), "across": (12 - 3, 12)}
    shown = features.shown({"fd/pixels": {**found, features.LACKING: [1, 2, 3], features.REPEATING: [1, 2, 3]}})
    assert "| right, across ways |  | 9 of 12 |" in shown


def test_distances_of_spoilt_pictures() -> None:
    pictures = np.repeat(digits()[:90].repeat(2, axis=1).repeat(2, axis=2), 3, axis=3)
    labels = np.arange(90) % 10
    by_frechet, by_kernel = features.measured(PixelExtractor(ImageShape(3, 16, 16)), pictures, labels, 30)
    assert by_frechet.keys() == by_kernel.keys() == {features.CLEAN, *features.WAYS, *features.OF_SETS}
    assert by_frechet[features.REPEATING][2] > by_frechet[features.CLEAN][0]


@pytest.mark.parametrize("way", ["moved by an eighth", "mirrored", "zoomed by 1.4", "darkened by half", "noise, σ 0.6"])
def test_what_is_nearest_is_found(way: str) -> None:
    pictures = torch.linspace(-0.9, 0.9, 4).reshape(4, 1, 1, 1).expand(4, 1, 16, 16)  # each of one grey
    changed = found_again.altered(pictures, seed=0)[way]
    assert changed.shape == pictures.shape
    found = found_again.share_found(found_again.as_pixels, pictures, changed)
    assert found == (0.25 if way == "darkened by half" else 1.0)
