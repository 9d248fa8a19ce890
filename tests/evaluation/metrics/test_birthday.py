"""The birthday paradox's estimate of a support that is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ganache.evaluation.metrics.birthday import SupportSize, support_size
from ganache.support.errors import UserError

Floats = NDArray[np.float32]
REALS = np.random.default_rng(0).normal(size=(500, 6)).astype(np.float32)


def drawn(seed: int, support: int, count: int, weights: Floats | None = None) -> Floats:
    """Return samples of a generator that has `support` images, which it draws with a little noise."""
    random = np.random.default_rng(seed)
    images = np.random.default_rng(1).normal(size=(support, 6))
    chosen = random.choice(support, size=count, p=weights)
    return (images[chosen] + 1e-3 * random.normal(size=(count, 6))).astype(np.float32)


def covers(found: SupportSize, true: float) -> bool:
    return found.low <= true <= found.high


def test_by_hand() -> None:
    # Of 5 samples, three are one image and two another: 3 + 1 pairs of 10.
    samples = np.array([[0.0], [100.0], [0.0], [100.1], [0.2]])
    reals = np.array([[0.0], [0.5], [7.0], [20.0]])
    found = support_size(samples, reals, quantile=0.5)
    assert found.threshold == 0.5
    assert found.duplicates == 4
    assert found.support == 10 / 4
    assert found.ceiling == 6 / 1
    assert found.half_batch * (found.half_batch - 1) / 2 * 0.4 == pytest.approx(np.log(2))
    assert found.low < 2.5 < found.high


def test_the_interval_holds_a_uniform_support_about_nineteen_times_in_twenty() -> None:
    found = [support_size(drawn(seed, 300, 120), REALS[:150]) for seed in range(150)]
    assert 0.91 < np.mean([covers(one, 300) for one in found]) < 0.99
    assert np.median([one.support for one in found]) == pytest.approx(300, rel=0.1)


def test_the_interval_minds_that_repeats_of_a_frequent_image_come_together() -> None:
    weights = np.append(np.full(250, 0.8 / 250), 0.2)
    effective = 1 / (weights**2).sum()
    found = [support_size(drawn(seed, 251, 100, weights), REALS[:150]) for seed in range(150)]
    assert np.mean([covers(one, effective) for one in found]) > 0.9


def test_a_collapsed_generator_has_a_support_of_one() -> None:
    found = support_size(np.full((50, 6), 0.1, dtype=np.float32), REALS)
    assert found.support == 1.0
    assert found.low == 1.0
    assert 1.0 <= found.high < 1.2


def test_without_duplicates_only_the_lower_end_is_known() -> None:
    samples = np.random.default_rng(2).normal(size=(60, 6)).astype(np.float32) * 100
    found = support_size(samples, REALS)
    assert found.duplicates == 0
    assert found.support == found.high == found.half_batch == float("inf")
    assert found.low == pytest.approx(60 * 59 / 2 / -np.log(0.025), rel=1e-6)


def test_reals_are_estimated_at_their_own_ceiling() -> None:
    found = support_size(REALS, REALS)
    assert found.support == found.ceiling
    assert found.duplicates >= 5 / 2  # a hundredth of 500 reals have another within the threshold


def test_pairs_of_all_tiles_are_counted_once() -> None:
    samples = drawn(3, 700, 1500)
    found = support_size(samples, REALS)
    gaps = samples[:, None].astype(np.float64) - samples[None]
    within = np.einsum("nmd,nmd->nm", gaps, gaps) <= found.threshold**2
    assert found.duplicates == (within.sum() - 1500) / 2 > 500


def test_what_a_user_can_cause_is_refused() -> None:
    with pytest.raises(UserError, match="features: 1 sample is too few; this score needs at least 2"):
        support_size(REALS[:1], REALS)
    with pytest.raises(UserError, match="reference: 99 samples are too few; the threshold needs at least 100"):
        support_size(REALS, REALS[:99])
    with pytest.raises(UserError, match="quantile: 0"):
        support_size(REALS, REALS, quantile=0)
    with pytest.raises(UserError, match="not finite"):
        support_size(REALS * np.float32(np.nan), REALS)
