"""What process 0 has done by all between iterations: pieces of works, functions of tensors that every process knows.

It calls the others to one round after another, in which each gets a piece, or none where too few are left. Who has what
is decided by process 0 alone, which may find things in a cache or give up; the others do what they are sent.
"""

import functools
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from ganache.support.world import Shared, Tensors, Work

_OVER = -1  # in the place of a work's number


class Errands:
    """The works of one process by their numbers, which are the same in all; `rank` is its own of `size`."""

    def __init__(self, rank: int, size: int) -> None:
        self._rank, self._size = rank, size
        self._works: list[Work] = []
        self._are_waiting = False  # the others, for a call of process 0

    def by_all(self, work: Work) -> Shared:
        """Add a work; return what does it for many pieces, in order, by all processes where they wait for a call."""
        self._works.append(work)
        return functools.partial(self._shared, len(self._works) - 1)

    def lead(self, work: Callable[[], Any]) -> Any:
        """Return what process 0 finds while the others wait for its calls."""
        self._are_waiting = True
        try:
            found = work()
        finally:
            self._are_waiting = False
        _call(_OVER, 0)
        return found

    def follow(self) -> None:
        """Do what process 0 calls for, until it calls no more."""
        while True:
            number, pieces = _called()
            if number == _OVER:
                return
            if self._rank < pieces:
                _send(self._works[number](*_received(0)), 0)

    def _shared(self, number: int, pieces: Iterable[Tensors]) -> Iterator[Tensors]:
        work, left = self._works[number], iter(pieces)
        if not self._are_waiting:
            yield from itertools.starmap(work, left)
            return
        # The pieces may come from rounds of another work: none begins before the one before it is over.
        while one_each := list(itertools.islice(left, self._size)):
            yield from self._round(number, one_each)

    def _round(self, number: int, pieces: list[Tensors]) -> list[Tensors]:
        """Return the results of at most one piece for each process, the first for this one."""
        _call(number, len(pieces))
        for rank, piece in enumerate(pieces[1:], 1):
            _send(piece, rank)
        try:
            own = self._works[number](*pieces[0])
        finally:  # whoever goes on after a mistake finds no answers to an earlier call
            theirs = [_received(rank) for rank in range(1, len(pieces))]
        return [own, *theirs]


def _call(number: int, pieces: int) -> None:
    """Tell all processes which work comes, in how many pieces."""
    dist.broadcast(torch.tensor([number, pieces]), 0)


def _called() -> tuple[int, int]:
    call = torch.empty(2, dtype=torch.int64)
    dist.broadcast(call, 0)
    number, pieces = call.tolist()
    return number, pieces


def _send(tensors: Tensors, rank: int) -> None:
    """Send tensors of the CPU to another process, what they are first."""
    forms = json.dumps([(str(one.dtype).removeprefix("torch."), list(one.shape)) for one in tensors]).encode()
    heads = torch.tensor([len(forms)]), torch.frombuffer(bytearray(forms), dtype=torch.uint8)
    for tensor in (*heads, *tensors):
        if tensor.numel():
            dist.send(tensor.contiguous(), rank)


def _received(rank: int) -> Tensors:
    """Return the tensors that another process sends."""
    (length,) = _filled(torch.empty(1, dtype=torch.int64), rank).tolist()
    forms = json.loads(_filled(torch.empty(length, dtype=torch.uint8), rank).numpy().tobytes())
    return tuple(_filled(torch.empty(shape, dtype=getattr(torch, dtype)), rank) for dtype, shape in forms)


def _filled(tensor: Tensor, rank: int) -> Tensor:
    if tensor.numel():
        dist.recv(tensor, rank)
    return tensor
