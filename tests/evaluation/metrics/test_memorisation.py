"""Memorisation: fresh samples are not blamed, copies are counted."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ganache.evaluation.metrics.memorisation import memorisation
from ganache.support.errors import UserError

Floats = NDArray[np.float32]


def draw(seed: int, count: int) -> Floats:
    return np.random.default_rng(seed).normal(size=(count, 4)).astype(np.float32)


TRAINING, HELD_OUT = draw(0, 300), draw(1, 400)


def test_by_hand() -> None:
    training = np.array([[0.0], [10.0]])
    held_out = np.array([[1.0], [8.0], [13.0], [24.0]])  # at 1, 2, 3, 14
    samples = np.array([[9.5], [2.5], [12.0], [0.0]])  # at 0.5, 2.5, 2, 0
    found = memorisation(samples, training, held_out, quantile=0.5)
    assert found.threshold == 2.0
    assert found.expected == 0.5
    assert found.share == 3 / 4
    assert found.copied == pytest.approx((3 / 4 - 1 / 2) / (1 / 2))
    assert found.samples.tolist() == [3, 0, 2, 1]
    assert found.training.tolist() == [0, 1, 1, 0]
    assert found.distances.tolist() == [0.0, 0.5, 2.0, 2.5]
    # 0 and 0.5 are below all four; 2 ties with one and is below two; 2.5 is below two.
    assert found.rank == pytest.approx((4 + 4 + 2.5 + 2) / 16)
    assert found.standard_error == pytest.approx(np.sqrt(0.25 * (1 / 4 + 1 / 4)))


def test_fresh_samples_of_the_same_distribution_are_not_blamed() -> None:
    scores = [memorisation(draw(10 + seed, 300), TRAINING, HELD_OUT, quantile=0.1) for seed in range(20)]
    z = [(found.share - found.expected) / found.standard_error for found in scores]
    assert np.abs(z).max() < 4
    assert scores[0].expected == pytest.approx(0.1, abs=1 / 400)
    assert np.mean([found.rank for found in scores]) == pytest.approx(0.5, abs=0.03)


def test_copies_are_counted() -> None:
    samples = draw(2, 400)
    samples[::4] = TRAINING[:100] + np.float32(1e-4)
    found = memorisation(samples, TRAINING, HELD_OUT)
    assert found.copied == pytest.approx(0.25, abs=0.03)
    assert set(found.samples[:100]) == set(range(0, 400, 4))
    assert found.training[:100].tolist() == (found.samples[:100] // 4).tolist()
    assert (np.diff(found.distances) >= 0).all()
    assert found.share - found.expected > 5 * found.standard_error
    assert found.rank > 0.55


def test_copies_are_counted_although_poor_samples_hide_them_from_the_rank() -> None:
    samples = draw(3, 400) + 30
    samples[:100] = TRAINING[:100]
    found = memorisation(samples, TRAINING, HELD_OUT)
    assert found.rank < 0.5
    assert found.share == 0.25


def test_exact_copies_are_counted_even_where_held_out_reals_repeat_training_images() -> None:
    held_out = HELD_OUT.copy()
    held_out[:40] = TRAINING[:40]
    found = memorisation(TRAINING, TRAINING, held_out, quantile=0.05)
    assert found.threshold == 0.0
    assert found.share == 1.0
    assert found.expected == 0.1
    assert found.copied == 1.0
    fresh = memorisation(draw(4, 100), TRAINING, held_out, quantile=0.05)
    assert fresh.share == 0.0
    assert fresh.copied == 0.0


def test_constant_features_say_nothing_and_do_not_fail() -> None:
    same = np.full((30, 3), 0.1, dtype=np.float32)
    found = memorisation(same, same, same)
    assert (found.share, found.expected, found.copied, found.rank) == (1.0, 1.0, 0.0, 0.5)


def test_what_a_user_can_cause_is_refused() -> None:
    with pytest.raises(UserError, match="held_out: 19 samples are too few; this score needs at least 20"):
        memorisation(TRAINING, TRAINING, HELD_OUT[:19])
    with pytest.raises(UserError, match="training: 0 samples"):
        memorisation(TRAINING, TRAINING[:0], HELD_OUT)
    with pytest.raises(UserError, match="quantile: 1"):
        memorisation(TRAINING, TRAINING, HELD_OUT, quantile=1)
    with pytest.raises(UserError, match="features: 300 of 300 feature vectors are not finite"):
        memorisation(TRAINING * np.float32(np.inf), TRAINING, HELD_OUT)
