"""The detector among scikit-learn's estimators."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="an estimator needs scikit-learn")

from sklearn.utils.estimator_checks import check_estimator

from ganache.uses.anomaly.estimator import AnomalyDetector

TINY = ("generator.widths=[4]", "discriminator.widths=[4]", "batch_size=32")


@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_checks_pass_where_they_apply() -> None:
    higher_is_stranger = {"check_outliers_train": "it wants decisions that are higher for what is normal"}
    found = check_estimator(
        AnomalyDetector(images=64, judges=("neighbours",), settings=TINY, device="cpu"),
        expected_failed_checks=higher_is_stranger,
        on_skip=None,
    )
    assert {one["status"] for one in found} <= {"passed", "skipped", "xfail"}
    assert sum(one["status"] == "passed" for one in found) > 35


def test_decisions_are_above_0_for_outliers_as_many_as_were_asked_for() -> None:
    rows = np.random.default_rng(0).normal(size=(200, 3))
    detector = AnomalyDetector(contamination=0.25, images=256, settings=TINY, device="cpu").fit(rows)
    assert (detector.predict(rows) == -1).sum() == 50
    far = detector.decision_function([[0.0, 0.0, 0.0], [30.0, -30.0, 30.0]])
    assert far[0] < 0.0 < far[1]
    assert detector.predict([[30.0, -30.0, 30.0]]).tolist() == [-1]
    np.testing.assert_allclose(detector.score_samples(rows) - detector.offset_, detector.decision_function(rows))
    with pytest.raises(ValueError, match=r"contamination: 0\.7"):
        AnomalyDetector(contamination=0.7).fit(rows)
