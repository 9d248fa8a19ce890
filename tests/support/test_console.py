"""What a command leaves: files first, then lines."""

from pathlib import Path

import pytest

from ganache.support.console import json_outputs, write_then_print
from ganache.support.errors import RunError


def test_a_file_that_cannot_be_written_costs_neither_the_others_nor_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    outputs = [output for path in (tmp_path / "file" / "a", tmp_path / "b") for output in json_outputs(path, lambda: 1)]
    with pytest.raises(RunError, match=r"^could not write .*a: "):
        write_then_print(outputs, ["a line"])
    assert capsys.readouterr().out == f"a line\nwritten        {tmp_path / 'b'}\n"
