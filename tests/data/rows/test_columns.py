"""What the values of a column mean, there and back, by numbers that are worked out by hand."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from ganache import UserError
from ganache.data.rows.cells import first_text, is_missing, numbers_of
from ganache.data.rows.columns import CategoryColumn, NumberColumn

LINE = NumberColumn(name="x", positions=(-1, 1), values=(10, 30))
# A quarter of the rows is 0, half lies between 0 and 4, the last quarter is 4.
STEPS = NumberColumn(name="x", positions=(-1, -0.5, 0.5, 1), values=(0, 0, 4, 4), decimals=0)
COLOURS = CategoryColumn(name="c", names=("red", "green", "blue"))


def test_two_knots_are_a_line() -> None:
    assert LINE.encoded(["10", "20", "30", "25"])[:, 0].tolist() == [-1.0, 0.0, 1.0, 0.5]
    assert LINE.decoded(np.array([[-1.0], [0.25], [1.0]])).tolist() == [10.0, 22.5, 30.0]


def test_a_number_that_many_rows_share_lies_in_the_middle_of_its_stretch() -> None:
    assert STEPS.encoded(np.array([0.0, 4.0, 1.0]))[:, 0].tolist() == [-0.75, 0.75, -0.25]


def test_all_of_a_stretch_means_its_number() -> None:
    found = STEPS.decoded(np.array([[-1.0], [-0.9], [-0.5], [0.5], [0.8], [1.0]]))
    assert found.tolist() == [0, 0, 0, 4, 4, 4]
    assert found.dtype == np.int64


def test_numbers_are_rounded_to_the_decimals_that_they_had() -> None:
    assert STEPS.decoded(np.array([[-0.01], [0.126]])).tolist() == [2, 3]
    hundredths = LINE.model_copy(update={"decimals": 2})
    assert hundredths.written(hundredths.decoded(np.array([[0.12345], [-1.0]]))) == ["21.23", "10.0"]
    assert LINE.written(LINE.decoded(np.array([[0.123456789]]))) == ["21.23457"]


def test_beyond_the_known_numbers_a_bounded_way_is_left() -> None:
    assert LINE.encoded(np.array([40.0, 1e99, 0.0, -1e99]))[:, 0].tolist() == [1.5, 2.0, -1.5, -2.0]
    assert LINE.decoded(np.array([[2.0], [-2.0]])).tolist() == [30.0, 10.0]


def test_one_number_for_all_rows_is_in_the_middle() -> None:
    alone = NumberColumn(name="x", positions=(-1, 1), values=(7, 7), decimals=0)
    assert alone.encoded(np.array([7.0, 8.0, 6.0]))[:, 0].tolist() == [0.0, 2.0, -2.0]
    assert alone.decoded(np.array([[-1.0], [0.3]])).tolist() == [7, 7]


def test_one_number_for_all_rows_is_the_same_with_fewer_digits() -> None:
    constant = -0.06140064449540183
    alone = NumberColumn(name="x", positions=(-1, 1), values=(constant, constant))
    assert alone.encoded(["-0.06140064", "-0.0614006", "-0.0614"])[:, 0].tolist() == [0.0, 0.0, 2.0]
    assert alone.written(alone.decoded(np.array([[0.3]]))) == ["-0.06140064449540183"]


def test_numbers_that_differ_little_beside_their_size_keep_the_digits_in_which_they_differ() -> None:
    """Before, all moments of one day were written as one or two numbers: seven digits of 2,460,000 are no more."""
    days = NumberColumn(name="moment", positions=(-1.0, 1.0), values=(2460000.0, 2460001.0))
    texts = days.written(days.decoded(np.linspace(-1, 1, 101)[:, None]))
    assert len(set(texts)) == 101
    assert texts[:2] == ["2460000", "2460000.01"]


def test_a_number_that_many_rows_share_is_written_with_all_digits_and_others_with_seven() -> None:
    shared = STEPS.model_copy(update={"values": (0.0, 0.0, 1 / 3, 1 / 3), "decimals": None})
    texts = shared.written(shared.decoded(np.array([[0.9], [0.1], [-1.0]])))
    assert texts == ["0.3333333333333333", "0.2", "0.0"]
    assert shared.encoded(texts)[:, 0].tolist() == pytest.approx([0.75, 0.1, -0.75])


def test_a_missing_number_is_refused_or_filled() -> None:
    with pytest.raises(UserError, match="the column 'x' has missing values; --missing mean"):
        LINE.encoded(["10", ""])
    filled = LINE.model_copy(update={"fill": 20.0})
    assert filled.encoded(["NA", "10"])[:, 0].tolist() == [0.0, -1.0]
    with pytest.raises(UserError, match="'x' holds numbers, and a text is among these"):
        filled.encoded(["10", "ten"])


def test_categories_are_one_hot() -> None:
    assert COLOURS.encoded(["green", "red"]).tolist() == [[-1, 1, -1], [1, -1, -1]]
    assert COLOURS.decoded(np.array([[0.1, -0.2, 0.0], [-1, -0.9, -0.8]])).tolist() == ["red", "blue"]


def test_a_category_that_no_training_row_has_is_none_of_them() -> None:
    assert COLOURS.encoded(["violet"]).tolist() == [[-1, -1, -1]]


def test_a_missing_category_is_refused_or_filled() -> None:
    with pytest.raises(UserError, match="the column 'c' has missing values"):
        COLOURS.encoded(["red", "?"])
    assert COLOURS.model_copy(update={"fill": "blue"}).encoded([""]).tolist() == [[-1, -1, 1]]


def test_numbers_are_categories_where_the_training_rows_said_so() -> None:
    assert CategoryColumn(name="c", names=("1", "2.5")).encoded(np.array([2.5, 1.0])).tolist() == [[-1, 1], [1, -1]]


@pytest.mark.parametrize(
    "changed",
    [
        {"positions": (-1, 0.5)},  # ends before 1
        {"positions": (-1, 0.5, 0, 1), "values": (0, 1, 2, 3)},  # falls
        {"values": (30, 10)},
        {"values": (10,)},
        {"values": (10, float("inf"))},
        {"values": (10, 1e101)},
        {"decimals": -1},
        {"name": ""},
        {"name": "x" * 201},
        {"code": "print()"},
        {"positions": (-1.0, *[0.0] * 1023, 1.0), "values": tuple(range(1025))},
    ],
)
def test_what_a_file_says_of_numbers_is_checked(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        NumberColumn(**{**LINE.model_dump(), **changed})


@pytest.mark.parametrize("changed", [{"names": ()}, {"names": ("a", "a")}, {"fill": "d"}, {"names": ("", "b")}])
def test_what_a_file_says_of_categories_is_checked(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CategoryColumn(**{**COLOURS.model_dump(), **changed})


def test_what_stands_for_no_value() -> None:
    assert [text for text in ("", "NA", "n/a", "NaN", "null", "None", "?") if not is_missing(text)] == []
    assert [text for text in ("0", "no", "unknown", "-", "nano") if is_missing(text)] == []


def test_texts_are_numbers_or_not() -> None:
    found = numbers_of(["1", "-2.5e3", "", "nan"])
    assert found is not None
    np.testing.assert_array_equal(found, [1, -2500, np.nan, np.nan])
    assert numbers_of(["1", "1_000"]) is None
    assert numbers_of(["1", "0x10"]) is None
    assert first_text(["1", "", "red", "blue"]) == 2
