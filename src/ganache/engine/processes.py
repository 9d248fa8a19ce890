"""Many processes, as `torchrun` starts them: the world behind `support/world.py`, over torch.distributed.

Two groups: one for what an iteration exchanges, in which nobody may keep the others waiting for long, and one for what
is agreed between iterations, where process 0 may evaluate or save for as long as that takes. That a process is gone or
stands still is found by `engine/pulse.py`, which needs neither.
"""

import contextlib
import datetime
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.autograd import Function

from ganache.engine.errands import Errands
from ganache.engine.meeting import group, met, second_line
from ganache.engine.pulse import PATIENCE, Pulse
from ganache.engine.shared_memory import LOST, SharedMemory, shared
from ganache.support.errors import RunError, UserError, shown
from ganache.support.refusals import refusals
from ganache.support.world import ALONE, Shared, Work, World, entered

T = TypeVar("T")


class Processes(World):
    """As many as `torchrun` started; `rank` is this one's number."""

    def __init__(self, rank: int, size: int) -> None:
        self.rank, self.size = rank, size
        self._rows = 0  # of a batch, for each process
        self._iterating: Network | SharedMemory | None = None
        self._errands = Errands(rank, size)

    def on(self, device: torch.device) -> None:
        """Exchange tensors of this device from now on."""
        if self._iterating is None:
            self._iterating = (shared(self) if device.type == "cpu" else None) or Network(device)

    def sum(self, values: Tensor) -> Tensor:
        """Return the sum over all processes, differentiable any number of times."""
        summed: Tensor = _Sum.apply(values, self._reduced)  # type: ignore[no-untyped-call]
        return summed

    def average(self, gradients: Sequence[Tensor]) -> None:
        """Replace tensors by their means over all processes, in place, in one exchange."""
        self._add_up(gradients, 1 / self.size)

    def told(self, value: Any) -> Any:
        """Return what process 0 says, a value of JSON."""
        text = json.dumps(value).encode() if self.rank == 0 else b""
        length = int(self._broadcast(torch.tensor([len(text)])))
        said = torch.tensor(list(text) if self.rank == 0 else [0] * length, dtype=torch.uint8)
        return json.loads(self._broadcast(said).numpy().tobytes())

    def highest(self, numbers: Sequence[int]) -> tuple[int, ...]:
        """Return for each number the highest that a process has."""
        together = torch.tensor(list(numbers))
        with _others_lost():
            dist.all_reduce(together, dist.ReduceOp.MAX)
        return tuple(together.tolist())

    def first_then_others(self, work: Callable[[], T]) -> T:
        """Do something in process 0 and, once it is done there, in the others."""
        if self.rank == 0:
            done = work()
            self.told(None)
            return done
        self.told(None)
        return work()

    def by_first(self, work: Callable[[], Any]) -> Any:
        """Return what process 0 finds, a value of JSON; the others meanwhile do what it calls for."""
        found = None
        with _others_lost():
            if self.rank == 0:
                found = self._errands.lead(work)
            else:
                self._errands.follow()
        return self.told(found)

    def by_all(self, work: Work) -> Shared:
        """Return a work for many pieces, done by all processes while they are in `by_first`."""
        return self._errands.by_all(work)

    def own_rows(self, rows: int, draw: Callable[[int], Tensor]) -> Tensor:
        """Return this process's rows of what is drawn for all; in a joint batch its share of reals, then of fakes."""
        assert rows % self._rows == 0, (rows, self._rows)
        everybodys = draw(rows * self.size)
        by_process = everybodys.view(rows // self._rows, self.size, self._rows, *everybodys.shape[1:])
        return by_process[:, self.rank].reshape(rows, *everybodys.shape[1:])

    def neighbours(self, rows: int) -> int:
        """Return this process's share of the reals; its fakes follow the others' reals."""
        return self._rows

    @contextlib.contextmanager
    def playing(self, batch_size: int) -> Iterator[None]:
        """Have `here` return this world inside, for a batch of which each process has an equal share."""
        self._rows = self.share(batch_size)
        with entered(self), _others_lost():
            yield

    def copied(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the tensors that process 0 has by name, on the CPU, in every process."""
        forms = {name: (str(one.dtype).removeprefix("torch."), list(one.shape)) for name, one in tensors.items()}
        copies = {}
        for name, (dtype, shape) in self.told(forms).items():
            own = torch.empty(shape, dtype=getattr(torch, dtype))
            copies[name] = self._broadcast(own.copy_(tensors[name]) if self.rank == 0 else own)
        return copies

    def _broadcast(self, tensor: Tensor) -> Tensor:
        with _others_lost():
            dist.broadcast(tensor, 0)
        return tensor

    def _reduced(self, values: Tensor) -> Tensor:
        """Return the sum over all processes, in a tensor of its own."""
        summed = values.detach().clone(memory_format=torch.contiguous_format)
        self._add_up([summed])
        return summed

    def _add_up(self, tensors: Sequence[Tensor], factor: float = 1.0) -> None:
        assert self._iterating is not None, "the device is not known"
        self._iterating.add_up(tensors, factor)


class Network:
    """The exchange by torch's library for a device: NCCL, or gloo where processes share no memory."""

    def __init__(self, device: torch.device) -> None:
        backend = "nccl" if device.type == "cuda" else "gloo"
        self._group = dist.new_group(backend=backend, timeout=datetime.timedelta(seconds=PATIENCE))

    def add_up(self, tensors: Sequence[Tensor], factor: float = 1.0) -> None:
        """Replace tensors by their sums over all processes, times a factor, in place, in one exchange."""
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors]).mul_(factor)
        dist.all_reduce(flat, group=self._group)
        parts = torch.split(flat, [tensor.numel() for tensor in tensors])
        for part, tensor in zip(parts, tensors, strict=True):
            tensor.copy_(part.view(tensor.shape))


