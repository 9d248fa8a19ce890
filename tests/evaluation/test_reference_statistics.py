"""`evaluate --data stats.npz`: mean and covariance as reals. Before, it was "no image files".

The same features of the same images must give the distance that the images give, without the images.
"""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import ganache
from ganache.data.shape import ImageShape
from ganache.evaluation.features.pixels import PixelExtractor
from ganache.evaluation.features.random_network import RandomExtractor
from ganache.support.errors import UserError
from tests.commands import run_command
from tests.data.data_files import pixels, save

SHAPE = ImageShape(1, 4, 4)


def pictures(count: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.stack([pixels(4, 4, 1, seed + number)[..., None] for number in range(count)])


def statistics(path: Path, features: NDArray[Any]) -> Path:
    """As others compute them: np.mean and np.cov, N - 1 in the denominator."""
    exact = features.astype(np.float64)
    np.savez(path, mu=exact.mean(axis=0), sigma=np.cov(exact, rowvar=False))
    return path


@pytest.fixture
def stats(tmp_path: Path) -> Path:
    return statistics(tmp_path / "stats.npz", PixelExtractor(SHAPE)(pictures(200)).features)


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    np.save(tmp_path / "samples.npy", pictures(150, seed=1_000))
    return tmp_path / "samples.npy"


def test_statistics_give_the_distance_of_their_images(tmp_path: Path, stats: Path, samples: Path) -> None:
    np.save(tmp_path / "reals.npy", pictures(200))
    wanted: dict[str, Any] = {"features": "pixels", "metrics": ["fd", "fd-infinity"], "count": 150}
    expected = ganache.evaluate(samples, data=tmp_path / "reals.npy", **wanted)
    found = ganache.evaluate(samples, data=stats, **wanted)
    for name in ("fd/pixels", "fd-infinity/pixels"):
        assert found[name].value == pytest.approx(expected[name].value, rel=1e-6)
    assert found["fd/pixels"].name == "fd/pixels@150-vs-statistics"


def test_the_protocol_says_that_the_reals_are_statistics_and_which(stats: Path, samples: Path) -> None:
    found = ganache.evaluate(samples, data=stats, features="pixels")
    assert [score.family for score in found.scores] == ["fd/pixels", "fd-infinity/pixels"]  # all that can be had
    reference = found["fd/pixels"].protocol.reference
    assert reference is not None
    assert reference.split == "statistics"
    assert reference.fingerprint == hashlib.sha256(stats.read_bytes()).hexdigest()
    assert (reference.count, found["fd/pixels"].protocol.reals) == (None, 0)
    assert any("does not say of which images and features" in warning for warning in found.warnings)


def test_few_images_make_a_singular_covariance_which_is_exact_as_well(tmp_path: Path, samples: Path) -> None:
    np.save(tmp_path / "reals.npy", pictures(10))
    stats = statistics(tmp_path / "few.npz", PixelExtractor(SHAPE)(pictures(10)).features)
    wanted: dict[str, Any] = {"features": "pixels", "metrics": ["fd"], "count": 150}
    expected = ganache.evaluate(samples, data=tmp_path / "reals.npy", **wanted)["fd/pixels"].value
    assert ganache.evaluate(samples, data=stats, **wanted)["fd/pixels"].value == pytest.approx(expected, rel=1e-6)


def test_pictures_meet_statistics_in_their_own_size(tmp_path: Path) -> None:
    features = RandomExtractor()(np.repeat(pictures(40), 3, axis=3)).features
    stats = statistics(tmp_path / "stats.npz", features)
    for number in range(30):
        save(tmp_path / "x" / f"{number}.png", pixels(5, 6, 3, number))
    found = ganache.evaluate(tmp_path / "x", data=stats, metrics=["fd"])
    assert found["fd/random"].value is not None
    assert found.samples.size == "5x6x3"
    save(tmp_path / "x" / "odd.png", pixels(6, 6, 3))
    with pytest.raises(UserError, match="have several sizes; statistics bring them to none"):
        ganache.evaluate(tmp_path / "x", data=stats, metrics=["fd"])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"features": "random"}, "holds statistics of 16 features, and 'random' has"),
        ({"features": "classifier"}, "'classifier' needs a set of labelled pictures"),
        ({"metrics": ["prdc"]}, "'prdc' cannot be had: .* holds a mean and a covariance, and no images"),
        ({"labels": ["a"]}, "holds statistics, which have no splits, labels, size or channels"),
        ({"split": "test"}, "holds statistics, which have no splits"),
        ({"size": "8x8"}, "holds statistics, which have no splits"),
    ],
)
def test_what_statistics_cannot_tell_is_refused(
    stats: Path, samples: Path, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        ganache.evaluate(samples, data=stats, **{"features": "pixels", **fields})


@pytest.mark.parametrize(
    ("mu", "sigma", "message"),
    [
        (np.zeros(16), np.eye(15), r"is float64 \(16,\) and sigma float64 \(15, 15\); they must be floats"),
        (np.zeros((1, 16)), np.eye(16), "they must be floats"),
        (np.zeros(16, int), np.eye(16), "they must be floats"),
        (np.full(16, np.nan), np.eye(16), "not finite"),
        (np.zeros(16), -np.eye(16), "is no covariance"),
        (np.zeros(16), np.tri(16), "is no covariance"),
    ],
)
def test_what_are_no_statistics_is_one_line(
    tmp_path: Path, samples: Path, mu: NDArray[Any], sigma: NDArray[Any], message: str
) -> None:
    np.savez(tmp_path / "bad.npz", mu=mu, sigma=sigma)
    with pytest.raises(UserError, match=message) as caught:
        ganache.evaluate(samples, data=tmp_path / "bad.npz", features="pixels")
    assert "\n" not in str(caught.value)


def test_a_file_with_pictures_beside_the_statistics_is_pictures(tmp_path: Path, samples: Path) -> None:
    """As the reference batches of guided diffusion."""
    np.savez(tmp_path / "a.npz", arr_0=pictures(20), mu=np.zeros(16), sigma=np.eye(16))
    found = ganache.evaluate(samples, data=tmp_path / "a.npz", features="pixels", metrics=["fd"])
    assert found.reference.count == 20


def test_the_command_says_what_it_compared_with(stats: Path, samples: Path) -> None:
    printed = run_command("evaluate", samples, "--data", stats, "--features", "pixels").output
    assert f"against        {stats}, statistics: a mean and a covariance, fingerprint" in printed
    assert "fd/pixels@150-vs-statistics" in printed
