"""The doctor beside a training: each disease is told once, also when the run is continued."""

from pathlib import Path
from typing import Any

import pytest

import ganache
from ganache.evaluation.doctor import Finding
from ganache.evaluation.doctor.chart import Chart
from ganache.runs.folder import Run
from ganache.training.observers import vitals, watch
from ganache.training.observers.watch import Watch, told
from tests.conftest import SMALL
from tests.evaluation.doctor.charts import OF_PICTURES, PICTURES, Lines, log, picture_recipe

SICK = log(OF_PICTURES, dead__raw=0.4, dead__average=0.5, duplicates__raw=0.5, duplicates__average=0.5)


def heard(watched: Watch, lines: Lines, rollbacks: int = 0) -> list[str]:
    return [sentence for line in lines for sentence in watched.consult(line, rollbacks)]


def test_what_is_certain_is_told_once_and_noted_in_the_log() -> None:
    lines = [dict(line) for line in SICK]
    recipe = picture_recipe()
    (sentence,) = heard(Watch(recipe, PICTURES["data"], []), lines)  # the doubles are only likely
    assert sentence.startswith("doctor: dead pixels: 40% of the pixels")
    assert sentence.endswith("--set optimizers.generator.learning_rate=0.001")
    marked = [line for line in lines if "doctor" in line]
    assert [line["doctor"] for line in marked] == [["dead pixels"]]
    # 250 updates of a batch of 4 are past after 1,000 images; twelve lines have three in their last quarter.
    assert marked[0]["images_seen"] == 200 * 9
    assert heard(Watch(recipe, PICTURES["data"], lines), lines) == []  # a resumed run has read them


def test_nothing_is_told_of_a_young_run_or_a_line_without_vitals() -> None:
    lines = [dict(line) for line in SICK]
    assert heard(Watch(picture_recipe(batch_size=100), PICTURES["data"], []), lines) == []
    without = [{name: value for name, value in line.items() if name != "movement/generator"} for line in lines]
    assert heard(Watch(picture_recipe(), PICTURES["data"], []), without) == []


def test_each_line_is_read_once_however_long_the_log() -> None:
    """At each line with vitals the whole log was read again: a run of many ticks spent its time in that."""
    read: list[int] = []

    class Line(dict[str, Any]):
        def items(self) -> Any:
            read.append(self["images_seen"])
            return super().items()

    lines = [Line(line) for line in log(OF_PICTURES)]
    watched = Watch(picture_recipe(), PICTURES["data"], lines[:40])
    assert heard(watched, list(lines[40:])) == []
    assert read == [line["images_seen"] for line in lines]


def test_rollbacks_are_told() -> None:
    lines = [dict(line) for line in log(OF_PICTURES)]
    (sentence,) = heard(Watch(picture_recipe(), PICTURES["data"], []), lines, rollbacks=2)
    assert sentence.startswith("doctor: divergence: the state became non-finite 2 times")


def test_settings_are_quoted_for_a_shell() -> None:
    finding = Finding("x", "certain", "it is so", "do this", ('penalties.r1={"penalty": "R1"}', "critic_steps=1"))
    assert told(finding) == (
        'doctor: x: it is so. Advice: do this: --set \'penalties.r1={"penalty": "R1"}\' --set critic_steps=1'
    )
    assert told(Finding("x", "certain", "it is so", "despair")) == "doctor: x: it is so. Advice: despair"


def test_a_training_says_it_once_and_so_does_its_continuation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def findings(chart: Chart, known: Any) -> list[Finding]:
        return [] if "plague" in known else [Finding("plague", "certain", "it is dark", "light a candle")]

    monkeypatch.setattr(vitals, "RARITY", 1)
    monkeypatch.setattr(watch, "findings", findings)
    run = ganache.train("dcgan", data="digits", out=tmp_path / "run", images=192, settings=SMALL, quiet=False).run
    ganache.resume(run, images=320, quiet=False)
    said = [line for line in capsys.readouterr().out.splitlines() if "plague" in line]
    assert said == ["doctor: plague: it is dark. Advice: light a candle"]
    marked = [line for line in Run.open(run).log_lines() if "doctor" in line]
    assert [line["images_seen"] for line in marked] == [64]
    assert Run.open(run).record()["rollbacks"] == 0
