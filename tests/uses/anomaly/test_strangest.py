"""Of all that is scored only the strangest are kept for maps."""

import numpy as np

from ganache.uses.anomaly.telling import Strangest


def test_they_are_those_of_all_scores_at_once_in_the_same_order() -> None:
    random = np.random.default_rng(0)
    scores = random.integers(0, 8, 60) / 8.0  # many are equal
    images = np.arange(60, dtype=np.uint8).reshape(60, 1, 1, 1)
    strangest = Strangest(9)
    for start, end in ((0, 5), (5, 5), (5, 40), (40, 60)):
        strangest.see(scores[start:end], images[start:end])
        assert len(strangest.images) <= 9
    expected = np.argsort(-scores, kind="stable")[:9]
    assert strangest.rows.tolist() == expected.tolist() == strangest.images.reshape(-1).tolist()


def test_none_are_kept_where_no_maps_are_drawn() -> None:
    strangest = Strangest(0)
    strangest.see(np.ones(3), np.zeros((3, 1, 2, 2), np.uint8))
    assert len(strangest.images) == 0
