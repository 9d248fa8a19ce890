"""What every score asks of the feature vectors that it is given, and the streams that it draws from."""

import numpy as np
from numpy.typing import NDArray

from ganache.support.errors import UserError
from ganache.support.streams import derive
from ganache.support.units import are

Features = NDArray[np.floating]
Floats = NDArray[np.float64]


def check_features(field: str, features: Features, least: int = 1) -> None:
    """Refuse a matrix (N, D) with fewer than `least` rows, or with a value that is not finite.

    Raises UserError, which calls the matrix by the name `field`.
    """
    assert features.ndim == 2, features.shape
    assert features.shape[1] > 0, features.shape
    if len(features) < least:
        raise UserError(f"{field}: {are(len(features), 'sample')} too few; this score needs at least {least}")
    with np.errstate(invalid="ignore"):  # inf - inf is what is looked for
        damaged = int(np.count_nonzero(~np.isfinite(features.sum(axis=1, dtype=np.float64))))
    if damaged:
        raise UserError(f"{field}: {damaged} of {len(features)} feature vectors are not finite; every value must be")


def check_pair(fields: tuple[str, str], first: Features, second: Features, least: int = 1) -> None:
    """Check two matrices of equally many columns, as `check_features` does each."""
    for field, features in zip(fields, (first, second), strict=True):
        check_features(field, features, least)
    assert first.shape[1] == second.shape[1], (first.shape, second.shape)


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Return NumPy's generator for the stream with these names; no global stream is touched."""
    return np.random.Generator(np.random.Philox(derive(seed, "evaluation", *names)))
