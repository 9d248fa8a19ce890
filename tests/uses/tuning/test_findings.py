"""The verdict and its interval by hand, and what mattered."""

import math
from dataclasses import replace

import pytest

pytest.importorskip("optuna", reason="tuning needs the extra `tuning`")

from ganache.uses.tuning.findings import Findings, findings, importances, noise_line
from ganache.uses.tuning.proposals import propose
from ganache.uses.tuning.trials import Trial
from ganache.uses.tuning.tune import best_recipe
from tests.uses.tuning.made_up import RATE, definition

STUDY = definition(rungs=(10,))


def full(number: int, purpose: str, score: float, of: int | None = None, rate: float = 0.02) -> Trial:
    values = {RATE: rate, "batch_size": "8"}
    return Trial(number, purpose, values, number, (score,), (1.0,), "complete", of=of)  # type: ignore[arg-type]


def study_of(defaults: tuple[float, ...], search: float, checks: tuple[float, ...]) -> Findings:
    trials = [full(number, "default", score) for number, score in enumerate(defaults)]
    trials.append(full(3, "search", search))
    trials += [full(4 + number, "check", score, of=3) for number, score in enumerate(checks)]
    return findings(STUDY, trials)


def test_the_interval_is_students() -> None:
    """Means 10 and 7, both variances 1: t with 4 degrees is 2.776, the error √(2/3)."""
    found = study_of((9.0, 10.0, 11.0), 5.0, (6.0, 7.0, 8.0))
    assert found.difference == pytest.approx(-3.0)
    assert found.half_width == pytest.approx(2.77645 * math.sqrt(2 / 3), rel=1e-5)
    assert found.is_finished
    assert found.is_better
    assert found.sentence() == (
        "trial 3 beats the default beyond noise: anew, with 3 other seeds, its score differs by -3 "
        "(95%: -5.27 … -0.733)"
    )
    assert '"batch_size": 8' in best_recipe(found)


def test_a_lucky_best_does_not_beat_the_default() -> None:
    found = study_of((9.0, 10.0, 11.0), 5.0, (8.0, 9.0, 10.0))
    assert not found.is_better
    assert found.sentence().startswith("nothing beat the default beyond noise: of 1 trial the best is trial 3; anew")
    assert best_recipe(found) == STUDY.recipe.to_json()


def test_what_diverges_with_other_seeds_does_not_beat_the_default() -> None:
    """Before, the seeds that lasted stood for all: one of three was called better beyond noise."""
    lost = [replace(full(4 + number, "check", 0.0, of=3), scores=(), fate="pruned") for number in range(2)]
    trials = [full(number, "default", 10.0 + number / 10) for number in range(3)]
    found = findings(STUDY, [*trials, full(3, "search", 9.0), *lost, full(6, "check", 9.0, of=3)])
    assert found.is_finished
    assert not found.is_better
    assert found.sentence().endswith("with 2 more of the 3 it did not come to the end")
    assert best_recipe(found) == STUDY.recipe.to_json()


def test_without_anything_better_there_is_nothing_to_check() -> None:
    found = study_of((9.0, 10.0, 11.0), 10.5, ())
    assert found.is_finished
    assert found.sentence() == "nothing beat the default: the best of 1 trial scored 10.5 at its one seed"
    none = findings(STUDY, [*found.trials[:3], replace(full(3, "search", 3.0), fate="pruned")])
    assert none.sentence() == "nothing beat the default: none of 1 trial came to a full training"


def test_a_study_that_was_stopped_says_so() -> None:
    found = study_of((9.0, 10.0, 11.0), 5.0, (6.0, 7.0))
    assert not found.is_finished
    assert found.sentence() == "not finished: 1 trial so far"


def test_a_default_that_diverges_is_beaten_by_what_does_not() -> None:
    lost = [replace(full(number, "default", 0.0), scores=(), seconds=(), fate="pruned") for number in range(3)]
    found = findings(STUDY, [*lost, full(3, "search", 5.0), *(full(4 + n, "check", 5.0, of=3) for n in range(3))])
    assert found.is_better
    assert found.sentence() == "trial 3 is the best of 1 trial; the default itself diverged"
    assert noise_line(found) == "the default diverged with every seed"


def test_the_noise_is_that_of_the_defaults_seeds() -> None:
    found = study_of((9.0, 10.0, 11.0), 5.0, ())
    assert noise_line(found) == "10 after 10 images (9, 10, 11), ± 1 from seed to seed"


def test_what_mattered_is_what_the_score_depends_on() -> None:
    rates = [0.001 * 1.2**number for number in range(24)]
    trials = [
        replace(full(number, "search", abs(math.log10(rate) + 2)), values={RATE: rate, "batch_size": "248"[number % 3]})
        for number, rate in enumerate(rates)
    ]
    shares = importances(STUDY, trials)
    assert shares[RATE] > 0.8
    assert sum(shares.values()) == pytest.approx(1.0)
    assert importances(STUDY, trials[:9]) == {}


def test_proposals_follow_from_the_trials_alone_and_are_never_the_same_twice() -> None:
    trials: list[Trial] = []
    small = definition(dials=STUDY.dials[1:])  # three batch sizes
    tried = []
    while (values := propose(small, trials)) is not None:
        assert values == propose(small, trials)
        tried.append(values["batch_size"])
        trials.append(Trial(len(trials), "search", values, 0, (1.0,), (1.0,), "complete"))
    assert sorted(map(str, tried)) == ["2", "4", "8"]
    assert propose(STUDY, [], lambda values: False) is None
