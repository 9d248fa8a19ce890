"""Rungs, who goes on from them, and what becomes of a trial: by hand."""

import math
from dataclasses import replace

import pytest

from ganache.uses.tuning.decisions import New, fate_of, full_work, may_search, next_trial, promising
from ganache.uses.tuning.definition import Allowance
from ganache.uses.tuning.dials import Values
from ganache.uses.tuning.rungs import going_on, place_among, rungs_to
from ganache.uses.tuning.trials import Trial, rivals
from tests.uses.tuning.made_up import RATE, definition


def trial(number: int, *scores: float, purpose: str = "search", fate: str = "pruned", seconds: float = 1.0) -> Trial:
    return Trial(number, purpose, {}, 0, scores, (seconds,) * len(scores), fate)  # type: ignore[arg-type]


DEFAULTS = [trial(number, 6.0, 5.0, 4.0 + number / 10, purpose="default", fate="complete") for number in range(3)]


@pytest.mark.parametrize(
    ("images", "batch", "rungs"),
    [
        (27_000, 1, (1_000, 3_000, 9_000, 27_000)),
        (270_000, 64, (10_000, 30_000, 90_000, 270_000)),
        (27_000, 64, (3_000, 9_000, 27_000)),  # 32 batches are 2,048 images
        (1_000, 64, (1_000,)),
    ],
)
def test_each_rung_has_three_times_the_images_of_the_last_and_none_too_few(
    images: int, batch: int, rungs: tuple[int, ...]
) -> None:
    assert rungs_to(images, batch) == rungs


def test_a_third_of_those_that_reached_a_rung_may_go_on() -> None:
    assert [going_on(reached) for reached in (1, 2, 3, 5, 6, 9)] == [1, 1, 1, 1, 2, 3]
    assert [place_among(value, [1.0, 2.0, 3.0]) for value in (0.5, 1.0, 2.5, 9.0, math.nan)] == [1, 1, 3, 4, 4]


def test_a_trial_goes_on_ends_or_is_done_by_its_place_at_its_rung() -> None:
    study = definition(rungs=(10, 30, 90))
    others = [*DEFAULTS, trial(3, 5.5), trial(4, 5.8, 9.0)]
    for score, fate in ((5.4, "running"), (5.7, "running"), (5.9, "pruned")):  # two of six may go on
        new = trial(5, score, fate="running")
        assert fate_of(study, [*others, new], new)[0] == fate, score
    assert fate_of(study, [*others, new], new)[1] == "number 3 of 6 at 10 images, 2 may go on"
    second = trial(5, 9.9, 4.9, fate="running")  # four others were scored at the second rung: one of five goes on
    assert fate_of(study, [*others, second], second) == ("running", "")
    assert fate_of(study, [*others], trial(5, 9.0, 9.0, 9.0))[0] == "complete"
    assert fate_of(study, others, trial(5, 99.0, purpose="default"))[0] == "running"
    assert fate_of(study, others, trial(5, 99.0, purpose="check"))[0] == "running"


def test_only_a_best_that_is_better_than_the_default_on_average_is_worth_a_check() -> None:
    assert promising(DEFAULTS) is None
    assert promising([*DEFAULTS, trial(3, 1.0, 1.0, 4.2, fate="complete")]) is None
    better = trial(4, 1.0, 1.0, 4.05, fate="complete")
    assert promising([*DEFAULTS, better]) is better
    assert promising([*DEFAULTS, trial(3, 0.1), better]) is better  # a pruned one is none


def test_a_search_begins_while_there_is_time_for_it_and_for_three_checks() -> None:
    assert full_work(definition(full_seconds=9.0), []) == 9.0
    assert full_work(definition(), DEFAULTS) == 3.0
    for seconds, may in ((21.0, True), (20.9, False)):  # 9 of the defaults, 3 of the search, 9 of its checks
        assert may_search(definition(allowance=Allowance(seconds=seconds)), DEFAULTS) is may
    slow = trial(3, 1.0, 1.0, 1.0, fate="complete", seconds=4.0)
    for seconds, may in ((60.0, True), (59.9, False)):  # 9, 12, then 3 of the next and 36 of the best's checks
        assert may_search(definition(allowance=Allowance(seconds=seconds)), [*DEFAULTS, slow]) is may
    searches = [trial(number, 1.0) for number in range(3, 6)]
    assert may_search(definition(allowance=Allowance(trials=4)), [*DEFAULTS, *searches])
    assert not may_search(definition(allowance=Allowance(trials=3)), [*DEFAULTS, *searches])


def test_a_trial_that_is_too_slow_to_be_finished_ends() -> None:
    slow = trial(3, 1.0, fate="running", seconds=5.0)  # five times as slow: 15 in all, and 45 for its checks
    for seconds, fate in ((69.0, "running"), (68.9, "pruned")):
        study = definition(allowance=Allowance(seconds=seconds))
        assert fate_of(study, [*DEFAULTS, slow], slow)[0] == fate


def test_what_begins_next_waits_for_searches_that_others_train_and_for_nobody_before() -> None:
    study = definition(allowance=Allowance(trials=1))
    values: Values = {"batch_size": "8"}
    running = [replace(trial, fate="running") for trial in DEFAULTS]
    assert next_trial(study, [], lambda trials: values) == New("default", {RATE: 0.01, "batch_size": "4"}, 0)
    assert next_trial(study, running[:2], lambda trials: values).seed == 2  # type: ignore[union-attr]
    assert next_trial(study, running, lambda trials: values) == New("search", values, 3)
    best = trial(3, 1.0, 1.0, 1.0, fate="complete")
    assert next_trial(study, [*DEFAULTS, trial(3, 1.0, fate="running")], lambda trials: values) == "wait"
    assert next_trial(study, [*running[:1], *DEFAULTS[1:], best], lambda trials: values) == "wait"
    assert next_trial(study, [*DEFAULTS, best], lambda trials: values) == New("check", {}, 0, 3)
    longer, second = definition(allowance=Allowance(trials=2)), trial(4, 1.0, fate="running")
    assert next_trial(longer, [*DEFAULTS, best, second], lambda trials: values) == "wait"  # it may be the best
    checks = [replace(trial(4 + n, 1.0, 1.0, 1.0, purpose="check", fate="complete"), of=3) for n in range(3)]
    assert next_trial(study, [*DEFAULTS, best, *checks[:1]], lambda trials: values) == New("check", {}, 1, 3)
    assert next_trial(study, [*DEFAULTS, best, *checks], lambda trials: values) == "over"
    last = replace(checks[2], fate="running")
    assert next_trial(study, [*DEFAULTS, best, *checks[:2], last], lambda trials: values) == "wait"
    assert next_trial(study, DEFAULTS, lambda trials: None) == "over"  # no values are left


def test_a_trial_is_not_measured_by_checks_of_what_was_found() -> None:
    check = trial(4, 0.1, purpose="check", fate="complete")
    assert rivals([*DEFAULTS, trial(3, 5.5), check], trial(5, 5.0), 0) == [6.0, 6.0, 6.0, 5.5]
