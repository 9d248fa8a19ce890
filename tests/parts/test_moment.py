from ganache.parts.moment import Moment
from ganache.parts.schedules import Linear


def test_a_number_is_the_same_at_all_times_and_a_schedule_is_asked_by_images_seen() -> None:
    halving = Linear(start=1.0, end=0.5, until=100.0)
    assert [Moment(images).at(2) for images in (0, 50, 100)] == [2.0, 2.0, 2.0]
    assert [Moment(images).at(halving) for images in (0, 50, 100)] == [1.0, 0.75, 0.5]


def test_a_later_moment_of_an_iteration_has_its_own_values() -> None:
    now = Moment(40, iteration=5).after(10)
    assert now == Moment(50, 5)
    assert now.at(Linear(start=0.0, end=100.0, until=100.0)) == 50.0