class _Sum(Function):
    """Its slope is the sum of the slopes, since every process's loss depends on everybody's values."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, reduced: Callable[[Tensor], Tensor]) -> Tensor:
        ctx.reduced = reduced
        return reduced(values)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Any:
        return _Sum.apply(slope, ctx.reduced), None  # type: ignore[no-untyped-call]


@contextlib.contextmanager
def started() -> Iterator[World]:
    """Return the world in which this process was started: alone or, by `torchrun`, with others.

    Whatever ends one of them ends all; the first that fails says why, and the others leave without a word.
    Raises UserError when the others cannot be met.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or "RANK" not in os.environ:
        yield ALONE
        return
    store, rank, size = met()
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    pulse = Pulse(second_line(), rank, size)
    with pulse, group(store, rank, size), _last_words(pulse, rank), refusals():
        world = Processes(rank, size)
        yield world
        world.told(None)  # process 0 may still be drawing; who left before it would be missed


@contextlib.contextmanager
def _last_words(pulse: Pulse, rank: int) -> Iterator[None]:
    """Let the first process that fails say why, before the others miss it; those that do leave without a word."""
    try:
        yield
    except (UserError, RunError) as error:
        speaks = pulse.may_speak()
        if speaks and rank == 0:
            raise
        if speaks:
            print(f"ganache: {shown(str(error))}", file=sys.stderr, flush=True)
        raise SystemExit(2 if isinstance(error, UserError) else 1) from None


@contextlib.contextmanager
def _others_lost() -> Iterator[None]:
    """Raise RunError where an exchange fails: another process has ended, or does not answer."""
    try:
        yield
    except RuntimeError as error:
        if not (isinstance(error, dist.DistError) or any(words in str(error) for words in _LOST_WORDS)):
            raise
        raise RunError(LOST) from error


# gloo's errors are plain RuntimeErrors; NCCL's have a class.
_LOST_WORDS = ("gloo/transport", "Connection closed by peer", "Timed out waiting", "Connection reset by peer")
