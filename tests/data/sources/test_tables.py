"""Tables as data: from files to batches, what is decided, what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganache import UserError
from ganache.data import open_dataset, pack, preview
from ganache.data.conversion import Conversion
from ganache.data.origin import Source
from ganache.data.rows.columns import NumberColumn
from ganache.data.rows.reading import TableReading
from ganache.data.sources.tables import rows_of
from ganache.data.store.packed import PackedDataset
from tests.data.data_files import classes

TEXT = "age,city,kind\n20,Bern,a\n40,Basel,b\n60,Bern,\n40,Bern,b\n"


def reading(**fields: Any) -> Conversion:
    return Conversion(rows=TableReading(**fields))


def opened(path: Path, text: str = TEXT, **fields: Any) -> PackedDataset:
    path.write_text(text)
    found = open_dataset(path, reading(**fields), cache=path.parent / "cache")
    assert isinstance(found, PackedDataset)
    return found


def rows(dataset: PackedDataset, split: str = "train") -> np.ndarray[Any, Any]:
    start, stop = dataset.summary()["splits"][split]
    found: np.ndarray[Any, Any] = dataset.rows(split, 0, stop - start).images
    return found.reshape(stop - start, -1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def test_a_table_becomes_rows_of_values(path: Path) -> None:
    found = opened(path, label_column="kind")
    assert (found.count, found.label_names, str(found.shape)) == (4, ("a", "b"), "1x1x3")
    values = rows(found)
    assert values.dtype == np.float32
    # 20, 40 and 60 are a quarter, a half and a quarter of the rows; Basel stands before Bern.
    assert values.tolist() == [[-0.75, -1, 1], [0, 1, -1], [0.75, -1, 1], [0, -1, 1]]
    assert found.labels_of("train").tolist() == [0, 1, -1, 1]
    batch = found.stream(0).batch(0, 3)
    assert (batch.images.shape, str(batch.images.dtype)) == ((3, 3, 1, 1), "float32")


def test_what_is_said_of_it(path: Path) -> None:
    told = opened(path, label_column="kind").summary()
    assert told["columns"] == [
        {"name": "age", "kind": "number", "said": "whole numbers 20 … 60, mean 40, deviation 14.1"},
        {"name": "city", "kind": "category", "said": "2 categories: Bern 75%, Basel 25%"},
    ]
    assert (told["column_count"], told["shape"], told["unlabelled"]) == (2, [3, 1, 1], 1)
    assert told["decisions"]["label"] == "the column 'kind', which is no value of a row"
    assert "table" not in told  # which may be long, and is in the store and beside the weights
    assert json.loads(json.dumps(told)) == told


def test_a_preview_writes_nothing_and_knows_the_whole(path: Path) -> None:
    path.write_text(TEXT)
    found = preview(path, reading(hold_out=0.5, label_column="kind"), cache=path.parent / "cache")
    assert not (path.parent / "cache" / "stores").exists()
    assert (found.count, found.fingerprint) == (4, "")
    assert "4 of 4 rows" in found.summary()["decisions"]["looked at"]
    assert found.shape == opened(path, hold_out=0.5, label_column="kind").shape


def test_the_encoding_is_learnt_of_training_rows_alone_and_part_of_the_identity(path: Path) -> None:
    text = "split,x,c\ntrain,0,a\ntest,100,b\ntrain,10,a\n"
    found = opened(path, text)
    assert rows(found).tolist() == [[-0.5, 1], [0.5, 1]]
    assert rows(found, "test").tolist() == [[2, -1]]  # beyond what is known, and none of the categories
    assert found.shape.table is not None
    assert found.shape.table.columns[1].names == ("a",)  # type: ignore[union-attr]
    assert opened(path, text.replace("100", "50")).fingerprint == found.fingerprint  # no bit of it is another
    assert opened(path, text.replace("10,", "20,")).fingerprint != found.fingerprint
    standard = opened(path, text, numbers="standard")
    assert rows(standard).tolist() == [[-1, 1], [1, 1]]
    assert standard.fingerprint != found.fingerprint


def test_rows_are_held_out_by_their_numbers(path: Path) -> None:
    text = "x\n" + "".join(f"{number}\n" for number in range(400))
    found = opened(path, text, hold_out=0.25)
    splits = found.summary()["splits"]
    held = splits["test"][1] - splits["test"][0]
    assert 75 <= held <= 125
    assert splits["train"] == [0, 400 - held]
    again = opened(path, text.replace("399", "400"), hold_out=0.25)
    assert again.summary()["splits"] == splits
    with pytest.raises(UserError, match=r"hold_out: .* has splits of its own"):
        opened(path, "split,x\ntrain,1\ntest,2\n", hold_out=0.5)


@pytest.mark.parametrize(("missing", "fill", "place"), [("mean", 6.0, 0.25), ("median", 0.0, -0.5)])
def test_missing_values_are_filled_as_asked(path: Path, missing: str, fill: float, place: float) -> None:
    found = opened(path, "x,y\n0,1\n0,1\n6,1\n10,1\nNA,1\n", missing=missing)
    assert found.summary()["columns"][0]["said"].endswith(f"; 1 missing, filled with {fill}")
    # 0 has half of the interval, 6 and 10 a quarter each. The mean is 4, and 6 is nearest to it.
    np.testing.assert_allclose(rows(found)[:, 0], [-0.5, -0.5, 0.25, 0.75, place], atol=1e-6)


def test_missing_values_are_refused_or_their_rows_left_out(path: Path) -> None:
    text = "x,y\n0,1\n,2\n9,3\nNA,4\n"
    with pytest.raises(UserError, match=r"the column 'x' has no value; --missing mean .* \(line 3\)"):
        opened(path, text)
    found = opened(path, text, missing="drop")
    assert rows(found).tolist() == [[-0.5, -0.5], [0.5, 0.5]]
    assert found.summary()["decisions"]["missing"] == "2 rows left out, as asked"


def test_columns_are_chosen_by_name(path: Path) -> None:
    found = opened(path, columns=("city",), label_column="kind")
    assert found.shape.table is not None
    assert [column.name for column in found.shape.table.columns] == ["city"]
    with pytest.raises(UserError, match=r"columns: 'town' is no column of .*: age, city, kind"):
        opened(path, columns=("town",))
    with pytest.raises(UserError, match="columns: 'city' is named twice"):
        TableReading(columns=("city", "age", "city"))


@pytest.mark.parametrize("dtype", ["f8", "f4", "i2", "u1"])
def test_arrays_of_numbers_are_tables(tmp_path: Path, dtype: str) -> None:
    path = tmp_path / "t.npz"
    np.savez(path, X=np.array([[1, 5], [2, 5], [3, 5], [4, 5]], dtype), y=np.array([0, 1, 1, 0]))
    found = open_dataset(path, cache=tmp_path / "cache")
    assert isinstance(found, PackedDataset)
    assert (found.label_names, found.shape.channels) == (("0", "1"), 2)
    assert rows(found).tolist() == [[-0.75, 0], [-0.25, 0], [0.25, 0], [0.75, 0]]
    assert found.shape.table is not None
    assert (found.shape.table.label, found.shape.table.label_place) == ("y", 2)
    np.save(tmp_path / "t.npy", np.array([[1, 5], [2, 6]], dtype))
    alone = open_dataset(tmp_path / "t.npy", cache=tmp_path / "cache")
    assert (alone.label_names, alone.shape.is_row) == ((), True)


@pytest.mark.parametrize(
    ("arrays", "complaint"),
    [
        ({"X": np.array([[1.0, np.nan]])}, r"column 'x2' has no value.*\(row 1\)"),
        ({"X": np.array([[1.0], [np.inf]])}, r"column 'x1' holds inf \(row 2\)"),
        ({"X": np.array([["a"]])}, "no numbers"),
        ({"images": np.ones((5, 3))}, "it must be pictures"),
        ({"X_train": np.ones((5, 3)), "X_test": np.ones((5, 2))}, "splits of several widths"),
        ({"X": np.ones((2, 4097))}, "more than 4,096 columns"),
        ({"X": np.ones((2, 2)), "y": np.array([0.5, 1])}, "classes are whole numbers"),
    ],
)
def test_arrays_that_are_none(tmp_path: Path, arrays: dict[str, Any], complaint: str) -> None:
    np.savez(tmp_path / "t.npz", **arrays)
    with pytest.raises(UserError, match=complaint):
        open_dataset(tmp_path / "t.npz", cache=tmp_path / "cache")


@pytest.mark.parametrize(
    ("how", "complaint"),
    [
        ({"size": (8, 8)}, "size: it is for pictures"),
        ({"channels": 3}, "channels: it is for pictures"),
        ({"value_range": (0, 1)}, "range: "),
        ({"rows": TableReading(label_column="x9")}, "label_column: 'x9' is no column"),
    ],
)
def test_what_a_table_has_not(path: Path, how: dict[str, Any], complaint: str) -> None:
    path.write_text(TEXT)
    with pytest.raises(UserError, match=complaint):
        open_dataset(path, Conversion(**how), cache=path.parent / "cache")


def test_what_only_a_table_has(tmp_path: Path) -> None:
    for fields, name in (({"missing": "drop"}, "missing"), ({"columns": ("a",)}, "columns")):
        with pytest.raises(UserError, match=f"{name}: it is for tables, and 'ring' is none"):
            open_dataset("ring", reading(**fields), cache=tmp_path)
    pictures = classes(tmp_path / "pictures")
    with pytest.raises(UserError, match=r"hold_out: it is for tables, and '.*pictures' is none"):
        pack(pictures, tmp_path / "out", reading(hold_out=0.3), cache=tmp_path)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"missing": "fill"}, "missing: 'fill' is not one of refuse, mean, median, drop"),
        ({"numbers": "quantile"}, r"did you mean 'quantiles'"),
        ({"hold_out": 0.95}, "hold_out: 0.95 is not a share"),
    ],
)
def test_a_reading_that_cannot_be(fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        TableReading(**fields)


def test_a_record_keeps_how_it_was_read_and_says_nothing_of_what_is_usual(path: Path) -> None:
    path.write_text(TEXT)
    how = reading(label_column="kind", columns=("age",), hold_out=0.25)
    told = json.loads(json.dumps(Source(str(path), how).to_json()))
    assert told["rows"] == {"label_column": "kind", "columns": ["age"], "hold_out": 0.25}
    assert Source.of(told).how == how
    assert "rows" not in Source(str(path)).to_json()
    for hostile in ({"code": 1}, {"missing": ["x"]}, {"hold_out": "a"}):
        with pytest.raises(UserError):
            Source.of({**told, "rows": hostile})


def test_a_known_table_reads_other_files_as_it_reads_its_own(path: Path) -> None:
    table = opened(path, columns=("age", "city"), label_column="kind").shape.table
    assert table is not None
    assert isinstance(table.columns[0], NumberColumn)
    other = path.with_name("other.csv")
    other.write_text("more,city,age\n1,Basel,50\n2,Genf,20\n")
    (values,) = rows_of(other, "other.csv", table)
    assert values.tolist() == [[0.5, 1, -1], [-0.75, -1, -1]]
    found = open_dataset(other, reading(table=table), cache=path.parent / "cache")
    assert (found.shape.table, found.summary()["columns"]) == (table, [])
    path.with_name("third.csv").write_text("city\nBern\n")
    with pytest.raises(UserError, match="columns: 'age' is no column of 'third"):
        list(rows_of(path.with_name("third.csv"), "third.csv", table))
