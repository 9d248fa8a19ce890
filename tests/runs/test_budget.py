from ganache.runs.budget import Budget


def test_a_budget_of_images_is_used_by_images() -> None:
    budget = Budget(images=200, seconds=None)
    assert [budget.share(seen, 1e9) for seen in (0, 50, 199, 200, 260)] == [0.0, 0.25, 0.995, 1.0, 1.0]


def test_a_budget_of_seconds_is_used_by_seconds() -> None:
    budget = Budget(images=None, seconds=8.0)
    assert [budget.share(10**9, seconds) for seconds in (0.0, 2.0, 8.0, 9.0)] == [0.0, 0.25, 1.0, 1.0]


def test_of_two_limits_the_nearer_counts() -> None:
    budget = Budget(images=100, seconds=10.0)
    assert budget.share(20, 5.0) == 0.5
    assert budget.share(60, 5.0) == 0.6
