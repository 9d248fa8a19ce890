import json

import numpy as np

from ganache.scratch.randomness import Random


def test_a_stream_is_its_seed_and_number() -> None:
    assert Random(1, 2).normal(3).tolist() == Random(1, 2).normal(3).tolist()
    assert Random(1, 2).normal(3).tolist() != Random(1, 3).normal(3).tolist()
    assert Random(1, 2).normal(3).tolist() != Random(2, 2).normal(3).tolist()


def test_a_state_survives_json_at_every_place_of_the_buffer() -> None:
    for drawn in range(6):
        random, other = Random(7), Random(8)
        random.normal(drawn)
        random.uniform(drawn)
        other.load(json.loads(json.dumps(random.state())))
        np.testing.assert_array_equal(random.normal(9), other.normal(9))
        assert random.order(20) == other.order(20)


def test_values_have_their_distributions() -> None:
    normal, uniform = Random(0).normal(100_000), Random(1).uniform(100_000)
    assert abs(normal.mean()) < 0.013
    assert abs(normal.std() - 1.0) < 0.01
    assert uniform.min() >= 0.0
    assert uniform.max() < 1.0
    assert abs(uniform.mean() - 0.5) < 0.004
    assert sorted(Random(0).order(50)) == list(range(50))
