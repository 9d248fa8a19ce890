"""What columns are, found in one pass in bounded memory."""

import numpy as np
import pytest

from ganache import UserError
from ganache.data.rows.cells import LARGEST
from ganache.data.rows.columns import CategoryColumn, NumberColumn
from ganache.data.rows.reading import TableReading
from ganache.data.sources import table_scans
from ganache.data.sources.raw_tables import chances
from ganache.data.sources.table_scans import ColumnScan, NumberScan, Where, absent_of

MANY = [f"t{number}" for number in range(1_001)]


def scanned(*parts: list[str] | np.ndarray[tuple[int], np.dtype[np.float64]], training: bool = True) -> ColumnScan:
    scan = ColumnScan("c", 1)
    for cells in parts:
        where = Where("t.csv", "line", range(2, len(cells) + 2))
        scan.add(cells, absent_of(cells), np.full(len(cells), training), where)
    return scan


def numbers(*values: float, **reading: str) -> NumberColumn:
    found = scanned(np.array(values, np.float64)).column(TableReading(**reading))  # type: ignore[arg-type]
    assert isinstance(found, NumberColumn)
    return found


def test_few_numbers_have_stretches_as_long_as_their_shares() -> None:
    found = numbers(5, 5, 1, 3)
    assert list(found.values) == [1, 1, 3, 3, 5, 5]
    assert list(found.positions) == [-1, -0.5, -0.5, 0, 0, 1]
    assert found.encoded(np.array([1.0, 3.0, 5.0]))[:, 0].tolist() == [-0.75, -0.25, 0.5]


@pytest.mark.parametrize(("missing", "filled"), [("mean", 3.0), ("median", 1.0)])
def test_what_is_filled_in_is_a_number_that_occurs_or_it_would_be_drawn_as_another(missing: str, filled: float) -> None:
    found = numbers(1, 1, 1, 3, 9, missing=missing)  # the mean is 3, and of 1, 1, 3, 9 it would be 3.5
    assert found.fill == filled
    assert numbers(1, 1, 3, 9, missing=missing).fill == filled
    (value,) = found.encoded(np.array([np.nan]))
    assert found.decoded(value[None]).tolist() == [filled]
    assert numbers(1, 1, 3, 9, missing="mean", numbers="standard").fill == 4.0  # rounded, as whole numbers are drawn


def test_many_numbers_have_their_ranks() -> None:
    values = np.random.default_rng(0).exponential(size=5_000)
    found = numbers(*values)
    assert len(found.values) == table_scans.QUANTILES + 2 * 4  # 5,000 / 256 halves four times
    assert found.positions[1:4] == pytest.approx((2 / 4096 - 1, 2 / 2048 - 1, 2 / 1024 - 1))
    ranks = (np.argsort(np.argsort(values)) + 0.5) / len(values)
    np.testing.assert_allclose(found.encoded(values)[:, 0], 2 * ranks - 1, atol=0.01)
    np.testing.assert_allclose(found.decoded(found.encoded(values)), values, rtol=1e-9, atol=1e-9)


def test_standardised_the_farthest_number_is_at_the_end() -> None:
    found = numbers(0, 0, 0, 8, numbers="standard")  # mean 2, farthest 6
    assert (found.positions, found.values) == ((-1, 1), (-4, 8))
    assert found.encoded(np.array([2.0, 8.0, 0.0]))[:, 0].tolist() == pytest.approx([0, 1, -1 / 3])


def test_by_deviations_four_of_them_have_three_quarters_of_the_interval() -> None:
    values = [0.0] * 99 + [100.0]  # mean 1, deviation √99 = 9.95, so that the tail begins at 40.8
    found = numbers(*values, numbers="deviations")
    near = 4 * np.sqrt(99)
    assert list(found.positions) == [-1, -0.75, 0.75, 1]
    assert found.values == pytest.approx((1 - near, 1 - near, 1 + near, 100))
    assert found.encoded(np.array([1.0, 1 + near / 2, 100.0]))[:, 0] == pytest.approx([0, 0.375, 1])
    assert numbers(3, 3, numbers="deviations").encoded(np.array([3.0])).tolist() == [[0.0]]


def test_the_deviation_of_numbers_far_from_zero_is_theirs() -> None:
    times = 1.7e9 + np.arange(10.0)  # whose squares have no digits left for what is between them
    scan = NumberScan(1_000)
    for part in (times[:3], times[3:4], times[4:]):
        scan.add(part)
    assert (scan.mean, scan.deviation) == pytest.approx((1.7e9 + 4.5, np.sqrt(8.25)), rel=1e-12)
    assert "deviation 2.87" in scan.said(scan.column("t", "quantiles", ""))
    assert scan.column("t", "deviations", "").values[1:3] == pytest.approx(
        (times.mean() - 4 * 2.87228132, times.mean() + 4 * 2.87228132), rel=1e-12
    )


