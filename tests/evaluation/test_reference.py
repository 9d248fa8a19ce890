"""The reals in one extractor's features: computed once, kept by what they are, the same however they are asked for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ganache.data import open_dataset
from ganache.data.store.packed import PackedDataset
from ganache.evaluation.features.extractor import Extracted
from ganache.evaluation.features.pixels import PixelExtractor
from ganache.evaluation.metrics.moments import moments_of
from ganache.evaluation.metrics.pixel_deviation import PixelDeviation
from ganache.evaluation.reference import Reference
from ganache.support.errors import UserError
from tests.evaluation.digits import digits


class Noticed(PixelExtractor):
    """Pixels, and how many pictures were looked at."""

    seen = 0

    def __call__(self, images: NDArray[Any]) -> Extracted:
        self.seen += len(images)
        return super().__call__(images)


@pytest.fixture
def dataset() -> PackedDataset:
    found = open_dataset("digits")
    assert isinstance(found, PackedDataset)
    return found


def test_everything_is_computed_once_and_found_by_what_it_is(dataset: PackedDataset, tmp_path: Path) -> None:
    extractor, said = Noticed(dataset.shape), list[str]()
    first = Reference(dataset, extractor, cache=tmp_path, say=said.append)
    moments, rows = first.moments(), first.rows(50)
    assert (extractor.seen, len(said)) == (1797 + 50, 2)
    assert first.moments() is moments
    again = Reference(dataset, extractor, cache=tmp_path, say=said.append)
    assert np.array_equal(again.moments().covariance, moments.covariance)
    assert np.array_equal(again.rows(50).features, rows.features)
    assert np.array_equal(again.rows(50).labels, rows.labels)
    assert (extractor.seen, len(said)) == (1797 + 50, 2)
    for path in (tmp_path / "references").iterdir():
        path.write_bytes(path.read_bytes()[:-3])
    torn = Reference(dataset, extractor, cache=tmp_path)
    assert np.array_equal(torn.moments().covariance, moments.covariance)
    assert extractor.seen == 2 * 1797 + 50
    assert not list((tmp_path / "references").glob("*partial*"))
    for number, label in enumerate(("1", "5")):  # of both there are 182
        extractor.seen = 0
        one = Reference(dataset, extractor, labels=(label,), cache=tmp_path)
        assert one.moments().count == extractor.seen == 182, number


def test_moments_are_the_same_from_kept_features_and_from_the_stream(dataset: PackedDataset, tmp_path: Path) -> None:
    extractor = Noticed(dataset.shape)
    kept = Reference(dataset, extractor, cache=tmp_path / "kept")
    features = kept.rows(1797).features
    moments = kept.moments()
    assert extractor.seen == 1797  # of what is kept nothing is computed again
    streamed = Reference(dataset, extractor, cache=tmp_path / "streamed").moments()
    assert np.array_equal(streamed.covariance, moments.covariance)
    np.testing.assert_allclose(moments_of(features).mean, digits().reshape(1797, -1).mean(axis=0) / 255, rtol=1e-6)


@pytest.mark.parametrize("expected", [50, 1001, 1797, 5000])
def test_what_is_expected_is_kept_in_passing(expected: int, dataset: PackedDataset, tmp_path: Path) -> None:
    extractor = Noticed(dataset.shape)
    reference = Reference(dataset, extractor, cache=tmp_path / "passing")
    reference.expect(expected)
    reference.moments()
    found = reference.rows(min(expected, 1797))
    assert extractor.seen == 1797
    wanted = Reference(dataset, extractor, cache=tmp_path / "alone").rows(min(expected, 1797))
    assert np.array_equal(found.features, wanted.features)
    assert np.array_equal(found.labels, wanted.labels)
    extractor.seen = 0
    Reference(dataset, extractor, cache=tmp_path / "passing").rows(min(expected, 1797))
    assert extractor.seen == 0


def test_no_more_is_expected_than_fits(dataset: PackedDataset, tmp_path: Path) -> None:
    reference = Reference(dataset, PixelExtractor(dataset.shape), cache=tmp_path, most_bytes=64 * 4 * 100)
    reference.expect(1797)
    reference.moments()
    assert len(reference.rows(100).features) == 100
    with pytest.raises(UserError, match="need more than"):
        reference.rows(101)


def test_how_far_the_reals_are_is_told(dataset: PackedDataset, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    Reference(dataset, PixelExtractor(dataset.shape), cache=tmp_path, progress=lambda *now: told.append(now)).moments()
    assert told == [(0, 1797), (1000, 1797), (1797, 1797)]


def test_counters_count_all_reals_in_one_pass_that_yields_the_moments_too(
    dataset: PackedDataset, tmp_path: Path
) -> None:
    extractor = Noticed(dataset.shape)
    reference, counter = Reference(dataset, extractor, cache=tmp_path), PixelDeviation(dataset.shape)
    reference.count_with([counter])
    assert counter.value == pytest.approx(float(digits().std(axis=0).mean()) / 255, rel=1e-12)
    assert reference.moments().count == extractor.seen == 1797
    again = PixelDeviation(dataset.shape)
    Reference(dataset, extractor, cache=tmp_path).count_with([again])
    assert (again.value, extractor.seen) == (counter.value, 1797)


def test_features_that_would_not_fit_are_refused(dataset: PackedDataset, tmp_path: Path) -> None:
    reference = Reference(dataset, PixelExtractor(dataset.shape), cache=tmp_path, most_bytes=64 * 4 * 20)
    assert reference.rows(20).features.shape == (20, 64)
    with pytest.raises(UserError, match=r"21 reals with 64 features each need more than 5.0 KiB"):
        reference.rows(21)
