import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganache.data import open_dataset, preview
from ganache.data.conversion import Conversion
from ganache.data.sources.densities import DENSITIES
from ganache.support.errors import UserError

_FACTS = {"ring": (8, 0.008), "grid": (25, 0.01), "spiral": (20, 0.015), "two-moons": (20, 0.02)}


@pytest.mark.parametrize("name", sorted(_FACTS))
def test_points_have_the_modes_and_the_spread_they_promise(name: str) -> None:
    density = DENSITIES[name]()
    modes, std = _FACTS[name]
    assert (len(density.modes), density.std) == (modes, std)
    batch = density.stream(3).batch(0, 40_000)
    assert batch.images.shape == (40_000, 2, 1, 1)
    assert batch.images.dtype == np.float32
    assert np.abs(batch.images).max() <= 1
    points = batch.images.reshape(-1, 2).astype(float)
    counts = np.bincount(batch.labels, minlength=modes)
    expected = 40_000 / modes
    assert np.abs(counts - expected).max() < 5 * np.sqrt(expected)
    for mode in range(modes):
        own = points[batch.labels == mode]
        # Five standard errors of the mean and of the deviation.
        assert np.abs(own.mean(axis=0) - density.modes[mode]).max() < 5 * std / np.sqrt(len(own))
        assert np.abs(own.std(axis=0) / std - 1).max() < 5 / np.sqrt(2 * len(own))


def test_the_centres_are_the_usual_ones() -> None:
    ring = DENSITIES["ring"]().modes
    assert np.allclose(np.hypot(*ring.T), 0.8)
    assert np.allclose(ring[1], [0.8 * 0.5**0.5] * 2)
    grid = DENSITIES["grid"]().modes
    assert sorted(grid.tolist()) == [[x, y] for x in (-0.8, -0.4, 0, 0.4, 0.8) for y in (-0.8, -0.4, 0, 0.4, 0.8)]
    spiral = DENSITIES["spiral"]().modes
    assert np.allclose(spiral[:10], -spiral[10:])
    gaps = np.linalg.norm(spiral[:, None] - spiral[None], axis=-1) + 9 * np.eye(20)
    assert gaps.min() > 6 * 0.015  # neighbours stay apart
    moons = DENSITIES["two-moons"]().modes
    assert np.allclose(np.hypot(*(moons[:10] - [-0.25, -0.125]).T), 0.5)
    assert np.allclose(moons[10:], -moons[:10])
    gaps = np.linalg.norm(moons[:, None] - moons[None], axis=-1) + 9 * np.eye(20)
    assert gaps.min() > 6 * 0.02


@given(st.integers(0, 2**62), st.integers(0, 5000), st.lists(st.integers(1, 600), min_size=1, max_size=4))
@settings(deadline=None, max_examples=40)
def test_a_point_does_not_depend_on_how_batches_are_cut(seed: int, start: int, cuts: list[int]) -> None:
    density = DENSITIES["grid"]()
    whole = density.stream(seed).batch(start, sum(cuts))
    pieces, position = density.stream(seed), start
    for cut in cuts:
        piece = pieces.batch(position, cut)
        offset = position - start
        assert np.array_equal(piece.images, whole.images[offset : offset + cut])
        assert np.array_equal(piece.labels, whole.labels[offset : offset + cut])
        position += cut


def test_points_never_repeat_and_seeds_differ() -> None:
    stream = DENSITIES["ring"]().stream(0)
    assert len(np.unique(stream.batch(0, 3000).images.reshape(-1, 2), axis=0)) == 3000
    assert not np.array_equal(stream.batch(0, 9).images, DENSITIES["ring"]().stream(1).batch(0, 9).images)
    assert stream.count is None


def test_modes_are_labels_that_can_be_chosen() -> None:
    ring = DENSITIES["ring"]()
    assert set(ring.stream(0, labels=["mode 3", "mode 5"]).batch(0, 500).labels.tolist()) == {3, 5}
    with pytest.raises(UserError, match="'mode 8' is not one of mode 0 … mode 7"):
        ring.stream(0, labels=["mode 8"])
    with pytest.raises(UserError, match="split: 'test'"):
        ring.stream(0, split="test")


def test_densities_have_names_and_distinct_fingerprints() -> None:
    prints = {open_dataset(name).fingerprint for name in _FACTS}
    assert len(prints) == len(_FACTS)
    assert preview("ring").fingerprint in prints
    assert open_dataset("spiral").count is None
    json.dumps(open_dataset("grid").summary())
    with pytest.raises(UserError, match="size and channels do not apply"):
        open_dataset("ring", Conversion(channels=3))
