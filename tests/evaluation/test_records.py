"""Records: names that promise no more than they hold, JSON and back, and what makes two scores incomparable."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from ganache.evaluation.records import (
    Evaluation,
    Protocol,
    ReferenceSet,
    SampleSet,
    Score,
    differences,
    evaluation_from,
    finite,
    metric_named,
    read_evaluation,
    score_name,
)
from ganache.support.errors import UserError
from ganache.support.machine import versions

FEATURES = {"name": "random", "version": 1, "size": 512, "checksum": "c" * 64, "resize": "64", "accuracy": 0.5}
REALS = ReferenceSet(source="mnist", split="train", fingerprint="f" * 64, count=60_000)


def protocol(**fields: Any) -> Protocol:
    defaults: dict[str, Any] = {
        "metric": "fd", "samples": 10_000, "reals": 60_000, "features": FEATURES, "reference": REALS,
    }  # fmt: skip
    return Protocol(**{**defaults, **fields})


def score(**fields: Any) -> Score:
    defaults: dict[str, Any] = {
        "name": "fd/random@10k-vs-train", "value": 12.5, "better": "lower", "protocol": protocol(),
        "seed": 3, "versions": versions(),
    }  # fmt: skip
    return Score(**{**defaults, **fields})


def evaluation(*scores: Score) -> Evaluation:
    samples = SampleSet(source="runs/x", kind="generator", count=10_000, seed=3, size="28x28x1")
    return Evaluation(samples=samples, reference=REALS, scores=scores or (score(),), warnings=("few",))


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("fd", 50_000, "inception", "train"), "fid/inception@50k-vs-train"),
        (("fd-infinity", 50_000, "inception", "train"), "fid-infinity/inception@50k-vs-train"),
        (("kd", 10_000, "inception", "test"), "kid/inception@10k-vs-test"),
        (("fd", 10_000, "inception-1a2b3c4d", "train"), "fd/inception-1a2b3c4d@10k-vs-train"),
        (("fd", 10_000, "classifier", "train"), "fd/classifier@10k-vs-train"),
        (("kd", 1_797, "random", "train"), "kd/random@1.797k-vs-train"),
        (("is", 10_000, "classifier"), "is/classifier@10k"),
        (("precision", 10_000, "inception", "train"), "precision/inception@10k-vs-train"),
        (("modes-found", 2_500), "modes-found@2.5k"),
    ],
)
def test_a_name_says_features_counts_and_reals_and_only_inception_makes_an_fid(arguments: Any, name: str) -> None:
    assert score_name(*arguments) == name


def test_users_may_say_fid_of_inception_features_alone() -> None:
    assert metric_named("fid", "inception") == "fd"
    assert metric_named("kid", "inception") == "kd"
    assert metric_named("prdc", "random") == "prdc"
    with pytest.raises(UserError, match=r"'fid' is made of 'inception' features alone; .*'classifier'.*'fd'"):
        metric_named("fid", "classifier")
    with pytest.raises(UserError, match="'kid'"):
        metric_named("kid", "inception-1a2b3c4d")


def test_json_and_back_is_the_same_record(tmp_path: Path) -> None:
    whole = evaluation(score(uncertainty=0.25, uncertainty_kind="standard error", details={"a": [1, None]}), score())
    text = json.dumps(whole.to_json(), allow_nan=False)
    assert evaluation_from(json.loads(text), "text") == whole
    (tmp_path / "a.json").write_text(text)
    assert read_evaluation(tmp_path / "a.json") == whole
    assert whole["fd/random"] == whole["fd/random@10k-vs-train"] == whole.scores[0]
    with pytest.raises(KeyError, match="fd/random@10k-vs-train"):
        whole["fid/inception"]


def test_records_are_frozen_and_hold_no_nan() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        score().value = 1.0  # type: ignore[misc]
    with pytest.raises(ValidationError, match="finite"):
        score(value=math.nan)
    assert finite({"a": np.array([1.0, np.inf]), "b": (np.int64(2), math.nan)}) == {"a": [1.0, None], "b": [2, None]}


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"samples": 2_000}, "samples: 10000 → 2000"),
        ({"reals": 10_000}, "reals: 60000 → 10000"),
        ({"settings": {"k": 3}}, "settings.k: nothing → 3"),
        ({"metric": "kd"}, "metric: fd → kd"),
        ({"version": 2}, "version: 1 → 2"),
        ({"features": {**FEATURES, "checksum": "d" * 64}}, f"features.checksum: {'c' * 64} → {'d' * 64}"),
        ({"features": {**FEATURES, "resize": "32"}}, "features.resize: 64 → 32"),
        ({"reference": REALS.model_copy(update={"split": "test"})}, "reference.split: train → test"),
        ({"reference": REALS.model_copy(update={"labels": ("7",)})}, "reference.labels: [] → ['7']"),
        ({"reference": REALS.model_copy(update={"fingerprint": "0"})}, f"reference.fingerprint: {'f' * 64} → 0"),
    ],
)
def test_each_field_that_gives_a_score_its_meaning_is_named_when_it_differs(change: Any, line: str) -> None:
    assert differences(protocol(), protocol(**change)) == [line]


def test_paths_and_what_follows_from_the_checksum_do_not_matter() -> None:
    elsewhere = REALS.model_copy(update={"source": "/data/mnist"})
    assert differences(protocol(), protocol(reference=elsewhere, features={**FEATURES, "accuracy": 0.6})) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2, "content": "evaluation"}', "{" * 100_000, "\0"])
def test_what_is_no_evaluation_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(UserError, match=r"a\.json") as error:
        read_evaluation(tmp_path / "a.json")
    assert len(str(error.value).splitlines()) == 1
