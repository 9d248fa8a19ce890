"""Tables of text: what is read, and what is refused in one line before memory is taken."""

import csv
from pathlib import Path

import pytest

from ganache import UserError
from ganache.data.sources import csv_files
from ganache.data.sources.csv_files import csv_table
from ganache.data.sources.raw_tables import RawTable, TableChunk


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "t.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def table(folder: Path, text: str | bytes, label: str = "") -> RawTable:
    return csv_table(written(folder, text), "t.csv", label)


def whole(found: RawTable, rows: int = 100) -> TableChunk:
    (chunk,) = found.chunks(rows)
    return chunk


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_cells_are_parted_by_the_mark_of_the_first_line(tmp_path: Path, mark: str) -> None:
    found = table(tmp_path, f"a{mark}b\n1{mark} x \n\n2{mark}y\n")
    assert found.names == ("a", "b")
    assert whole(found).cells == [["1", "2"], ["x", "y"]]
    assert list(whole(found).lines) == [2, 4]


def test_quotes_a_mark_of_the_beginning_and_other_ends_of_lines(tmp_path: Path) -> None:
    found = table(tmp_path, b'\xef\xbb\xbfa,b\r\n"x, y","say ""hi""\nthere"\r\n')
    assert found.names == ("a", "b")
    assert whole(found).cells == [["x, y"], ['say "hi"\nthere']]


def test_rows_come_some_at_a_time(tmp_path: Path) -> None:
    chunks = list(table(tmp_path, "a\n1\n2\n3\n").chunks(2))
    assert [(chunk.first, chunk.cells, list(chunk.lines)) for chunk in chunks] == [
        (0, [["1", "2"]], [2, 3]),
        (2, [["3"]], [4]),
    ]


def test_blank_lines_of_one_column_are_empty_cells_but_at_the_end(tmp_path: Path) -> None:
    found = table(tmp_path, "a\n1\n\n3\n\n\n5\n\n\n")
    assert whole(found).cells == [["1", "", "3", "", "", "5"]]
    assert list(whole(found).lines) == [2, 3, 4, 5, 6, 7]
    assert whole(table(tmp_path, "\na\n\n1\n")).cells == [["", "1"]]


def test_the_column_of_the_classes_keeps_its_place(tmp_path: Path) -> None:
    found = table(tmp_path, "a,kind,b\n1,cat,2\n3,,4\n", "kind")
    assert (found.names, found.label, found.label_place) == (("a", "b"), "kind", 1)
    assert whole(found).labels == ["cat", ""]
    with pytest.raises(UserError, match=r"label_column: 'kidn' is no column \(did you mean 'kind'\?\): a, kind, b"):
        table(tmp_path, "a,kind,b\n1,cat,2\n", "kidn")


def test_a_column_called_split_tells_the_splits(tmp_path: Path) -> None:
    found = table(tmp_path, "split,a\ntrain,1\ntest,2\nval,3\n")
    assert (found.names, found.has_splits, whole(found).splits.tolist()) == (("a",), True, [0, 2, 1])
    with pytest.raises(UserError, match="'trian' at line 3 is no split"):
        whole(table(tmp_path, "split,a\ntrain,1\ntrian,2\n"))
    assert table(tmp_path, "split,a\n7,1\n").names == ("split", "a")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "holds no rows"),
        ("a,b\n", "holds no rows"),
        ("1,2\n3,4\n", "begins with numbers; its first line must name the columns"),
        ("a,a\n1,2\n", "two columns called 'a'"),
        ("a,\n1,2\n", "column 2 has no name"),
        ("a,b\n1,2\n3\n", "line 3 has 1 cells, and there are 2 columns"),
        ("a\n\0\n", "no text at line 2"),
        (b"a\n\xff\xfe\n", "no UTF-8"),
        ('a\n"1" 2\n', "no table at line 2"),
        ('a\n"1\n', "no table at line 2"),
        (",".join(f"c{n}" for n in range(4097)) + "\n" + ",".join("1" * 4097) + "\n", "4,097 columns, more than 4,096"),
        ("a\n" + "1" * 200_000 + "\n", "field larger than field limit"),
    ],
)
def test_what_is_no_table_is_refused_in_a_line(tmp_path: Path, text: str | bytes, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint) as raised:
        whole(table(tmp_path, text))
    assert "\n" not in str(raised.value)


def test_a_row_without_an_end_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_files, "MOST_LETTERS", 1_000)
    with pytest.raises(UserError, match="a row at line 2 has more than 1,000 letters"):
        whole(table(tmp_path, "a,b\n" + "1" * 2_000))
    endless = "a,b\n" + '"x\n",' * 500  # a row that goes on from line to line
    with pytest.raises(UserError, match=r"a row at line 2.. has more than 1,000 letters"):
        whole(table(tmp_path, endless))
    short = "a,b\n" + "1,2\n" * 2_000  # each row counts anew
    assert len(whole(table(tmp_path, short), 3_000)) == 2_000


def test_the_limit_of_a_field_is_that_of_python() -> None:
    assert csv.field_size_limit() == 131_072
