"""Whether to go on, asked by one process and by one of many, on a clock that the tests move."""

import signal
from collections.abc import Sequence

import pytest
import torch

from ganache.runs.budget import Budget
from ganache.support.interrupts import Interrupts
from ganache.support.world import World
from ganache.training.clock import Clock
from ganache.training.orders import REACTION_SECONDS, Orders


class Company(World):
    """A world of two in which the other one says what it is told to; `asked` is how often it was."""

    def __init__(self, rank: int, others: Sequence[int] = (0, 0, 0, 0)) -> None:
        self.rank, self.size, self.others, self.asked = rank, 2, others, 0

    def highest(self, numbers: Sequence[int]) -> tuple[int, ...]:
        self.asked += 1
        return tuple(max(pair) for pair in zip(numbers, self.others, strict=True))


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.clock = Clock(torch.device("cpu"), now=lambda: self.seconds)
        self.clock.start()


def test_alone_a_budget_of_images_ends_with_the_iteration_that_reaches_it() -> None:
    orders = Orders(Budget(100, None), Time().clock, Interrupts())
    assert [orders.ask(seen) for seen in (50, 99, 100)] == [False, False, True]
    assert orders.stop


def test_alone_a_signal_is_heeded_at_once() -> None:
    interrupts = Interrupts()
    orders = Orders(Budget(100, None), Time().clock, interrupts)
    assert not orders.ask(1)
    interrupts.received = signal.SIGINT
    assert orders.ask(2)


def test_a_signal_of_another_process_is_everybodys() -> None:
    interrupts = Interrupts()
    orders = Orders(Budget(100, None), Time().clock, interrupts, Company(0, (int(signal.SIGTERM), 0, 0, 0)))
    assert orders.ask(1)
    assert interrupts.received is signal.SIGTERM


@pytest.mark.parametrize(("rank", "is_over"), [(0, True), (1, False)])
def test_the_clock_of_process_0_alone_decides_on_a_budget_of_time(rank: int, is_over: bool) -> None:
    time = Time()
    orders = Orders(Budget(None, 10.0), time.clock, Interrupts(), Company(rank, (0, 0, 0, 1)))
    time.seconds = 11.0
    assert orders.ask(1) is is_over


def test_a_follower_stops_when_process_0_says_so() -> None:
    assert Orders(Budget(None, 10.0), Time().clock, Interrupts(), Company(1, (0, 1, 0, 1))).ask(1)


def test_process_0_decides_for_all_when_to_save() -> None:
    time = Time()
    own, following = Orders(Budget(100, None), time.clock, Interrupts()), Company(1, (0, 0, 1, 5))
    assert [own.ask(1), own.save] == [False, False]
    time.seconds = 61.0
    assert [own.ask(2), own.save] == [False, True]
    time.clock.note_save()
    assert [own.ask(3), own.save] == [False, False]
    follower = Orders(Budget(100, None), Time().clock, Interrupts(), following)
    assert [follower.ask(1), follower.save] == [False, True]
    assert [follower.ask(2), follower.save] == [False, False]  # nobody was asked


def test_many_ask_each_other_about_as_often_as_they_have_to_react() -> None:
    time, company = Time(), Company(0)
    orders = Orders(Budget(10**6, None), time.clock, Interrupts(), company)
    iterations = 400
    for seen in range(1, iterations + 1):
        time.seconds += REACTION_SECONDS / 20
        orders.ask(seen)
    assert iterations / 20 <= company.asked <= iterations / 20 + 6  # the first questions follow each other faster


def test_a_follower_asks_after_as_many_iterations_as_process_0_said() -> None:
    company = Company(1, (0, 0, 0, 7))
    orders = Orders(Budget(10**6, None), Time().clock, Interrupts(), company)
    asked = []
    for seen in range(1, 16):
        orders.ask(seen)
        asked.append(company.asked)
    assert [seen for seen in range(2, 16) if asked[seen - 1] > asked[seen - 2]] == [8, 15]


def test_all_ask_at_a_tick_and_at_the_end_of_a_budget_of_images() -> None:
    company = Company(1, (0, 0, 0, 1000))
    orders = Orders(Budget(100, None), Time().clock, Interrupts(), company)
    assert not orders.ask(1)
    assert not orders.ask(2)
    assert not orders.ask(3, at_once=True)
    assert company.asked == 2
    assert not orders.ask(100)  # process 0 would have said that it is over
    assert company.asked == 3
