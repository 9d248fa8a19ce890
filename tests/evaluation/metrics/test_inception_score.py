"""The Inception Score of known answers, and against torchmetrics."""

import numpy as np
import pytest
import torch
from torchmetrics.image.inception import InceptionScore as TorchmetricsInceptionScore

from ganache.evaluation.metrics.inception_score import inception_score, log_softmax
from ganache.support.errors import UserError

ONE_HOT = np.eye(10, dtype=np.float32)[np.arange(1000) % 10]


@pytest.mark.parametrize("certainty", [50.0, 1e4, 1e30])
def test_a_perfect_set_of_ten_classes_scores_ten(certainty: float) -> None:
    assert inception_score(ONE_HOT * np.float32(certainty), parts=1).value == pytest.approx(10.0, rel=1e-12)


def test_images_without_a_class_or_all_of_one_score_one() -> None:
    assert inception_score(np.zeros((100, 7))).value == 1.0
    assert inception_score(np.full((100, 7), -3e5, dtype=np.float32)).value == 1.0
    assert inception_score(np.tile(ONE_HOT[:1] * 1e6, (50, 1))).value == 1.0
    assert inception_score(np.array([[1.0, 2.0]]), parts=1).value == 1.0


def test_by_hand() -> None:
    # p = (3/4, 1/4) and (1/4, 3/4): ln IS = ln 2 - H(1/4)
    p = np.array([[0.75, 0.25], [0.25, 0.75]])
    expected = np.exp(np.log(2) + 0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert inception_score(np.log(p) + 5, parts=1).value == pytest.approx(expected, rel=1e-14)


def test_it_agrees_with_torchmetrics() -> None:
    logits = torch.from_numpy(np.random.default_rng(0).normal(size=(400, 12)) * 3)
    with pytest.warns(UserWarning, match="will save all extracted features"):
        theirs = TorchmetricsInceptionScore(feature=torch.nn.Identity(), splits=1)
    theirs.update(logits)  # its network is the identity
    # The standard deviation of one split, which it also takes, is undefined.
    with pytest.warns(UserWarning, match="degrees of freedom"), torch.random.fork_rng():
        expected, _ = theirs.compute()
    found = inception_score(logits.numpy(), parts=1)
    assert found.value == pytest.approx(float(expected), rel=1e-6)
    assert found.deviation == 0.0


def test_parts_are_seeded_parts_whose_scores_are_averaged() -> None:
    logits = np.random.default_rng(1).normal(size=(103, 5)) * 4
    found = inception_score(logits, parts=10)
    assert found == inception_score(logits, parts=10, seed=0)
    assert found != inception_score(logits, parts=10, seed=1)
    assert 0 < found.deviation < found.value
    whole = inception_score(logits, parts=1)
    # By convexity the information in parts is at most that in the whole, on average.
    assert found.value < whole.value
    assert inception_score(logits, parts=103).value == 1.0


def test_images_sorted_by_class_are_shuffled_before_they_are_cut() -> None:
    ordered = np.repeat(100.0 * np.eye(10), 100, axis=0)
    assert inception_score(ordered, parts=10).value > 9


def test_more_rows_than_are_read_at_a_time() -> None:
    logits = np.random.default_rng(2).normal(size=(5_000, 5)) * 4
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    information = (p * np.log(p / p.mean(axis=0))).sum(axis=1).mean()
    assert inception_score(logits, parts=1).value == pytest.approx(np.exp(information), rel=1e-12)


def test_log_softmax_of_any_size_sums_to_one() -> None:
    logits = np.array([[1e30, 0.0, -1e30], [700.0, 710.0, 720.0], [-1e5, -1e5, -1e5]])
    assert np.isfinite(log_softmax(logits)).all()
    np.testing.assert_allclose(np.exp(log_softmax(logits)).sum(axis=1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(log_softmax(logits)[2], -np.log(3), rtol=1e-12)


def test_what_a_user_can_cause_is_refused() -> None:
    with pytest.raises(UserError, match="logits: 9 samples are too few; this score needs at least 10"):
        inception_score(np.zeros((9, 3)))
    with pytest.raises(UserError, match="parts: 0"):
        inception_score(np.zeros((9, 3)), parts=0)
    with pytest.raises(UserError, match="not finite"):
        inception_score(np.array([[np.inf, 0.0]]), parts=1)
