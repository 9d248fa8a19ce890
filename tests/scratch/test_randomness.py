from ganache.scratch.randomness import RandomNumbers


def test_numbers_are_a_function_of_the_seed_also_when_it_is_given_anew() -> None:
    random = RandomNumbers(1)
    first = random.normal(3).tolist()
    assert RandomNumbers(1).normal(3).tolist() == first
    assert random.normal(3).tolist() != first
    random.begin(1)
    assert random.normal(3).tolist() == first
    assert RandomNumbers(2).normal(3).tolist() != first


def test_values_have_their_distributions() -> None:
    normal, uniform = RandomNumbers(0).normal(100_000), RandomNumbers(1).uniform(100_000)
    assert abs(normal.mean()) < 0.013
    assert abs(normal.std() - 1.0) < 0.01
    assert uniform.min() >= 0.0
    assert uniform.max() < 1.0
    assert abs(uniform.mean() - 0.5) < 0.004
