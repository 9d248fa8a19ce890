"""What goes between host and device: in order, and never more of it on its way than was allowed."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from ganache.engine.full_precision import full_precision
from ganache.engine.transfers import AHEAD, CPU, ahead_on, in_order, to_device, to_host, with_float64
from tests.elsewhere import ELSEWHERE, Elsewhere, is_elsewhere


class Slow:
    """A device whose copies arrive when they are waited for; it knows how many are on their way."""

    def __init__(self) -> None:
        self.under_way = self.most = 0
        self.asked: list[int] = []

    def results(self, count: int) -> Iterator[tuple[Tensor]]:
        for number in range(count):
            self.asked.append(number)
            yield (torch.full((2,), float(number)),)

    def begin(self, tensor: Tensor) -> "_OnItsWay":
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        return _OnItsWay(self, tensor)


class _OnItsWay:
    def __init__(self, device: Slow, tensor: Tensor) -> None:
        self._device, self._tensor = device, tensor

    def wait(self) -> Tensor:
        self._device.under_way -= 1
        return self._tensor


@pytest.mark.parametrize("ahead", [0, 1, 4, 30])
def test_results_come_in_order_and_a_bounded_number_is_under_way(ahead: int) -> None:
    slow = Slow()
    found = [float(tensor[0]) for (tensor,) in in_order(slow.results(20), ahead, slow.begin)]
    assert found == list(range(20))
    assert slow.most == min(ahead + 1, 20)
    assert slow.under_way == 0


def test_so_many_are_asked_for_before_the_first_is_waited_for() -> None:
    slow = Slow()
    arriving = in_order(slow.results(20), 3, slow.begin)
    next(arriving)
    assert slow.asked == [0, 1, 2, 3]
    next(arriving)
    assert slow.asked == [0, 1, 2, 3, 4]


def test_on_the_cpu_nothing_is_asked_for_ahead_or_copied() -> None:
    slow = Slow()
    assert ahead_on(CPU) == 0
    assert ahead_on(torch.device("cuda", 1)) == AHEAD
    arriving = in_order(slow.results(20), ahead_on(CPU))
    next(arriving)
    assert slow.asked == [0]
    tensor = torch.ones(3)
    assert to_host(tensor).wait() is tensor
    assert to_device(tensor, CPU) is tensor


def test_what_has_no_float64_leaves_that_to_the_cpu() -> None:
    assert [with_float64(torch.device(kind)).type for kind in ("cpu", "cuda", "mps")] == ["cpu", "cuda", "cpu"]


def test_elsewhere_refuses_what_a_gpu_refuses() -> None:
    with Elsewhere() as device:
        there = to_device(torch.ones(3), ELSEWHERE)
        assert is_elsewhere(there + 1)
        assert (there * 2.0 + torch.tensor(1.0)).cpu().tolist() == [3.0, 3.0, 3.0]
        with pytest.raises(AssertionError, match="tensors of two devices"):
            there + torch.ones(3)
        with pytest.raises(AssertionError, match="not on the CPU"):
            there.numpy()
    assert (device.sent, device.fetched) == (1, 1)


def test_full_precision_is_entered_and_the_callers_comes_back() -> None:
    before, allowed = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    try:
        torch.set_float32_matmul_precision("medium")
        with torch.autocast("cpu", dtype=torch.bfloat16):
            with full_precision():
                assert torch.get_float32_matmul_precision() == "highest"
                assert not torch.backends.cudnn.allow_tf32
                assert torch.backends.cudnn.deterministic
                assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
            assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.bfloat16
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)
    assert torch.backends.cudnn.allow_tf32 == allowed
