"""Ranks, the ensemble, thresholds and verdicts, by hand."""

import math

import numpy as np
import pytest
import torch

from ganache.data.shape import ImageShape
from ganache.support.errors import UserError
from ganache.uses.anomaly.judges import apart_for
from ganache.uses.anomaly.ranks import Ranks, ensemble, strangeness
from ganache.uses.anomaly.verdicts import won
from ganache.uses.areas import area, average_precision
from ganache.uses.thresholds import Threshold, at_least, drift, interval

KNOWN = Ranks.of(np.array([3.0, 1.0, 2.0, 4.0]))


def test_a_rank_is_the_share_of_held_out_normals_that_are_exceeded() -> None:
    # Fifths at the four known ones; between them by halves; beyond the largest, half of the last fifth at one range.
    found = KNOWN(np.array([1.0, 2.5, 4.0, 7.0, -2.0]))
    np.testing.assert_allclose(found, [0.2, 0.5, 0.8, 0.9, 0.1])


def test_of_two_scores_the_larger_has_the_larger_rank_everywhere() -> None:
    assert (np.diff(KNOWN(np.linspace(-1e6, 1e6, 1_001))) > 0).all()
    assert (np.diff(Ranks.of(np.array([2.0]))(np.array([1.0, 2.0, 3.0]))) > 0).all()


def test_the_ensemble_is_the_mean_of_how_rare_each_score_is() -> None:
    other = Ranks.of(np.array([10.0]))
    found = ensemble({"a": np.array([4.0]), "b": np.array([10.0]), "c": np.array([9.0])}, {"a": KNOWN, "b": other})
    assert found.tolist() == pytest.approx([(math.log(5) + math.log(2)) / 2])
    assert np.isfinite(strangeness(np.array([1.0]))).all()


def test_a_threshold_is_exceeded_by_normals_as_often_as_was_asked_for_or_less() -> None:
    scores = np.arange(99.0)  # the fifth largest of 99: a hundredth one exceeds it once in twenty
    found = Threshold.of(scores, 0.05)
    assert (found.value, found.exceeding, found.held_out) == (94.0, 4, 99)
    assert found.low < 4 / 99 < found.high
    assert Threshold.of(np.arange(9.0), 0.05).exceeding == 0
    random = np.random.default_rng(0)
    beyond = [(random.random(200) > Threshold.of(random.random(39), 0.1).value).mean() for _ in range(300)]
    assert np.mean(beyond) == pytest.approx(0.1, abs=0.015)
    for rate in (0.0, 1.0, math.nan):
        with pytest.raises(UserError, match="false_positives"):
            Threshold.of(scores, rate)


def test_of_few_normals_no_more_is_promised_than_their_largest_keeps() -> None:
    found = Threshold.of(np.arange(9.0), 0.05)
    assert (found.rate, found.exceeding) == (0.1, 0)  # of ten that are alike each is the largest once in ten times
    told = "9 held-out ones are too few to promise 5.0%: up to 10.0% of further ones exceed their largest; 19 would do"
    assert found.shortfall(0.05) == told
    enough = Threshold.of(np.arange(19.0), 0.05)
    assert (enough.rate, enough.shortfall(0.05)) == (0.05, None)
    random = np.random.default_rng(2)
    beyond = [random.random() > Threshold.of(random.random(9), 0.05).value for _ in range(4_000)]
    assert np.mean(beyond) == pytest.approx(found.rate, abs=4 * (0.1 * 0.9 / 4_000) ** 0.5)


def test_the_binomial_and_its_interval() -> None:
    assert at_least(2, 3, 0.5) == pytest.approx(0.5)
    assert at_least(0, 3, 0.5) == 1.0
    assert at_least(1, 10, 0.1) == pytest.approx(1 - 0.9**10)
    assert interval(0, 10) == pytest.approx((0.0, 1 - 0.025**0.1), abs=1e-9)
    assert interval(10, 10) == pytest.approx((0.025**0.1, 1.0), abs=1e-9)
    assert interval(5, 10) == pytest.approx((0.18709, 0.81291), abs=1e-5)  # tabulated


def test_drift_is_said_where_more_are_strange_than_chance_allows() -> None:
    threshold = Threshold(1.0, 0.05, 1_000, 50, *interval(50, 1_000))
    assert drift(60, 1_000, threshold) is None
    assert drift(0, 0, threshold) is None
    assert "150 of 1,000 are strange (15.0%)" in (drift(150, 1_000, threshold) or "")
    # Where eight normals were held out, nobody knows what the rate is.
    assert drift(3, 10, Threshold(1.0, 0.05, 8, 0, *interval(0, 8))) is None


def test_areas_are_scikit_learns_and_the_winner_is_named_only_beyond_chance() -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="the areas are compared with scikit-learn's")
    random = np.random.default_rng(1)
    is_strange = random.random(300) < 0.2
    tied = np.round(random.random(300) + is_strange * 0.4, 1).astype(np.float64)
    assert area(tied, is_strange) == pytest.approx(metrics.roc_auc_score(is_strange, tied))
    assert average_precision(tied, is_strange) == pytest.approx(metrics.average_precision_score(is_strange, tied))
    scores = {"ours": is_strange + random.random(300), "plain": random.random(300)}
    found = won(scores, is_strange, "ours", ["plain"])
    assert found is not None
    assert found.sentence().startswith("the GANs won: +0.")
    same = won({**scores, "plain": scores["ours"]}, is_strange, "ours", ["plain"])
    assert same is not None
    assert same.sentence().startswith("cannot be told apart")
    worse = won(scores, is_strange, "plain", ["ours"])
    assert worse is not None
    assert worse.sentence().startswith("a baseline won, take ours")
    assert won(scores, np.ones(300, np.bool_), "ours", ["plain"]) is None


def test_pictures_are_apart_by_direction_and_rows_by_squares() -> None:
    one = torch.tensor([[[[1.0, 0.0]]], [[[2.0, 2.0]]]])
    other = torch.tensor([[[[3.0, 0.0]]], [[[0.0, 5.0]]]])
    torch.testing.assert_close(apart_for(ImageShape(1, 1, 2))(one, other), torch.tensor([0.0, 1 - 0.5**0.5]))
    torch.testing.assert_close(apart_for(ImageShape(2, 1, 1))(one, other), torch.tensor([2.0, 6.5]))
