import pytest
import torch

from ganache.engine.scalars import CHUNK, DeviceMoment, Scalars
from ganache.parts.moment import Moment
from ganache.parts.schedules import Cosine, Linear
from tests.tiny import CPU

RISING = Linear(start=0.0, end=100.0, until=100.0)


def test_a_schedule_has_one_scalar_for_each_place_in_an_iteration_and_keeps_it() -> None:
    scalars = Scalars(CPU)
    now = DeviceMoment(10, 1, scalars)
    begins, later = now.at(RISING), now.after(4).after(2).at(RISING)
    assert (float(begins), float(later)) == (10.0, 16.0)
    scalars.fill(50)
    assert (float(begins), float(later)) == (50.0, 56.0)
    assert DeviceMoment(50, 2, scalars).at(Linear(start=0, end=100, until=100)) is begins  # an equal schedule
    assert DeviceMoment(50, 2, scalars).after(6).at(RISING) is later
    assert isinstance(begins, torch.Tensor)
    assert (begins.shape, begins.dtype) == ((), torch.float32)


def test_more_scalars_than_one_copy_fills() -> None:
    scalars, curves = Scalars(CPU), [Cosine(start=0.0, end=float(end), until=10.0) for end in range(1, CHUNK + 4)]
    found = [DeviceMoment(0, 0, scalars).at(curve) for curve in curves]
    scalars.fill(10)
    assert [float(value) for value in found] == list(range(1, CHUNK + 4))


def test_values_that_stay_are_not_copied_again() -> None:
    scalars = Scalars(CPU)
    value = DeviceMoment(0, 0, scalars).at(RISING)
    assert isinstance(value, torch.Tensor)
    scalars.fill(200)
    value.fill_(-1.0)
    scalars.fill(300)  # 100, as it was after 200
    assert float(value) == -1.0


def test_a_number_stays_a_number_and_nothing_new_comes_once_all_is_known() -> None:
    scalars = Scalars(CPU)
    scalars.complete = True
    assert DeviceMoment(3, 0, scalars).at(2) == 2.0
    with pytest.raises(RuntimeError, match="a schedule is looked up"):
        DeviceMoment(3, 0, scalars).at(RISING)


def test_who_reads_the_numbers_of_a_moment_is_noticed() -> None:
    scalars = Scalars(CPU)
    now = DeviceMoment(3, 1, scalars).after(2)
    now.at(RISING)
    assert scalars.read == set()
    assert (now.images_seen, now.iteration) == (5, 1)
    assert scalars.read == {"images_seen", "iteration"}
    assert isinstance(now, Moment)
