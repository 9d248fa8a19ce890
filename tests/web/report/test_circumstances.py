"""Data, machine, health and the command that makes a run again."""

from pathlib import Path
from typing import Any

import pytest

from ganache import recipes
from ganache.web.report.circumstances import data_facts, machine_facts, reproduction_facts, typed
from ganache.web.report.found import find_run
from ganache.web.report.health import health_of
from tests.evaluation.doctor.charts import OF_PICTURES, log, picture_recipe
from tests.web.report.by_hand import HOSTILE, RECORD, run_by_hand, write_log


def rows(facts: dict[str, Any]) -> dict[str, str]:
    return dict(facts["rows"])


def test_data_are_told_with_what_was_skipped(tmp_path: Path) -> None:
    data = {
        **RECORD["data"],
        "kind": "folder",
        "count": 70_000,
        "shape": [3, 32, 48],
        "splits": {"train": [0, 60_000], "test": [60_000, 70_000]},
        "label_names": ["cat", HOSTILE],
        "classes": {"cat": 69_000, HOSTILE: 1_000},
        "decisions": {"size": "32x48: every image has this size"},
        "skipped": [{"file": f"{HOSTILE}.png", "reason": "truncated"}],
        "skipped_count": 250,
    }
    run = run_by_hand(tmp_path / "run", data=data, selection={"rows": 60_000, "left_out": 0})
    facts = data_facts(find_run(run.path))
    told = rows(facts)
    assert told["images"] == "70,000"
    assert told["shape"] == "32 × 48 pixels, 3 channels"
    assert told["splits"] == "train 60,000, test 10,000"
    assert told["trained on"] == "60,000"
    assert told["size"] == "32x48: every image has this size"
    assert "left out, for they have no label" not in told
    assert facts["classes"] == [["cat", 69_000], [HOSTILE, 1_000]]
    assert (facts["skipped"], facts["skipped_count"]) == ([[f"{HOSTILE}.png", "truncated"]], 250)


def test_points_have_no_end(tmp_path: Path) -> None:
    data = {**RECORD["data"], "shape": [2, 1, 1], "count": None, "splits": {"train": None}, "classes": {"0": None}}
    facts = data_facts(find_run(run_by_hand(tmp_path / "run", data=data).path))
    assert rows(facts)["shape"] == "points of the plane"
    assert rows(facts)["images"] == "without end"
    assert facts["classes"] == [["0", None]]


def test_rows_of_a_table_are_no_pictures(tmp_path: Path) -> None:
    data = {**RECORD["data"], "shape": [2, 1, 1], "columns": {"columns": []}}
    assert rows(data_facts(find_run(run_by_hand(tmp_path / "run", data=data).path)))["shape"] == "rows of 2 values"


def test_records_that_say_nothing_or_nonsense_are_told_as_far_as_they_go(tmp_path: Path) -> None:
    odd: list[Any] = [None, [], {}, "text", 7, [[[]]], {"a": {"b": [1, {"c": None}]}}, True, 10**400, "x" * 10**6]
    for number, value in enumerate(odd):
        names = ("splits", "classes", "decisions", "original", "converted", "skipped", "label_names", "kind", "count")
        record = {"data": dict.fromkeys(names, value), "selection": value, "cores": value, "approximations": value}
        run = run_by_hand(tmp_path / str(number), **record)
        found = find_run(run.path)
        for facts in (data_facts(found), machine_facts(found), reproduction_facts(found)):
            assert len(str(facts)) < 100_000


def test_the_machine_and_its_sessions(tmp_path: Path) -> None:
    sessions = [
        {"began": "2026-01-01T10:00:00+00:00", "command": "ganache train dcgan", "processes": 2},
        {"began": "2026-01-01T11:00:00+00:00", "ended": "2026-01-01T12:00:00+00:00", "command": "ganache resume x"},
    ]
    record: dict[str, Any] = {
        "device": "cpu",
        "device_name": "A CPU",
        "cores": 2,
        "threads": 1,
        "torch": "2.13",
        "sessions": sessions,
    }
    facts = machine_facts(find_run(run_by_hand(tmp_path / "run", **record).path))
    told = rows(facts)
    assert told["device"] == "A CPU"
    assert told["processes"] == "2"
    assert told["speed"] == "500 images a second on average"
    assert told["training"] == "2s for 1k images"
    assert told["versions"] == "torch 2.13"
    assert [one["ended"] for one in facts["sessions"]] == ["", "2026-01-01T12:00:00+00:00"]


def test_the_command_makes_the_run_again(tmp_path: Path) -> None:
    recipe = recipes.find("dcgan").changed(batch_size=16)
    source = {**RECORD["source"], "value_range": [0.0, 4095.0], "labels": ["a cat"]}
    run = run_by_hand(tmp_path / "run", recipe=recipe, source=source, start={"run": "runs/before"}, device="cpu")
    facts = reproduction_facts(find_run(run.path))
    assert facts["command"] == (
        "ganache train dcgan --data digits --range 0:4095 --label 'a cat' --images 1000 --from runs/before --seed 3"
        " --set batch_size=16"
    )
    assert facts["same"] == ["seed 3", "device cpu"]


def test_a_recipe_of_ones_own_is_made_again_as_it_was_typed(tmp_path: Path) -> None:
    sessions = [{"command": "/bin/ganache train mine.py --set batch_size=4"}, {"command": "/bin/ganache resume run"}]
    run = run_by_hand(tmp_path / "run", sessions=sessions)
    assert reproduction_facts(find_run(run.path))["command"] == "ganache train mine.py --set batch_size=4"
    assert reproduction_facts(find_run(run_by_hand(tmp_path / "other").path))["command"] == ""


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("/home/me/.venv/bin/ganache train dcgan --data 'a b'", "ganache train dcgan --data 'a b'"),
        ("/usr/lib/python3/ganache/__main__.py resume x", "ganache resume x"),
        ("/x/ganache/scratch/__main__.py gan", "python -m ganache.scratch gan"),
        ("train.py --fast", "train.py --fast"),
        ("'unbalanced", "'unbalanced"),
        ("", ""),
        (None, ""),
        ([], ""),
    ],
)
def test_a_command_is_shown_as_it_is_typed(command: Any, expected: str) -> None:
    assert typed(command) == expected


def test_findings_come_with_their_evidence_and_command(tmp_path: Path) -> None:
    run = run_by_hand(tmp_path / "run", recipe=picture_recipe(label_flips=0.5), images_seen=20_000)
    lines = log(OF_PICTURES, accuracy__real=0.5, accuracy__fake=0.5, diversity__raw=0.4, diversity__average=0.4)
    write_log(run, [dict(one) for one in lines])
    found = health_of(find_run(run.path))
    assert found is not None
    [finding] = found["findings"]
    assert (finding["name"], finding["confidence"]) == ("discriminator too weak", "certain")
    assert "right in 50% of all cases" in finding["evidence"]
    assert finding["command"].endswith("--set label_flips=0.0")
    assert "divergence" in found["absent"]
    assert "memorisation" in found["unseen"]


def test_without_a_log_or_a_recipe_nobody_is_examined(tmp_path: Path) -> None:
    run = run_by_hand(tmp_path / "run", lines=0)
    assert health_of(find_run(run.path)) is None
    run = run_by_hand(tmp_path / "other")
    run.recipe_file.write_text("{}")
    assert health_of(find_run(run.path)) is None
