"""Groups of pictures by a table: pictures by path or file name, rows by split and number."""

from pathlib import Path

import numpy as np
import pytest

from ganache.data.sources.group_files import grouped
from ganache.support.errors import UserError
from tests.commands import draw_pictures
from tests.data.data_files import opened
from tests.labelled import labelled, shades


def test_pictures_of_a_folder_are_named_by_their_files(tmp_path: Path) -> None:
    draw_pictures(tmp_path / "pictures", 4)
    (tmp_path / "pictures" / "1.png").write_bytes(b"no picture")  # it is in no row, and moves no other
    dataset = opened(tmp_path / "pictures", tmp_path, max_skipped=1.0)
    table = tmp_path / "groups.csv"
    table.write_text("file;group\n0.png;old\n2.png;young\n3.png;old\n")
    found, said = grouped(dataset, table)
    assert found.label_names == ("old", "young")
    assert found.labels_of("train").tolist() == [0, 1, 0]
    assert found.rows("train", 1, 2).images.max() == 6  # 2.png
    assert said == "from groups.csv, by path"
    assert found.fingerprint != dataset.fingerprint
    assert found.summary()["classes"] == {"old": 2, "young": 1}


def test_rows_of_an_array_are_named_by_split_and_number(tmp_path: Path) -> None:
    dataset = labelled(shades([0, 1, 0, 1]), [0, 1, 0, 1], train=3, test=1)
    table = tmp_path / "groups.csv"
    table.write_text("name,group\ntest/0,a\ntrain/0,b\ntrain/1,a\n")
    found, _ = grouped(dataset, table)
    assert found.labels_of("train").tolist() == [1, 0, -1]
    assert found.labels_of("test").tolist() == [0]
    of_dark, _ = grouped(dataset, table, ["dark"])
    assert of_dark.labels_of("train").tolist() == [1, -1, -1]
    assert np.array_equal(found.rows("train", 0, 3).images, dataset.rows("train", 0, 3).images)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("name,age\ntrain/0,3\n", "must name the columns file"),
        ("name,group\nelsewhere.png,a\n", "names none of the pictures"),
        ("name,group\ntrain/0,a\ntrain/0,b\n", "is listed as 'a' and as 'b'"),
        ("name,group\ntrain/0,a\n", "tells of 1"),
    ],
)
def test_a_table_that_tells_nothing_is_refused(text: str, line: str, tmp_path: Path) -> None:
    table = tmp_path / "groups.csv"
    table.write_text(text)
    with pytest.raises(UserError, match=line):
        grouped(labelled(shades([0, 1]), [0, 1]), table)
