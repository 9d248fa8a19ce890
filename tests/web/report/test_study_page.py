"""The page of a study: facts by hand, and the page in a browser."""

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("optuna", reason="tuning needs the extra `tuning`")

from ganache.uses.tuning.dials import Multiple
from ganache.uses.tuning.findings import Findings, findings
from ganache.uses.tuning.trials import Trial
from ganache.web.report.study_page import study_facts, write_study_page
from tests.uses.tuning.made_up import DIALS, RATE, definition
from tests.web.browser import NARROW, Visitor
from tests.web.report.by_hand import HOSTILE

CURVE = {"kind": "Linear", "start": 1.0, "end": 0.5, "until": 10.0}
STUDY = definition(
    dials=(*DIALS, Multiple(field="ema_half_life", low=0.5, high=2.0, curve=CURVE)), said={"data": HOSTILE}
)


def trial(number: int, purpose: str, *scores: float, rate: float, **fields: object) -> Trial:
    values = {RATE: rate, "batch_size": "8", "ema_half_life": 1.5}
    made = Trial(number, purpose, values, number, scores, (2.0,) * len(scores), "complete")  # type: ignore[arg-type]
    return replace(made, **fields)  # type: ignore[arg-type]


@pytest.fixture
def found() -> Findings:
    trials = [trial(number, "default", 9.0, 6.0, 4.0 + number, rate=0.01) for number in range(3)]
    trials.append(trial(3, "search", 9.5, rate=0.002, fate="pruned", why=f"number 4 of 4 {HOSTILE}"))
    trials.append(trial(4, "search", 5.0, 3.0, 1.0, rate=0.03))
    trials += [trial(5 + number, "check", 5.0, 3.0, 1.0 + number / 10, rate=0.03, of=4) for number in range(3)]
    return findings(STUDY, trials)


def test_the_facts_are_those_of_the_study(found: Findings) -> None:
    facts = study_facts(found, {"batch_size": 0.25, RATE: 0.75})
    assert facts["is_better"]
    assert facts["work"] == "44s"  # six of 6 seconds, one of 2, one of 6
    assert facts["scores"] == {"default": [4.0, 5.0, 6.0], "best": [1.0, 1.1, 1.2]}
    assert facts["shares"] == [[RATE, 0.75], ["batch_size", 0.25]]
    assert [one["default"] for one in facts["settings"]] == ["0.01", "4", "× 1"]
    assert [one["best"] for one in facts["settings"]] == ["0.03", "8", "× 1.5"]
    rates, batches, _ = facts["dials"]
    assert (rates["low"], rates["high"], rates["log"]) == (1e-3, 1e-1, True)
    assert [(point["at"], point["score"], point["rungs"]) for point in rates["points"]][-2:] == [
        (0.002, 9.5, 1),
        (0.03, 5.0, 3),
    ]
    assert (batches["texts"], batches["points"][0]["at"]) == (["2", "4", "8"], 2)
    assert [one["purpose"] for one in facts["trials"]][-2:] == ["check of 4", "check of 4"]


def test_the_page_shows_the_verdict_what_mattered_and_every_trial(
    found: Findings, visitor: Visitor, tmp_path: Path
) -> None:
    page = visitor.open(write_study_page(tmp_path, found, {RATE: 0.75, "batch_size": 0.25}), NARROW)
    page.wait_for_selector("#trials")
    assert "trial 4 beats the default beyond noise" in (page.locator("#verdict").text_content() or "")
    assert page.locator("#noise circle").count() == 6
    assert page.locator("#where figure").count() == 3
    assert page.locator("#where circle").count() == 3 * 5
    assert page.locator("#trials tbody tr").count() == 8
    assert page.locator("#mattered .bar").count() == 2
    assert page.locator("#settings mark").count() == 3
    assert HOSTILE in (page.locator("h1").text_content() or "")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_a_study_that_has_hardly_begun_has_a_page(visitor: Visitor, tmp_path: Path) -> None:
    begun = findings(STUDY, [trial(0, "default", rate=0.01, fate="running")])
    page = visitor.open(write_study_page(tmp_path, begun, {}))
    page.wait_for_selector("#trials")
    assert "not finished: 0 trials so far" in (page.locator("#verdict").text_content() or "")
    assert "Too few trials" in (page.locator("#mattered").text_content() or "")
