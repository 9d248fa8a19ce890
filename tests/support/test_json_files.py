import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ganache.support.errors import UserError
from ganache.support.json_files import json_line, read_json, read_json_lines, write_json, write_json_lines


def test_json_is_indented_readable_and_ends_with_a_newline(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"name": "Übung", "list": [1]})
    expected = '{\n  "name": "Übung",\n  "list": [\n    1\n  ]\n}\n'
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == expected


def test_what_is_no_json_leaves_the_old_file(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", 1)
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"a": object()})
    assert (tmp_path / "a.json").read_text() == "1\n"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_name_that_is_no_text_is_written_as_an_escape_and_read_back(tmp_path: Path) -> None:
    """`train --data D` with a name of other bytes than UTF-8 ended where run.json was written."""
    write_json(tmp_path / "a.json", {"data": "caf\udcc3\udca9", "other": "café"})
    content = (tmp_path / "a.json").read_bytes()
    assert b'"caf\\udcc3\\udca9"' in content
    assert "café".encode() in content
    assert json.loads(content) == {"data": "caf\udcc3\udca9", "other": "café"}


@pytest.mark.parametrize("content", ["[" * 100_000, '{"a":' * 100_000, "1" * 5_000, "", "\x00", '"\ud7ff'])
def test_what_is_no_json_is_refused_in_one_line_and_ends_a_file_of_lines(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"^config: .*a cannot be read: ") as refused:
        read_json(path, "config")
    assert "\n" not in str(refused.value)
    path.write_text(json_line([1]) + json_line({"b": None}) + content + "\n[2]\n", encoding="utf-8")
    assert read_json_lines(path, "config") == [[1], {"b": None}]


def test_lines_come_back_and_none_where_there_is_no_file(tmp_path: Path) -> None:
    write_json_lines(tmp_path / "a", [{"n": 1}, "ü", 0.5])
    assert (tmp_path / "a").read_bytes() == b'{"n": 1}\n"\\u00fc"\n0.5\n'
    assert read_json_lines(tmp_path / "a", "x") == [{"n": 1}, "ü", 0.5]
    assert read_json_lines(tmp_path / "absent", "x") == []


@pytest.mark.parametrize(("read", "limit"), [(read_json, r"256\.0 MiB"), (read_json_lines, r"4\.0 GiB")])
def test_what_is_too_large_is_refused_before_it_is_read(
    read: Callable[[Path, str], Any], limit: str, tmp_path: Path
) -> None:
    with (tmp_path / "a").open("wb") as file:
        file.truncate(2**32 + 1)  # takes no block of the disk
    with pytest.raises(UserError, match=rf"^x: .*a has more than {limit}, and is none of ours$"):
        read(tmp_path / "a", "x")
