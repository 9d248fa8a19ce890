"""What is read of a run's folder, also of one that is damaged."""

import json
from pathlib import Path
from typing import Any

import pytest

from ganache.support.errors import UserError
from ganache.web.report import found as module
from ganache.web.report.found import find_run
from tests.web.report.by_hand import line, run_by_hand, write_log


def test_damaged_lines_are_left_out_and_counted(tmp_path: Path) -> None:
    run = run_by_hand(tmp_path / "run")
    odd: list[Any] = ['{"images_seen": 4', "[]", "null", '{"images_seen": -1}', "[" * 100_000, '{"images_seen": 1e3}']
    write_log(run, [line(200), *odd, line(600), line(400), '{"images_seen": 800, "loss/gen'])
    found = find_run(run.path)
    assert [one["images_seen"] for one in found.lines] == [200, 400, 600]
    assert found.missing == ["7 lines of the log cannot be read, and stayed out."]


def test_a_log_that_is_not_there(tmp_path: Path) -> None:
    run = run_by_hand(tmp_path / "run")
    run.log_file.unlink()
    found = find_run(run.path)
    assert found.lines == []
    assert found.missing == ["The log has no line yet."]


def test_of_a_large_log_the_beginning_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_by_hand(tmp_path / "run", lines=100)
    monkeypatch.setattr(module, "MOST_LOG_BYTES", 1_000)
    found = find_run(run.path)
    assert 1 <= len(found.lines) < 12
    assert any("The log is larger than" in said for said in found.missing)


def test_a_line_without_end_is_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_by_hand(tmp_path / "run")
    monkeypatch.setattr(module, "MOST_LINE_BYTES", 1_000)
    write_log(run, [line(200), json.dumps({"images_seen": 300, "x": "y" * 5_000}), line(400)])
    assert [one["images_seen"] for one in find_run(run.path).lines] == [200, 400]


def test_a_recipe_of_unknown_parts_is_kept_as_it_is_written(tmp_path: Path) -> None:
    run = run_by_hand(tmp_path / "run")
    tree = json.loads(run.recipe_file.read_text())
    run.recipe_file.write_text(json.dumps({**tree, "objective": {"kind": "Unheard"}}))
    found = find_run(run.path)
    assert found.recipe is None
    assert found.tree["objective"] == {"kind": "Unheard"}
    assert "Unheard" in found.missing[0]


@pytest.mark.parametrize("text", ["[]", "{", '"x"', "[" * 100_000])
def test_a_damaged_recipe(tmp_path: Path, text: str) -> None:
    run = run_by_hand(tmp_path / "run")
    run.recipe_file.write_text(text)
    found = find_run(run.path)
    assert found.recipe is None
    assert found.tree == {}


@pytest.mark.parametrize("name", ["evaluation.json", "evaluations.jsonl"])
@pytest.mark.parametrize("text", ["{}", "{", '{"images_seen": 5}', '{"images_seen": 5, "evaluation": 3}'])
def test_damaged_evaluations_are_said(tmp_path: Path, name: str, text: str) -> None:
    run = run_by_hand(tmp_path / "run")
    (run.path / name).write_text(text)
    found = find_run(run.path)
    assert found.afterwards == []
    assert found.during == []
    if (name, text) != ("evaluations.jsonl", "{"):  # a torn line is what a crash leaves
        assert "evaluation" in found.missing[0]


@pytest.mark.parametrize("text", ["{}", "{", "[]", '{"format": 1, "draws": []}'])
def test_a_damaged_record_of_groups_is_said(tmp_path: Path, text: str) -> None:
    run = run_by_hand(tmp_path / "run")
    run.fairness_file.write_text(text)
    found = find_run(run.path)
    assert found.fairness is None
    assert "What was found of groups cannot be read" in found.missing[0]


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no"):
        find_run(tmp_path / "nowhere")
    run = run_by_hand(tmp_path / "run")
    run.record_file.write_text("[]")
    with pytest.raises(UserError, match=r"run\.json"):
        find_run(run.path)
