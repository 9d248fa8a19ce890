"""Scores, classes and the comparison of runs by them."""

import json
from pathlib import Path
from typing import Any

import pytest

from ganache.evaluation.records import Baseline, Evaluation, Protocol, ReferenceSet, SampleSet, Score
from ganache.runs.folder import Run
from ganache.support.errors import UserError
from ganache.web.report.comparison import MOST_RUNS, comparison_facts
from ganache.web.report.found import find_run
from ganache.web.report.score_facts import evaluations_of
from tests.tiny import tiny_recipe
from tests.web.report.by_hand import HOSTILE, run_by_hand

REALS = ReferenceSet(source="digits", split="train", fingerprint="ab" * 32, count=1_500)


def score(metric: str, value: float | None, features: str = "classifier", **more: Any) -> Score:
    protocol = Protocol(metric=metric, samples=100, reals=1_500, features={"name": features}, reference=REALS)
    return Score(
        name=f"{metric}/{features}@100", value=value, protocol=protocol, seed=0, versions={"torch": "2"}, **more
    )


def evaluation(*scores: Score, warnings: tuple[str, ...] = ()) -> Evaluation:
    samples = SampleSet(source="runs/x", kind="generator", count=100, seed=0, size="8x8", images_seen=1_000)
    return Evaluation(samples=samples, reference=REALS, scores=scores, warnings=warnings)


def evaluated(path: Path, *scores: Score, **more: Any) -> Run:
    run = run_by_hand(path, **more)
    run.evaluation_file.write_text(json.dumps(evaluation(*scores, warnings=(HOSTILE,)).to_json()))
    return run


def test_a_score_has_its_uncertainty_and_protocol(tmp_path: Path) -> None:
    distance = score("fd", 12.5, better="lower", uncertainty=0.25, uncertainty_kind="standard error")
    bound = score("support", None, better="higher", details={"low": 800.0, "high": None})
    [found] = evaluations_of(find_run(evaluated(tmp_path / "run", distance, bound).path))
    first, second = found["scores"]
    assert (first["value"], first["uncertainty"], first["better"]) == (12.5, 0.25, "lower")
    assert first["protocol"]["metric"] == "fd"
    assert first["protocol"]["reference.split"] == "train"
    assert (first["protocol"]["seed"], first["protocol"]["torch"]) == ("0", "2")
    assert (second["value"], second["low"]) == (None, 800.0)
    assert (found["samples"], found["reals"], found["warnings"]) == (100, 1_500, [HOSTILE])
    assert found["classes"] is None


def test_classes_have_shares_of_samples_and_reals_and_obedience(tmp_path: Path) -> None:
    shares = {HOSTILE: 0.25, "cat": 0.75}
    details = {"unsure": 0.1, "shares": shares, "of_the_reals": {"shares": {HOSTILE: 0.5, "cat": 0.5}}}
    sure, right = score("confidence", 0.9, details=details), score("label-accuracy", 0.8)
    right = right.model_copy(update={"details": {"by_class": {"cat": 0.8, HOSTILE: None}}})
    [found] = evaluations_of(find_run(evaluated(tmp_path / "run", sure, right).path))
    assert found["classes"]["rows"] == [
        {"name": HOSTILE, "samples": 0.25, "reals": 0.5, "right": None},
        {"name": "cat", "samples": 0.75, "reals": 0.5, "right": 0.8},
    ]


def test_of_a_thousand_classes_a_hundred_are_shown(tmp_path: Path) -> None:
    shares = {f"class {n}": 0.001 for n in range(1_000)}
    [found] = evaluations_of(
        find_run(evaluated(tmp_path / "run", score("class-divergence", 0.1, details={"shares": shares})).path)
    )
    assert len(found["classes"]["rows"]) == 100
    assert found["classes"]["left_out"] == 900


def test_the_last_evaluation_of_the_training_is_told_too(tmp_path: Path) -> None:
    run = evaluated(tmp_path / "run", score("fd", 1.0))
    lines = [{"images_seen": n, "evaluation": evaluation(score("fd", 9.0 - n)).to_json()} for n in (1, 2)]
    run.evaluations_file.write_text("".join(json.dumps(one) + "\n" for one in lines))
    found = evaluations_of(find_run(run.path))
    assert [one["scores"][0]["value"] for one in found] == [1.0, 7.0]
    assert found[1]["title"] == "During training, after 2 images (2 times in all)"


def test_runs_are_compared_where_protocols_agree(tmp_path: Path) -> None:
    error: dict[str, Any] = {"better": "lower", "uncertainty": 0.1, "uncertainty_kind": "standard error"}
    first = evaluated(tmp_path / "a" / "run", score("fd", 5.0, **error))
    second = evaluated(tmp_path / "b" / "run", score("fd", 9.0, **error), recipe=tiny_recipe(batch_size=7))
    third = run_by_hand(tmp_path / "c" / "run")
    found = comparison_facts([first.path, second.path, third.path])
    assert [run["name"] for run in found["runs"]] == ["a/run", "b/run", "c/run"]
    [row] = found["scores"]
    assert [one and one["value"] for one in row["scores"]] == [5.0, 9.0, None]
    assert row["verdict"] == "a/run (lower is better)"
    assert found["recipes"] == [{"field": "batch_size", "values": ["4", "7", "4"]}]


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    run = run_by_hand(tmp_path / "run").path
    with pytest.raises(UserError, match="named twice"):
        comparison_facts([run, run])
    with pytest.raises(UserError, match="at most"):
        comparison_facts([tmp_path / str(number) for number in range(MOST_RUNS + 1)])


def test_what_does_nothing_stands_beside_each_score(tmp_path: Path) -> None:
    run = evaluated(tmp_path / "run", score("l1", 0.25, better="lower"))
    beside = (Baseline(name="identity", scores=(score("l1", 0.5),)), Baseline(name="mean picture", scores=()))
    found = evaluation(score("l1", 0.25, better="lower")).model_copy(update={"baselines": beside})
    run.evaluation_file.write_text(json.dumps(found.to_json()))
    [told] = evaluations_of(find_run(run.path))
    assert told["baselines"] == ["identity", "mean picture"]
    assert told["scores"][0]["beside"] == ["0.5", ""]
