"""The doctor beside a training: each disease is told once, also when the run is continued."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from ganache.data.shape import ImageShape
from ganache.engine.state import TrainingState
from ganache.evaluation.doctor.chart import Chart
from ganache.evaluation.doctor.finding import Finding
from ganache.games import TwoPlayers
from ganache.runs.folder import Run
from ganache.training.observers.observer import Observer, Say
from ganache.training.observers.vitals import Vitals
from ganache.training.observers.watch import Watch, told
from ganache.training.plan import Plan
from tests.conftest import SMALL
from tests.evaluation.doctor.charts import OF_PICTURES, PICTURES, log, picture_recipe
from tests.tiny import tiny_state
from tests.training import company

SICK = log(OF_PICTURES, dead__raw=0.4, dead__average=0.5, duplicates__raw=0.5, duplicates__average=0.5)


Line: TypeAlias = dict[str, Any]


def heard(recipe: TwoPlayers, lines: Sequence[Line], written: Sequence[Line] = (), rollbacks: int = 0) -> list[str]:
    """Return what is said of lines, which are marked, in a run that has some written already."""
    said: list[str] = []
    state = tiny_state(recipe, ImageShape(1, 8, 8))
    watch = Watch(recipe, PICTURES["data"], lambda: written, said.append)
    state.counters.images_seen = written[-1]["images_seen"] if written else 0
    watch.go_back(state)
    state.counters.rollbacks = rollbacks
    for line in lines:
        line.update(watch.measure(state, line))
    return said


def test_what_is_certain_is_told_once_and_noted_in_the_log() -> None:
    lines = [dict(line) for line in SICK]
    recipe = picture_recipe()
    (sentence,) = heard(recipe, lines)  # the doubles are only likely
    assert sentence.startswith("doctor: dead pixels: 40% of the pixels")
    assert sentence.endswith("--set optimizers.generator.learning_rate=0.001")
    marked = [line for line in lines if "doctor" in line]
    assert [line["doctor"] for line in marked] == [["dead pixels"]]
    # 250 updates of a batch of 4 are past after 1,000 images; twelve lines have three in their last quarter.
    assert marked[0]["images_seen"] == 200 * 9
    assert heard(recipe, lines, written=lines) == []  # a resumed run has read them


def test_nothing_is_told_of_a_young_run_or_a_line_without_vitals() -> None:
    lines = [dict(line) for line in SICK]
    assert heard(picture_recipe(batch_size=100), lines) == []
    without = [{name: value for name, value in line.items() if "movement" not in name} for line in lines]
    assert heard(picture_recipe(), without) == []


def test_each_line_is_read_once_however_long_the_log() -> None:
    """At each line with vitals the whole log was read again: a run of many ticks spent its time in that."""
    read: list[int] = []

    class Read(dict[str, Any]):
        def items(self) -> Any:
            read.append(self["images_seen"])
            return super().items()

    lines = [Read(line) for line in log(OF_PICTURES)]
    assert heard(picture_recipe(), lines[40:], written=lines[:40]) == []
    assert read == [line["images_seen"] for line in lines]


def test_rollbacks_are_told() -> None:
    lines = [dict(line) for line in log(OF_PICTURES)]
    (sentence,) = heard(picture_recipe(), lines, rollbacks=2)
    assert sentence.startswith("doctor: divergence: the state became non-finite 2 times")


def test_settings_are_quoted_for_a_shell() -> None:
    finding = Finding("x", "certain", "it is so", "do this", ('penalties.r1={"penalty": "R1"}', "critic_steps=1"))
    assert told(finding) == (
        'doctor: x: it is so. Advice: do this: --set \'penalties.r1={"penalty": "R1"}\' --set critic_steps=1'
    )
    assert told(Finding("x", "certain", "it is so", "despair")) == "doctor: x: it is so. Advice: despair"


def test_a_training_says_it_once_and_so_does_its_continuation(tmp_path: Path) -> None:
    said: list[str] = []

    def plague(chart: Chart, known: Collection[str]) -> list[Finding]:
        return [] if "plague" in known else [Finding("plague", "certain", "it is dark", "light a candle")]

    def observers(plan: Plan, run: Run, state: TrainingState, say: Say) -> tuple[Observer, ...]:
        watch = Watch(plan.recipe, plan.data.summary(), run.log_lines, said.append, examine=plague)
        return Vitals(plan.data, state, rarity=1), watch

    run = company.train(tmp_path / "run", "dcgan", "digits", images=192, settings=SMALL, observers=observers).run
    company.resume(run, images=320, observers=observers)
    assert said == ["doctor: plague: it is dark. Advice: light a candle"]
    marked = [line for line in Run.open(run).log_lines() if "doctor" in line]
    assert [line["images_seen"] for line in marked] == [64]
    assert Run.open(run).record()["rollbacks"] == 0
