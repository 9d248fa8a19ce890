"""A detector as a scikit-learn estimator: for rows of numbers, in memory, beside any other outlier detector."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from ganache.training.plan import Request
from ganache.uses.anomaly.fitting import JUDGES, fit
from ganache.uses.anomaly.normals import FEWEST

Matrix = NDArray[np.float64]


class AnomalyDetector(OutlierMixin, BaseEstimator):  # type: ignore[misc]
    """GANs that learn what is normal from rows X (N, K), and say how strange others are.

    `contamination` is the share of the rows learnt from that `predict` calls strange; `images` are the rows that the
    GAN sees, 400,000 if left out; `judges` are some of f-anogan, bigan and neighbours. Unlike scikit-learn's detectors,
    and like pyod's, `decision_function` is higher for what is stranger, above 0 for what `predict` calls -1.
    """

    def __init__(
        self,
        *,
        contamination: float = 0.1,
        judges: Sequence[str] = JUDGES,
        images: int | None = None,
        settings: Sequence[str] = (),
        device: str = "auto",
        random_state: Any = 0,
    ) -> None:
        self.contamination = contamination
        self.judges = judges
        self.images = images
        self.settings = settings
        self.device = device
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803
        """Learn what is normal from rows (N, K), most of which are; `y` is not looked at.

        Raises ValueError for what are no rows of finite numbers, and for too few.
        """
        rows: Matrix = validate_data(self, X, dtype=np.float64, ensure_min_samples=FEWEST)
        if not 0.0 < self.contamination <= 0.5:
            raise ValueError(f"contamination: {self.contamination!r} is not a share above 0 and up to 0.5")
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.npz"
            np.savez(path, X=rows)
            asked = Request(
                data=str(path), images=self.images, settings=tuple(self.settings), seed=seed, device=self.device
            )
            fitted = fit(asked, Path(folder) / "detector", judges=self.judges, rate=self.contamination)
        if fitted.detector is None:
            raise KeyboardInterrupt
        self.detector_ = fitted.detector
        found = self._strangeness(rows)
        self.threshold_ = float(np.quantile(found, 1.0 - self.contamination))
        self.offset_ = self.threshold_
        return self

    def decision_function(self, X: Any) -> Matrix:  # noqa: N803
        """Return how strange rows (N, K) are, above 0 for those that `predict` calls outliers."""
        check_is_fitted(self)
        return self._strangeness(validate_data(self, X, dtype=np.float64, reset=False)) - self.threshold_

    def score_samples(self, X: Any) -> Matrix:  # noqa: N803
        """Return the ensemble's scores (N,) as they are: higher is stranger."""
        return self.decision_function(X) + self.threshold_

    def predict(self, X: Any) -> NDArray[np.int64]:  # noqa: N803
        """Return 1 for rows that are normal and -1 for outliers."""
        return np.where(self.decision_function(X) > 0.0, -1, 1)

    def _strangeness(self, rows: Matrix) -> Matrix:
        detector = self.detector_
        assert detector.shape.table is not None
        values = detector.shape.table.encoded(list(rows.T))
        return detector.score(torch.from_numpy(values.astype(np.float32)[:, :, None, None])).ensemble
