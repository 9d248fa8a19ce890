"""Scores by class and Stacked MNIST's modes, by hand."""

import numpy as np
import pytest

from ganache.evaluation.metrics.classes import (
    class_shares,
    divergence,
    frechet_by_class,
    label_accuracy,
)
from ganache.evaluation.metrics.frechet import frechet_distance
from ganache.evaluation.metrics.moments import moments_of
from ganache.evaluation.metrics.stacked_modes import PUBLISHED_SAMPLES, stacked_modes
from ganache.support.errors import UserError

FEATURES = np.random.default_rng(0).normal(size=(90, 4))
LABELS = np.arange(90) % 3


def test_each_class_is_compared_with_its_own_reals() -> None:
    reals = FEATURES + LABELS[:, None]  # class k is moved by k in each of 4 dimensions
    ours, theirs = ([moments_of(rows[label == LABELS]) for label in range(3)] for rows in (FEATURES, reals))
    found = frechet_by_class(ours, theirs)
    np.testing.assert_allclose(found.distances, [0.0, 4.0, 16.0], rtol=1e-9, atol=1e-12)
    assert found.counts.tolist() == [30, 30, 30]
    assert found.mean == pytest.approx(20 / 3)
    alone = frechet_distance(moments_of(FEATURES[1::3]), moments_of(reals[1::3]))
    assert found.distances[1] == alone


def test_label_accuracy_by_hand() -> None:
    logits = np.array([[5.0, 1.0, 0.0], [0.0, 9.0, 0.0], [0.0, 9.0, 0.0], [1.0, 0.0, 0.0]])
    found = label_accuracy(logits, np.array([0, 1, 0, 0]))
    assert found.value == 3 / 4
    assert found.standard_error == pytest.approx(np.sqrt(3 / 16 / 4))
    assert found.by_class[:2] == pytest.approx([2 / 3, 1.0])
    assert np.isnan(found.by_class[2])


def test_class_shares_by_hand() -> None:
    scores = np.eye(4)[[0, 0, 1, 2]]
    found = class_shares(scores)
    assert found.shares.tolist() == [0.5, 0.25, 0.25, 0.0]
    assert found.smallest == 0.0
    assert found.divergence == pytest.approx(0.5 * np.log(2))  # ½ ln (½ / ¼), and ¼ ln 1 twice
    assert class_shares(scores[:3], np.array([2 / 3, 1 / 6, 1 / 12, 1 / 12])).divergence == pytest.approx(
        1 / 3 * np.log(2)
    )
    assert class_shares(np.eye(4)).divergence == 0.0
    with pytest.raises(UserError, match="scores: 0 samples"):
        class_shares(np.zeros((0, 3)))
    with pytest.raises(UserError, match="not finite"):
        label_accuracy(np.array([[np.nan, 0.0]]), np.array([0]))


def test_stacked_modes_of_known_answers() -> None:
    every = np.stack(np.unravel_index(np.arange(1000), (10, 10, 10)), axis=1)
    found = stacked_modes(every)
    assert (found.found, found.divergence) == (1000, 0.0)
    half = stacked_modes(every[::2])
    assert half.found == 500
    assert half.divergence == pytest.approx(np.log(2))
    one = stacked_modes(np.tile([[3, 1, 4]], (PUBLISHED_SAMPLES, 1)))
    assert one.found == 1
    assert one.divergence == pytest.approx(np.log(1000))
    assert stacked_modes(np.array([[1, 2, 3], [3, 2, 1], [1, 2, 3]], dtype=np.uint8)).found == 2
    with pytest.raises(UserError, match="samples: none"):
        stacked_modes(np.zeros((0, 3), dtype=int))


def test_a_perfect_generator_has_the_divergence_that_its_count_leaves() -> None:
    digits = np.random.default_rng(1).integers(0, 10, size=(PUBLISHED_SAMPLES, 3))
    found = stacked_modes(digits)
    assert found.found == 1000
    assert found.divergence == pytest.approx(999 / 51_200, rel=0.15)
    counts = np.random.default_rng(2).multinomial(10**9, np.full(5, 0.2))
    assert divergence(counts, np.full(5, 0.2)) < 1e-8
