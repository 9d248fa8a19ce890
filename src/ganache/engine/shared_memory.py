"""The exchange between processes of one machine: memory that all of them map, and a line from each to each.

A process writes its numbers to a place of its own, says so to all others, and adds up everybody's once all have. What
the network does in milliseconds, mostly by waking up, takes as long here as the numbers are copied. The lines are
sockets, which also end when their process does: a lost one is noticed at once. Memory and lines have no names: the
first process makes them and hands them to the others, so that nothing is left behind, however they end.
"""

import contextlib
import itertools
import mmap
import os
import secrets
import select
import socket
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from ganache.engine.pulse import PATIENCE
from ganache.support.errors import RunError
from ganache.support.world import World

T = TypeVar("T")

LOST = "another process of this training has ended or does not answer; the run can be resumed"
PLACE = 4 << 20  # bytes: large enough that waiting for each other is seldom, small beside a process
EAGER = 0.0001  # seconds for which is asked again and again before sleeping: to be woken takes longer than a small sum


class SharedMemory:
    """Places of all processes, two each: one is written while another process may still read the one before."""

    def __init__(self, rank: int, memory: mmap.mmap, lines: Sequence[socket.socket]) -> None:
        self._rank, self._lines = rank, lines
        self._places = torch.frombuffer(memory, dtype=torch.uint8).view(2, len(lines) + 1, PLACE)
        self._turn = 0
        for line in lines:
            line.setblocking(False)
            weakref.finalize(self, line.close)

    def add_up(self, tensors: Sequence[Tensor], factor: float = 1.0) -> None:
        """Replace tensors by their sums over all processes, times a factor, in place; the same bits in all of them."""
        for dtype in dict.fromkeys(tensor.dtype for tensor in tensors):
            for load in _loads([tensor for tensor in tensors if tensor.dtype == dtype], PLACE // dtype.itemsize):
                self._add_up(load, self._places[self._turn].view(dtype), factor)
                self._turn = 1 - self._turn

    def _add_up(self, load: list[Tensor], places: Tensor, factor: float) -> None:
        sizes = [len(piece) for piece in load]
        by_process = [torch.split(place, sizes) for place in places[:, : sum(sizes)]]
        for piece, place in zip(load, by_process[self._rank], strict=True):
            torch.mul(piece, factor, out=place)
        self._meet()
        first, second, *others = by_process
        for number, piece in enumerate(load):
            torch.add(first[number], second[number], out=piece)
            for other in others:
                piece.add_(other[number])

    def _meet(self) -> None:
        """Go on when all processes are here; what they wrote before can be read after."""
        try:
            for line in self._lines:
                line.send(b".")
            for line in self._lines:
                if not _heard(line):
                    raise RunError(LOST)
        except OSError as error:
            raise RunError(LOST) from error


def shared(world: World) -> SharedMemory | None:
    """Return memory of all processes of a world; None in all of them where one cannot have it: on another machine."""
    address = "\0ganache-" + world.told(secrets.token_hex(16))  # of Linux: not a file

    def meet() -> _Offer | socket.socket | None:
        return _if_possible(lambda: _Offer(address, world.size) if world.rank == 0 else _connected(address))

    met = world.first_then_others(meet)
    with contextlib.closing(met) if met is not None else contextlib.nullcontext():
        if max(world.highest([met is None])) or met is None:
            return None
        own = _if_possible(lambda: met.accept(world) if isinstance(met, _Offer) else _received(met, world))
        return None if max(world.highest([own is None])) else own


class _Offer:
    """What the first process makes for all: a file in memory, lines, and a door at which the others ask for them."""

    def __init__(self, address: str, size: int) -> None:
        with contextlib.ExitStack() as opened:
            self._file = opened.enter_context(open(os.memfd_create("ganache"), "r+b"))
            os.posix_fallocate(self._file.fileno(), 0, 2 * size * PLACE)
            self._ends: list[list[socket.socket]] = [[] for _ in range(size)]
            for pair in itertools.combinations(self._ends, 2):
                for ends, end in zip(pair, socket.socketpair(), strict=True):
                    ends.append(opened.enter_context(end))
            self._door = opened.enter_context(socket.socket(socket.AF_UNIX))
            self._door.bind(address)
            self._door.listen(size)
            self._opened = opened.pop_all()

    def accept(self, world: World) -> SharedMemory:
        """Hand each process that asks the file and its lines."""
        own, *others = self._ends
        self._door.settimeout(PATIENCE)
        for ends in others:
            asking, _ = self._door.accept()
            with asking:
                socket.send_fds(asking, [b"."], [self._file.fileno(), *(end.fileno() for end in ends)])
        return SharedMemory(world.rank, mmap.mmap(self._file.fileno(), 0), [end.dup() for end in own])

    def close(self) -> None:
        """Keep nothing: a line ends with a process only where nobody else has it."""
        self._opened.close()


def _connected(address: str) -> socket.socket:
    asking = socket.socket(socket.AF_UNIX)
    try:
        asking.settimeout(PATIENCE)
        asking.connect(address)
    except OSError:
        asking.close()
        raise
    return asking


def _received(asking: socket.socket, world: World) -> SharedMemory:
    _, (file, *lines), _, _ = socket.recv_fds(asking, 1, world.size, socket.MSG_CMSG_CLOEXEC)
    with open(file, "r+b"):
        return SharedMemory(world.rank, mmap.mmap(file, 0), [socket.socket(fileno=line) for line in lines])


def _if_possible(work: Callable[[], T]) -> T | None:
    try:
        return work()
    except (OSError, AttributeError, ValueError):  # other systems lack some of the names; who got no files lacks values
        return None


def _heard(line: socket.socket) -> bool:
    """Wait for a sign of another process; return False when it has ended or gives none."""
    eager_until = time.monotonic() + EAGER
    while True:
        with contextlib.suppress(BlockingIOError):
            return bool(line.recv(1))
        os.sched_yield()  # to the other process, where both have one core
        if time.monotonic() > eager_until:
            sleeping = select.poll()
            sleeping.register(line, select.POLLIN)
            return bool(sleeping.poll(PATIENCE * 1000)) and bool(line.recv(1))


def _loads(tensors: Sequence[Tensor], room: int) -> Iterator[list[Tensor]]:
    """Yield the numbers of tensors in the order of their memory, in flat pieces of which each list fills a place."""
    load: list[Tensor] = []
    free = room
    for tensor in tensors:
        rest = tensor.permute(sorted(range(tensor.dim()), key=tensor.stride, reverse=True)).view(-1)
        while len(rest):
            piece, rest = rest[:free], rest[free:]
            load.append(piece)
            free -= len(piece)
            if not free:
                yield load
                load, free = [], room
    if load:
        yield load
