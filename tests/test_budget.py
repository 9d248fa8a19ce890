import pytest

from ganache.budget import Budget, Cadence, crosses, round_down


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


@pytest.mark.parametrize(
    ("value", "rounded"),
    [(0, 1), (0.3, 1), (1, 1), (1.99, 1), (2, 2), (4.9, 2), (5, 5), (9.99, 5), (10, 10), (37, 20), (99_999, 50_000)],
)
def test_round_intervals(value: float, rounded: int) -> None:
    assert round_down(value) == rounded


def test_powers_of_ten_are_their_own_intervals() -> None:
    assert [round_down(10**power) for power in range(16)] == [10**power for power in range(16)]
    assert [round_down(2 * 10**power) for power in range(16)] == [2 * 10**power for power in range(16)]


def test_a_run_of_a_million_images() -> None:
    assert Cadence.over(1_000_000, 64) == Cadence(tick=5_000, samples=50_000, checkpoint=200_000)
    assert Cadence.over(1_000_000, 64).to_json() == {"tick": 5_000, "samples": 50_000, "checkpoint": 200_000}


def test_nothing_happens_more_often_than_an_iteration() -> None:
    assert Cadence.over(1_000, 640) == Cadence(tick=640, samples=640, checkpoint=640)
    assert Cadence.over(100_000, 1_000) == Cadence(tick=1_000, samples=5_000, checkpoint=20_000)


@pytest.mark.parametrize(
    ("every", "before", "after", "crossed"),
    [
        (100, 0, 99, False),
        (100, 0, 100, True),
        (100, 99, 101, True),
        (100, 100, 150, False),
        (100, 100, 200, True),
        (100, 150, 450, True),
        (100, 0, 0, False),
        (1, 5, 6, True),
    ],
)
def test_a_multiple_is_crossed_when_it_is_reached_and_not_when_it_is_left(
    every: int, before: int, after: int, crossed: bool
) -> None:
    assert crosses(every, before, after) is crossed


def test_every_multiple_is_crossed_once_whatever_the_steps() -> None:
    for step in (1, 7, 64, 99, 100):
        crossings = sum(crosses(100, seen, seen + step) for seen in range(0, 10_000, step))
        assert crossings == -(-10_000 // step) * step // 100
