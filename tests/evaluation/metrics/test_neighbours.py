"""Blocked nearest neighbours and pairs within a radius, against every distance in float64."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ganache.evaluation.metrics.neighbours import Pairs, nearest, nearest_in_blocks, nearest_others

Floats = NDArray[np.floating]
TILES = [7, 64, 1024]


def squares(first: Floats, second: Floats) -> NDArray[np.float64]:
    gaps = first[:, None].astype(np.float64) - second[None]
    found: NDArray[np.float64] = np.einsum("nmd,nmd->nm", gaps, gaps)
    return found


def sets(name: str) -> tuple[Floats, Floats]:
    random = np.random.default_rng(0)
    if name == "ties":  # few distinct distances, and copies
        return random.integers(0, 3, (130, 5)).astype(np.float32), random.integers(0, 3, (90, 5)).astype(np.float32)
    if name == "bits":  # many equal distances that are not zero
        return random.integers(0, 2, (130, 24)).astype(np.float32), random.integers(0, 2, (90, 24)).astype(np.float32)
    first, second = random.normal(size=(130, 40)), random.normal(size=(90, 40))
    scale = {
        "plain": 1.0,
        "tiny": 1e-30,
        "huge": 1e25,
        "float64": 1.0,
        "far": 1.0,
        "far64": 1.0,
        "outlier": 1.0,
        "cluster": 1e-3,
    }
    first, second = first * scale[name], second * scale[name]
    if name == "far":
        first, second = first + 300.0, second + 300.0
    if name == "far64":  # float32 would not hold a digit of them
        first, second = first + 1e9, second + 1e9
    if name == "outlier":
        second[5] += 1e6
    if name == "cluster":  # two tight clusters that are far from each other
        first[::2] += 50.0
        second[::3] += 50.0
    return (first, second) if name.endswith("64") else (first.astype(np.float32), second.astype(np.float32))


NAMES = ["plain", "tiny", "huge", "float64", "far", "far64", "outlier", "cluster", "ties", "bits"]


@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize("name", NAMES)
def test_the_nearest_are_those_of_a_full_sort(name: str, tile: int) -> None:
    queries, points = sets(name)
    expected = squares(queries, points)
    found = nearest(queries, points, k=6, tile=tile)
    np.testing.assert_allclose(found.squares, np.sort(expected, axis=1)[:, :6], rtol=1e-12)
    np.testing.assert_allclose(found.squares, np.take_along_axis(expected, found.indices, axis=1), rtol=1e-12)
    np.testing.assert_array_equal(found.distances, np.sqrt(found.squares))
    assert (np.diff(np.sort(found.indices, axis=1)) > 0).all(), "no point counts twice"


@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize("name", NAMES)
def test_none_is_its_own_neighbour_but_a_copy_is(name: str, tile: int) -> None:
    points, _ = sets(name)
    points[3] = points[11]
    expected = squares(points, points)
    np.fill_diagonal(expected, np.inf)
    found = nearest_others(points, k=4, tile=tile)
    np.testing.assert_allclose(found.squares, np.sort(expected, axis=1)[:, :4], rtol=1e-12)
    assert found.squares[3, 0] == 0.0
    assert (found.indices != np.arange(len(points))[:, None]).all()


@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize("name", NAMES)
def test_pairs_within_a_radius_count_ties(name: str, tile: int) -> None:
    rows, columns = sets(name)
    exact = squares(rows, columns)
    # Each row's radius is one of its distances exactly, so that every row has a tie; each column's likewise.
    of_rows = Pairs(rows, columns).squared(np.arange(len(rows)), exact.argsort(axis=1)[:, 10])
    of_columns = Pairs(rows, columns).squared(exact.argsort(axis=0)[10], np.arange(len(columns)))
    pairs = Pairs(rows, columns, tile=tile)
    by_row, by_column = np.zeros((2, len(rows), len(columns)), dtype=bool)
    for part in pairs.tiles():
        by_row[part.rows, part.columns] = pairs.within(part, of_rows[part.rows, None])
        by_column[part.rows, part.columns] = pairs.within(part, of_columns[None, part.columns])
    assert np.array_equal(by_row, exact <= of_rows[:, None])
    assert np.array_equal(by_column, exact <= of_columns)


def test_the_bounds_hold_the_exact_distance_and_are_close_to_it() -> None:
    for name in NAMES:
        rows, columns = sets(name)
        pairs = Pairs(rows, columns)
        exact = squares(rows, columns) * pairs.unit
        for part in pairs.tiles():
            assert (part.lower.numpy() <= exact * (1 + 1e-12)).all(), name
            assert (part.upper.numpy() >= exact * (1 - 1e-12)).all(), name
            assert float((part.upper - part.lower).max()) < 1e-4, name


def test_all_points_may_be_asked_for_and_one_set_twice_is_two_sets() -> None:
    points = np.random.default_rng(1).normal(size=(6, 3)).astype(np.float32)
    assert sorted(nearest(points, points, k=6).indices[2]) == list(range(6))
    assert nearest(points, points).indices[:, 0].tolist() == list(range(6))
    assert sorted(nearest_others(points, k=5).indices[2]) == [0, 1, 3, 4, 5]


def test_constant_vectors_are_at_distance_zero() -> None:
    constant = np.full((40, 5), 0.1, dtype=np.float32)
    assert (nearest_others(constant, k=3).squares == 0).all()


@pytest.mark.parametrize("size", [1, 7, 60])
def test_points_in_blocks_have_the_same_nearest_as_all_at_once_ties_included(size: int) -> None:
    random = np.random.default_rng(3)
    points = random.integers(0, 3, (60, 4)).astype(np.float32)  # many equal distances
    queries = random.integers(0, 3, (25, 4)).astype(np.float32)
    blocks = (points[start : start + size] for start in range(0, 60, size))
    found, whole = nearest_in_blocks(queries, blocks), nearest(queries, points)
    assert np.array_equal(found.indices, whole.indices)
    assert np.array_equal(found.squares, whole.squares)
