"""run.json, log.jsonl and evaluations of strangers: each is read, or refused in one line; nothing else is raised."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganache.evaluation.compare import evaluation_at
from ganache.evaluation.doctor.examination import examine
from ganache.runs.folder import Run
from ganache.support.errors import UserError
from ganache.training.sessions import resume
from tests.tiny import tiny_recipe

ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(), st.text(max_size=3),
    st.lists(st.integers(), max_size=2), st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)  # fmt: skip
RECORD: dict[str, Any] = {
    "format": 1, "source": {"data": "digits", "size": None, "channels": None, "labels": [], "max_skipped": 0.01},
    "data": {"fingerprint": "f", "source": "digits", "shape": [1, 8, 8]}, "budget": {"images": 100, "seconds": None},
    "cadence": {"tick": 1, "samples": 1, "checkpoint": 1}, "device": "cpu", "precision": "fp32", "threads": 1,
    "seed": 0, "sessions": [], "images_seen": 10, "training_seconds": 1.0, "outcome": "finished",
}  # fmt: skip
LINE = {"images_seen": 5, "training_seconds": 1.0, "loss/generator": 0.5, "accuracy/real": 0.9}


def written(path: Path, record: Any, lines: list[Any]) -> Path:
    path.mkdir(exist_ok=True)
    (path / "recipe.json").write_text(tiny_recipe().to_json())
    (path / "run.json").write_text(json.dumps(record))
    (path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from([*RECORD, *LINE, "doctor"]), value=ODD, absent=st.booleans())
def test_a_field_of_any_form_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, name: str, value: Any, absent: bool
) -> None:
    """`ganache doctor RUN` and `resume RUN` were tracebacks for a missing key or a string in the place of a number."""
    record, line = (
        {**whole, name: value} if name in whole or name == "doctor" else dict(whole) for whole in (RECORD, LINE)
    )
    if absent:
        record.pop(name, None)
        line.pop(name, None)
    run = written(tmp_path_factory.mktemp("odd") / "run", record, [LINE, line, LINE])
    for read in (examine, lambda path: Run(path).record(), lambda path: Run(path).log_lines()):
        with contextlib.suppress(UserError):
            read(run)


@pytest.mark.parametrize("value", ["0:1", [1], [0, 1, 2], ["0", "1"], {"low": 0}])
def test_a_range_of_another_form_is_refused(tmp_path: Path, value: Any) -> None:
    record = {**RECORD, "source": {**RECORD["source"], "value_range": value}}
    with pytest.raises(UserError, match=r"source\.value_range"):
        Run(written(tmp_path / "run", record, [])).record()
    assert Run(
        written(tmp_path / "run", {**record, "source": {**record["source"], "value_range": [0, 4095]}}, [])
    ).record()


@pytest.mark.parametrize("field", ["source", "data", "budget", "cadence", "device", "seed", "threads", "sessions"])
def test_a_record_without_a_field_is_not_resumed(tmp_path: Path, field: str) -> None:
    """`ganache resume RUN` with a run.json of {"format": 1}: KeyError: 'source'."""
    run = written(tmp_path / "run", {key: value for key, value in RECORD.items() if key != field}, [])
    with pytest.raises(UserError, match=rf"run\.json has no '{field}"):
        resume(run)


@pytest.mark.parametrize("content", ["[" * 100_000, '{"a":' * 100_000, "1" * 5_000, "", "\x00", '"\ud7ff'])
def test_deep_and_broken_json_is_one_line_and_in_a_log_a_torn_line(tmp_path: Path, content: str) -> None:
    """A log with brackets a hundred thousand deep was a RecursionError."""
    (tmp_path / "a.json").write_text(content, encoding="utf-8")
    with pytest.raises(UserError) as refused:
        evaluation_at(tmp_path / "a.json")
    assert "\n" not in str(refused.value)
    (tmp_path / "log.jsonl").write_text(json.dumps(LINE) + "\n" + content, encoding="utf-8")
    assert Run(tmp_path).log_lines() == [LINE]


@pytest.mark.parametrize("line", [[], 3, {}, {"images_seen": -1}, {"images_seen": "5"}, {"images_seen": 2**60}])
def test_a_line_of_another_form_is_named(tmp_path: Path, line: Any) -> None:
    (tmp_path / "log.jsonl").write_text(json.dumps(LINE) + "\n" + json.dumps(line) + "\n")
    with pytest.raises(UserError, match=r"line 2 of .*log\.jsonl"):
        Run(tmp_path).log_lines()
