"""What the benchmark of studies under kills finds, of trials that are made up."""

from dataclasses import replace

import pytest

pytest.importorskip("optuna", reason="tuning needs the extra `tuning`")

from benchmarks.tuning import faults
from ganache.uses.tuning.trials import Trial

DEFAULTS = [Trial(number, "default", {}, seed=number, scores=(1.0,), fate="complete") for number in range(3)]
SEARCH = Trial(3, "search", {"batch_size": 8}, seed=9, scores=(2.0,), fate="pruned")
CHECK = Trial(4, "check", {"batch_size": 8}, seed=1, scores=(0.5,), fate="complete", of=3)
WHOLE = [*DEFAULTS, SEARCH, CHECK]
RECORDED = [0, 1, 2, 4]


def test_a_whole_study_has_no_faults() -> None:
    assert list(faults(WHOLE, RECORDED)) == []


def test_another_best_is_checked_with_the_same_seeds() -> None:
    assert list(faults([*WHOLE, replace(CHECK, number=5, of=9)], [*RECORDED, 5])) == []


@pytest.mark.parametrize(
    ("trials", "recorded", "said"),
    [
        ([*WHOLE, replace(SEARCH, number=5)], RECORDED, "done 2 times: [('batch_size', 8)]"),
        ([*WHOLE, replace(CHECK, number=5)], [*RECORDED, 5], "done 2 times: check of seed 1"),
        (
            [*WHOLE, replace(SEARCH, number=5, values={"batch_size": 4}, fate="running")],
            RECORDED,
            "trial 5 has not ended",
        ),
        (WHOLE, [0, 1, 2], "trial 4 has a score and no evaluation"),
        (WHOLE[1:], RECORDED, "a default has no score"),
    ],
)
def test_what_is_lost_or_doubled_is_said(trials: list[Trial], recorded: list[int], said: str) -> None:
    assert list(faults(trials, recorded)) == [said]
