"""Between host and device without waiting: a device works on while the host prepares what comes next.

A copy from or to ordinary memory stops the host until the device has done all that it was asked before. From and to
pinned memory it is one more thing that the device does in its turn. So what goes over is pinned, and what comes back is
waited for in order, a bounded number of results later. On a CPU there is nothing to wait for, and nothing to hold.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor

CPU = torch.device("cpu")
MOST_PINNED = 2**26  # bytes of one copy; pinned memory is not given back, and a large copy is made once
AHEAD = 4  # results that a device may be asked for before the first of them is waited for


class Arriving(Protocol):
    """A tensor on its way to the host."""

    def wait(self) -> Tensor:
        """Return it when it is there."""


def with_float64(device: torch.device) -> torch.device:
    """Return the device where it has float64, else the CPU."""
    return CPU if device.type == "mps" else device


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """Return a tensor of the host on a device; on a GPU it arrives in its turn, and nobody waits."""
    if device.type != "cuda" or tensor.nbytes > MOST_PINNED:
        return tensor.to(device)
    # The allocator of pinned memory gives none of it away again before the copy is made.
    return (tensor if tensor.is_pinned() else tensor.pin_memory()).to(device, non_blocking=True)


def to_host(tensor: Tensor) -> Arriving:
    """Begin to bring a tensor to the host."""
    return _Copied(tensor) if tensor.device.type == "cuda" else _Here(tensor.cpu())


def ahead_on(device: torch.device) -> int:
    """Return how many results a device may work on ahead of the host; none on a CPU, which is the host."""
    return AHEAD if device.type == "cuda" else 0


def in_order(
    results: Iterable[Sequence[Tensor]], ahead: int, begin: Callable[[Tensor], Arriving] = to_host
) -> Iterator[list[Tensor]]:
    """Yield the tensors of each result on the host, in order; so many of the results after it are asked for before."""
    waiting: deque[list[Arriving]] = deque()
    for result in results:
        waiting.append([begin(tensor) for tensor in result])
        if len(waiting) > ahead:
            yield [arriving.wait() for arriving in waiting.popleft()]
    while waiting:
        yield [arriving.wait() for arriving in waiting.popleft()]


class _Here:
    def __init__(self, tensor: Tensor) -> None:
        self._tensor = tensor

    def wait(self) -> Tensor:
        return self._tensor


class _Copied:
    """A copy into pinned memory, which the device makes after what it computes now."""

    def __init__(self, tensor: Tensor) -> None:
        self._host = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
        self._host.copy_(tensor, non_blocking=True)
        self._done = torch.cuda.Event()  # type: ignore[no-untyped-call]
        self._done.record(torch.cuda.current_stream(tensor.device))

    def wait(self) -> Tensor:
        self._done.synchronize()
        return self._host.clone()  # pinned memory is scarce, and the caller may keep what he gets
