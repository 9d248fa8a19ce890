"""Student's t distribution, by which means of few numbers have intervals."""

import math


def within(t: float, freedom: int) -> float:
    """Return the probability that a variable of Student's t lies between -t and t, t ≥ 0, freedom ≥ 1.

    A finite sum for whole degrees of freedom (Abramowitz & Stegun 1964, 26.7.3 and 26.7.4).
    """
    angle = math.atan(t / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    is_odd = freedom % 2 == 1
    term, total = (cosine, 0.0) if is_odd else (1.0, 0.0)
    for power in range(2 if is_odd else 1, freedom, 2):
        total += term
        term *= cosine**2 * power / (power + 1)
    return 2.0 / math.pi * (angle + sine * total) if is_odd else sine * total


def quantile(freedom: int, level: float = 0.95) -> float:
    """Return the t between ±t of which lies a share `level` of Student's distribution."""
    low, high = 0.0, 1.0
    while within(high, freedom) < level:
        high *= 2.0
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if within(middle, freedom) < level else (low, middle)
    return high
