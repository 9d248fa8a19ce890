"""The exchange by shared memory: sums in the order of the processes, larger than a place, and who is lost."""

import os
import socket
from typing import Any

import pytest
import torch
from torch import Tensor

from ganache.engine import shared_memory
from ganache.engine.shared_memory import PLACE, SharedMemory, shared
from ganache.support.errors import RunError
from tests.engine.crowd import Crowd


def joined(crowd: Crowd) -> SharedMemory:
    memory = shared(crowd)
    assert memory is not None
    return memory


def test_sums_are_those_of_the_order_of_processes_on_all_of_them() -> None:
    """(1 + 1e-20) - 1 is 0 and (1 - 1) + 1e-20 is not: only one order gives these bits."""
    parts = [torch.tensor([1.0, 3.0]), torch.tensor([1e-20, 4.0]), torch.tensor([-1.0, 5.0])]
    crowd = Crowd(3)

    def of_one() -> list[Tensor]:
        own = parts[crowd.rank].clone()
        scalar = torch.tensor(crowd.rank, dtype=torch.float64)
        joined(crowd).add_up([own, scalar, torch.empty(0)])
        return [own, scalar]

    for own, scalar in crowd.each(of_one):
        assert own.tolist() == [0.0, 12.0]
        assert scalar.item() == 3.0


def test_many_tensors_of_any_kind_and_size_are_averaged_in_place() -> None:
    large, image = PLACE // 4 * 2 + 3, (2, 3, 4, 5)
    crowd = Crowd(2)

    def tensors(rank: int) -> list[Tensor]:
        chance = torch.Generator().manual_seed(rank)
        last = torch.randn(image, generator=chance).contiguous(memory_format=torch.channels_last)
        exact = torch.randn(7, dtype=torch.float64, generator=chance)
        return [torch.randn(5, generator=chance), exact, torch.randn(large, generator=chance), last]

    def of_one() -> list[Tensor]:
        own, memory = tensors(crowd.rank), joined(crowd)
        for factor in (0.5, 1.0, 0.5):  # the second doubles what the first made equal, the third undoes that
            memory.add_up(own, factor)
        return own

    for found in crowd.each(of_one):
        assert found[3].is_contiguous(memory_format=torch.channels_last)
        for one, first, second in zip(found, tensors(0), tensors(1), strict=True):
            torch.testing.assert_close(one, (first / 2 + second / 2) * 2, rtol=0, atol=0)


def test_a_tensor_with_gaps_is_refused() -> None:
    """What lies between its numbers would be added up too."""
    with pytest.raises(RuntimeError, match="view"):
        list(shared_memory._loads([torch.zeros(4, 4)[:, :2]], 8))


@pytest.mark.parametrize("hears", [False, True], ids=["before it is told", "after it is told"])
def test_who_has_ended_is_missed_at_once(hears: bool) -> None:
    crowd = Crowd(3)

    def of_one() -> str:
        memory = joined(crowd)
        if crowd.rank == 1:
            for line in memory._lines:
                line.shutdown(socket.SHUT_WR if hears else socket.SHUT_RDWR)
        crowd.said(None)
        said = ""
        if crowd.rank != 1:
            with pytest.raises(RunError) as error:
                memory.add_up([torch.ones(2)])
            said = str(error.value)
        crowd.said(None)
        return said

    first, _, third = crowd.each(of_one)
    assert first.startswith("another process of this training has ended")
    assert third == first


def test_who_says_nothing_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd(2)

    def of_one() -> Any:
        memory = joined(crowd)
        crowd.said(None)
        if crowd.rank == 0:
            monkeypatch.setattr(shared_memory, "PATIENCE", 0.01)
            with pytest.raises(RunError):
                memory.add_up([torch.ones(2)])
        crowd.said(None)
        return memory

    crowd.each(of_one)


class Distant(Crowd):
    """The last process is on another machine, where nobody has the address that it is told."""

    def told(self, value: Any) -> Any:
        """Return what the first says, which nobody listens to where the last is."""
        said = super().told(value)
        return said if self.rank < self.size - 1 else f"not {said}"


def test_on_two_machines_nobody_shares_memory() -> None:
    crowd = Distant(3)
    assert crowd.each(lambda: shared(crowd)) == [None] * 3


def test_where_no_memory_is_left_nobody_shares_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    crowd = Crowd(2)
    assert crowd.each(lambda: shared(crowd)) == [None] * 2