def test_equal_numbers_are_their_own_mean() -> None:
    scan = NumberScan(1_000)
    for count in (3, 7, 11):
        scan.add(np.full(count, 0.1))
    assert (scan.mean, scan.deviation) == (0.1, 0.0)


@pytest.mark.parametrize(
    ("values", "decimals"),
    [((1.0, 2.0, -7.0), 0), ((1.5, 2.0), 1), ((0.125, 2.0), 3), ((1 / 3,), None), ((2.0**53,), None), ((1e12,), 0)],
)
def test_how_many_decimals_numbers_have(values: tuple[float, ...], decimals: int | None) -> None:
    assert numbers(*values).decimals == decimals


def test_missing_ones_are_filled_with_the_mean_or_the_median() -> None:
    assert numbers(0, 0, 1, 9, missing="mean", numbers="standard").fill == 2  # 2.5 to the even whole number
    assert numbers(0.5, 0, 1, 9.5, missing="mean", numbers="standard").fill == 2.8  # 2.75 in one decimal
    assert numbers(0, 0, 1, 9, 9, missing="median").fill == 1
    assert numbers(0, 1).fill is None
    found = scanned(["red", "blue", "blue", ""]).column(TableReading(missing="mean"))
    assert (found.fill, found.kind) == ("blue", "category")


def test_only_training_rows_decide() -> None:
    scan = scanned(["1", "2"])
    scan.add(["1000", ""], np.array([False, True]), np.array([False, False]), Where("", "line", [2, 3]))
    found = scan.column(TableReading())
    assert isinstance(found, NumberColumn)
    assert (found.values, scan.missing) == ((1, 1, 2, 2), 1)
    with pytest.raises(UserError, match="'c' has no value in any training row"):
        scanned(["1"], training=False).column(TableReading())


@pytest.mark.parametrize("cells", [["1,5", "2,25", "-,5"], ["1,000", "12", "3,500.5"], ["1,5", "", "2"]])
def test_numbers_with_commas_are_refused_before_they_become_categories(cells: list[str]) -> None:
    with pytest.raises(UserError, match=f"the column 'c' holds '{cells[0]}': numbers have a decimal point, and no co"):
        scanned(cells).column(TableReading(missing="median"))


def test_texts_with_commas_are_categories() -> None:
    found = scanned(["Ford, red", "1,5", "1,5,6"]).column(TableReading())
    assert isinstance(found, CategoryColumn)
    assert found.names == ("1,5", "1,5,6", "Ford, red")


def test_a_column_with_a_text_is_one_of_categories_in_natural_order() -> None:
    found = scanned(["10", "9"], ["?", "b"]).column(TableReading())
    assert isinstance(found, CategoryColumn)
    assert found.names == ("9", "10", "b")


def test_too_many_texts_are_neither() -> None:
    with pytest.raises(UserError, match=r"'c' holds 't1000', which is no number, among more than 1,000 others.*line 2"):
        scanned(MANY[:1000], MANY[1000:])
    many = [str(number) for number in range(2_000)]
    with pytest.raises(UserError, match=r"holds 'oops', which is no number.*\(line 3\)"):
        scanned(many, ["1", "oops"])


@pytest.mark.parametrize("odd", ["inf", "-Infinity", "1e101"])
def test_numbers_without_end_are_refused(odd: str) -> None:
    with pytest.raises(UserError, match=r"the column 'c' holds .*\(line 3\)"):
        scanned(["1", odd])


def test_the_sample_stays_bounded_and_even() -> None:
    scan = NumberScan(most=100)
    for start in range(0, 10_000, 77):
        scan.add(np.arange(start, min(10_000, start + 77), dtype=np.float64))
    assert (scan.count, scan.low, scan.high, scan.mean) == (10_000, 0, 9_999, 4_999.5)
    kept = scan._kept
    assert 50 <= len(kept) <= 100
    assert set(np.diff(kept)) == {128.0}


def test_chances_are_even_and_a_function_of_the_number() -> None:
    found = chances(np.arange(100_000))
    assert 0 <= found.min() < found.max() < 1
    counts, _ = np.histogram(found, 10, (0, 1))
    assert abs(counts / 10_000 - 1).max() < 0.05
    np.testing.assert_array_equal(chances(np.array([70_000, 3])), found[[70_000, 3]])


@pytest.mark.parametrize("scale", ["standard", "deviations", "quantiles"])
def test_no_knot_lies_beyond_the_largest_number(scale: str) -> None:
    found = numbers(-LARGEST, LARGEST, LARGEST, numbers=scale)
    assert (found.values[0], found.values[-1]) == (-LARGEST, LARGEST)
    assert np.abs(found.encoded(np.array([-LARGEST, LARGEST]))).max() <= 1
