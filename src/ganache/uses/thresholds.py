"""Above which score something is called strange, and whether too much of what came is."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganache.support.errors import UserError

ALARM = 1e-3  # the chance below which it is said that the data have moved


@dataclasses.dataclass(frozen=True)
class Threshold:
    """A score that so many of `held_out` normals exceed, and the rate of false positives that it promises.

    That is the rate that was asked for, where the normals are many enough. A further normal exceeds it with a
    probability of at most `rate`, on average over what was held out; `low` and `high` bound that probability for those
    that were, with 95%.
    """

    value: float
    rate: float
    held_out: int
    exceeding: int
    low: float
    high: float

    @classmethod
    def of(cls, scores: NDArray[np.float64], rate: float) -> "Threshold":
        """Return the threshold by what normals scored that decided nothing else (split conformal prediction).

        Of fewer than 1 / rate - 1 none exceeds it, and a further one does with 1 / (n + 1), as any of them may be the
        largest: then that is the rate. Raises UserError for a rate outside of (0, 1).
        """
        if not 0.0 < rate < 1.0:
            raise UserError(f"false_positives: {rate:g} is not a share between 0 and 1, such as 0.05")
        found = np.sort(scores)
        count = len(found)
        allowed = math.floor(rate * (count + 1))  # of count + 1, one of which comes later
        value = float(found[count - max(1, allowed)])
        exceeding = int((found > value).sum())
        return cls(value, rate if allowed else 1.0 / (count + 1), count, exceeding, *interval(exceeding, count))

    def shortfall(self, asked: float) -> str | None:
        """Return a sentence where too few were held out to promise the rate that was asked for; None else."""
        if self.rate <= asked:
            return None
        return (
            f"{self.held_out:,} held-out ones are too few to promise {asked:.1%}: up to {self.rate:.1%} of further"
            f" ones exceed their largest; {math.ceil(1.0 / asked - 1.0):,} would do"
        )

    def to_json(self) -> dict[str, Any]:
        """Return the fields by name."""
        return dataclasses.asdict(self)


def interval(hits: int, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a share of which `hits` of `count` were seen (Clopper & Pearson 1934)."""
    tail = (1.0 - confidence) / 2.0
    low = 0.0 if hits == 0 else _solved(lambda share: at_least(hits, count, share) - tail)
    high = 1.0 if hits == count else _solved(lambda share: tail - (1.0 - at_least(hits + 1, count, share)))
    return low, high


def at_least(hits: int, count: int, share: float) -> float:
    """Return the probability of so many or more of `count` where each has a probability: the binomial's tail."""
    if hits <= 0:
        return 1.0
    if not 0.0 < share < 1.0:
        return float(share >= 1.0)
    places = np.arange(hits, count + 1)
    whole = math.lgamma(count + 1)
    logs = [whole - math.lgamma(k + 1) - math.lgamma(count - k + 1) for k in places.tolist()]
    terms = np.array(logs) + places * math.log(share) + (count - places) * math.log1p(-share)
    most = terms.max()
    return min(1.0, float(np.exp(most) * np.exp(terms - most).sum()))


def drift(strange: int, count: int, threshold: Threshold) -> str | None:
    """Return a warning where more are strange than normals would be but once in a thousand times; None else.

    The rate is taken at the upper end of what the held-out normals allow, so that few of them raise no false alarm.
    """
    rate = max(threshold.rate, threshold.high)
    if count == 0 or at_least(strange, count, rate) >= ALARM:
        return None
    return (
        f"{strange:,} of {count:,} are strange ({strange / count:.1%}), where of normal ones {threshold.rate:.1%} would"
        " be: either many strangers came, or what is normal has changed; look at some, and fit anew if it has"
    )


def _solved(rising: Callable[[float], float]) -> float:
    """Return where in [0, 1] a rising function is 0."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2.0
