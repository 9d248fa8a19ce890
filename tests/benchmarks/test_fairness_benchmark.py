"""The samples and the lines of the fairness benchmark, whose runs take minutes."""

import numpy as np
import pytest

from benchmarks.fairness import drawn, line
from tests.web.report.by_hand import fairness


def test_samples_are_drawn_by_the_shares_and_none_twice() -> None:
    labels = np.repeat([0, 1, 2], 400)
    rows = drawn(labels, np.array([0.5, 0.45, 0.05]), 600, seed=1)
    assert len(set(rows.tolist())) == 600
    assert np.bincount(labels[rows]) / 600 == pytest.approx([0.5, 0.45, 0.05], abs=0.08)


def test_a_line_has_the_verdict_with_its_interval() -> None:
    rows = fairness("3", "4").draws[0].rows
    assert line(rows, "3", 0.021) == ("3", "50.00%", "2.10%", "lost", "1.00% to 4.00%", "none")
    assert line(rows, "4", 0.979) == ("4", "50.00%", "97.90%", "grown", "96.00% to 99.00%", "3")
