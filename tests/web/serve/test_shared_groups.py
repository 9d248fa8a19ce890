"""Images of several requests in shared groups: the same bytes as alone, in turn, and measured where places matter."""

from collections.abc import Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from ganache.runs.products import GROUP
from ganache.web.serve.shared_groups import SharedGroups, Wanted, Way

WAY = Way("run", "latents", 1)


class Noting:
    """Draws each row's first number; where places matter, a millionth of its place beside it."""

    def __init__(self, places_matter: bool = False) -> None:
        self.groups: list[list[float]] = []
        self.places_matter = places_matter

    def __call__(self, way: Way, rows: Sequence[Tensor]) -> Tensor:
        assert len(rows[0]) == GROUP
        self.groups.append(rows[0][:, 0].tolist())
        places = torch.arange(GROUP) / 2**20 if self.places_matter else torch.zeros(GROUP)
        return (rows[0][:, 0] + places)[:, None, None, None]


def wanted(start: int, count: int, first: int = 0, way: Way = WAY) -> Wanted:
    """Want rows with the numbers start, start + 1 …"""
    return Wanted(way, (torch.arange(start, start + count).float()[:, None],), first)


def finish(way: Way, values: Tensor) -> NDArray[Any]:
    return values.numpy()


def numbers(done: Wanted) -> list[float]:
    found: list[float] = done.images.flatten().tolist()
    return found


def test_a_request_alone_has_its_images_in_their_own_places_and_nothing_is_measured() -> None:
    draw = Noting()
    groups = SharedGroups(draw, finish)
    groups.add(wanted(100, 70, first=60))
    assert groups.turn() == []
    assert draw.groups[0][60:] == [100, 101, 102, 103]
    assert draw.groups[0][:60] == [float(number) for number in range(104, 164)]
    (done,) = groups.turn()
    assert numbers(done) == [float(number) for number in range(100, 170)]
    assert len(groups) == 0
    assert (groups.groups, groups.images) == (2, 70)


def test_few_images_need_not_wait_for_many() -> None:
    """One image beside a thousand comes with the first group, and the group is full."""
    draw = Noting()
    groups = SharedGroups(draw, finish)
    many, one = wanted(0, 1_000), wanted(5_000, 1)
    groups.add(many)
    groups.add(one)
    assert groups.turn() == [one]
    assert numbers(one) == [5_000]
    assert many.begun == GROUP - 1


def test_small_requests_share_one_group() -> None:
    draw = Noting()
    groups = SharedGroups(draw, finish)
    all_of_them = [wanted(1_000 * number, 2) for number in range(32)]
    for one in all_of_them:
        groups.add(one)
    assert groups.turn() == all_of_them
    assert [numbers(one) for one in all_of_them] == [[1_000.0 * n, 1_000.0 * n + 1] for n in range(32)]
    assert len(draw.groups) == 3  # two of them to see whether places matter
    for one in (wanted(1, 1), wanted(2, 1)):
        groups.add(one)
    groups.turn()
    assert len(draw.groups) == 4  # which is measured once


def test_where_places_matter_each_row_keeps_its_own() -> None:
    """Two requests for the first images of their seeds then need two groups, and have the bits that each has alone."""
    alone = []
    for one in (wanted(100, 3), wanted(200, 3), wanted(300, 3, first=3)):
        groups = SharedGroups(Noting(places_matter=True), finish)
        groups.add(one)
        groups.turn()
        alone.append(numbers(one))
    draw = Noting(places_matter=True)
    groups = SharedGroups(draw, finish)
    together = [wanted(100, 3), wanted(200, 3), wanted(300, 3, first=3)]
    for one in together:
        groups.add(one)
    while groups:
        groups.turn()
    assert [numbers(one) for one in together] == alone
    assert groups.groups == 2  # the third fits beside either


def test_ways_take_turns_and_what_is_dropped_is_not_drawn() -> None:
    draw = Noting()
    groups = SharedGroups(draw, finish)
    other = Way("run", "latents", 1, 0.5)
    many, different, dropped = wanted(0, 200), wanted(1, 1, way=other), wanted(7_000, 1)
    for one in (many, different, dropped):
        groups.add(one)
    groups.drop(dropped)
    assert groups.turn() == []
    assert groups.turn() == [different]
    assert not any(7_000.0 in group for group in draw.groups)
