"""A table's columns together."""

import json

import numpy as np
import pytest

from ganache import ImageShape, UserError
from ganache.data.rows.columns import CategoryColumn, NumberColumn
from ganache.data.rows.table import MAX_WIDTH, Schema

AGE = NumberColumn(name="age", positions=(-1, 1), values=(0, 100), decimals=0)
CITY = CategoryColumn(name="city", names=("Bern", "Basel"))
HEIGHT = NumberColumn(name="height", positions=(-1, 1), values=(1, 2), decimals=2)
TABLE = Schema(columns=(AGE, CITY, HEIGHT), label="kind", label_place=1)
VALUES = np.array([[0.011, 0.3, 0.2, 0.0], [-0.99, -1.0, -0.9, 1.0]], np.float32)


def test_rows_there_and_back() -> None:
    values = TABLE.encoded([["50", "0"], ["Basel", "Bern"], ["1.5", "2"]])
    assert values.dtype == np.float32
    assert values.tolist() == [[0, -1, 1, 0], [-1, 1, -1, 1]]
    assert [cells.tolist() for cells in TABLE.decoded(values)] == [[50, 0], ["Basel", "Bern"], [1.5, 2.0]]


def test_what_a_network_makes_becomes_the_row_that_it_means() -> None:
    settled = TABLE.settled(VALUES)
    np.testing.assert_allclose(settled, np.array([[0.02, 1, -1, 0], [-1, -1, 1, 1]]), atol=1e-6)
    np.testing.assert_array_equal(TABLE.settled(settled), settled)
    assert TABLE.settled(VALUES[:0]).shape == (0, 4)


def test_rows_are_written_in_the_order_of_the_table_the_class_in_its_place() -> None:
    assert TABLE.header(labelled=True) == ["age", "kind", "city", "height"]
    assert list(TABLE.written(VALUES, ["a", "b"])) == [("51", "a", "Bern", "1.5"), ("0", "b", "Basel", "2.0")]
    assert TABLE.header(labelled=False) == ["age", "city", "height"]
    assert next(TABLE.written(VALUES)) == ("51", "Bern", "1.5")


def test_json_gives_the_same_table() -> None:
    known = Schema.of_json(json.loads(json.dumps(TABLE.to_json())), "file")
    assert (known, known.digest) == (TABLE, TABLE.digest)
    assert Schema(columns=(AGE, CITY)).digest != Schema(columns=(CITY, AGE)).digest


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ({"columns": []}, "file: its table is damaged: columns"),
        ({"columns": [AGE.model_dump(), AGE.model_dump()]}, "two columns have one name"),
        ({"columns": [AGE.model_dump()], "label": "age"}, "two columns have one name"),
        ({"columns": [{**AGE.model_dump(), "kind": "code"}]}, "damaged: columns.0"),
        (7, "damaged: all"),
    ],
)
def test_a_damaged_one_is_refused_in_a_line(value: object, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        Schema.of_json(value, "file")


def test_a_row_has_a_bounded_width() -> None:
    names = tuple(str(number) for number in range(1000))
    columns = tuple(CategoryColumn(name=str(number), names=names) for number in range(MAX_WIDTH // 1000 + 1))
    with pytest.raises(ValueError, match="a row of 17,000 values, more than 16,384"):
        Schema(columns=columns)


def test_a_row_is_an_image_of_one_pixel_whose_channels_its_table_knows() -> None:
    shape = ImageShape.of_row(TABLE)
    assert (shape.channels, shape.height, shape.width, shape.pixels) == (4, 1, 1, 4)
    assert (shape.is_row, shape.is_point, str(shape.dtype), shape.stored_bytes) == (True, False, "float32", 16)
    assert shape != ImageShape(4, 1, 1)
    assert not ImageShape(4, 1, 1).is_row
    assert shape.to_json() == {"channels": 4, "height": 1, "width": 1, "table": TABLE.to_json()}
    for channels, height in ((3, 1), (4, 2)):
        with pytest.raises(UserError, match="is no row of 4 values"):
            ImageShape(channels, height, 1, table=TABLE)


def test_two_columns_are_no_point_and_a_point_is_a_row() -> None:
    pair, point = ImageShape.of_row(Schema.unnamed(2)), ImageShape(2, 1, 1)
    assert (pair.is_point, pair.is_row, point.is_point, point.is_row) == (False, True, True, True)
    values = np.full((3, 1, 1, 2), 0.25, np.float32)
    np.testing.assert_array_equal(point.settled(values), values)
    np.testing.assert_array_equal(pair.settled(values), values)


def test_the_shape_that_a_record_tells_is_of_rows_where_it_tells_columns() -> None:
    assert ImageShape.recorded({"shape": [3, 8, 8]}) == ImageShape(3, 8, 8)
    assert ImageShape.recorded({"shape": [9, 1, 1], "columns": [{"name": "x1"}]}).is_row
    with pytest.raises(UserError, match="channels"):
        ImageShape.recorded({"shape": [9, 1, 1]})
