"""The processes that train one network together, as all below the engine see them.

Each has an equal share of every batch and the same weights. Whoever needs a value of the whole batch (a mean that every
sample's loss depends on, the noise of all rows, a gradient) asks here; alone, a process is answered at once. Outside
of an iteration everybody is alone: what one process measures or draws concerns no other, or process 0 asks for help.
"""

import contextlib
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias, TypeVar

import torch
from torch import Tensor

T = TypeVar("T")
Tensors: TypeAlias = tuple[Tensor, ...]
Work: TypeAlias = Callable[..., Tensors]  # of tensors on the CPU alone, which its results are too
Shared: TypeAlias = Callable[[Iterable[Tensors]], Iterator[Tensors]]  # from many pieces to their results, in order


class World:
    """A single process; `engine/processes.py` has the one of many."""

    rank: int = 0
    size: int = 1

    def on(self, device: torch.device) -> None:
        """Exchange tensors of this device from now on."""

    def sum(self, values: Tensor) -> Tensor:
        """Return the sum over all processes, differentiable any number of times: of its slopes too it is the sum."""
        return values

    def average(self, gradients: Sequence[Tensor]) -> None:
        """Replace tensors by their means over all processes, in place."""

    def told(self, value: Any) -> Any:
        """Return what process 0 says, a value of JSON, in every process."""
        return value

    def highest(self, numbers: Sequence[int]) -> tuple[int, ...]:
        """Return for each number the highest that a process has."""
        return tuple(numbers)

    def copied(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the tensors that process 0 has by name, in every process."""
        return tensors

    def first_then_others(self, work: Callable[[], T]) -> T:
        """Do something in every process, the others when process 0 has done it: what it writes they find."""
        return work()

    def by_first(self, work: Callable[[], Any]) -> Any:
        """Return what process 0 finds, a value of JSON, in every process; the others meanwhile help where it asks."""
        return work()

    def by_all(self, work: Work) -> Shared:
        """Return a work for many pieces, of which process 0 does some and those who help it in `by_first` the others.

        Every process must name the same works in the same order.
        """
        return functools.partial(itertools.starmap, work)

    def own_rows(self, rows: int, draw: Callable[[int], Tensor]) -> Tensor:
        """Return this process's rows (rows, …) of what is drawn for the whole batch, by a function of its rows."""
        return draw(rows)

    def neighbours(self, rows: int) -> int:
        """Return how many of this process's rows follow each other in the whole batch, before another one's come."""
        return rows

    def share(self, batch_size: int) -> int:
        """Return how many rows of a batch this process has."""
        return batch_size // self.size

    def place(self, batch_size: int) -> slice:
        """Return which rows of a batch they are."""
        rows = self.share(batch_size)
        return slice(self.rank * rows, (self.rank + 1) * rows)

    @contextlib.contextmanager
    def playing(self, batch_size: int) -> Iterator[None]:
        """Have `here` return this world inside: all its processes play the same iteration on a batch of this size."""
        yield


ALONE = World()
_playing: list[World] = []


def here() -> World:
    """Return the processes that play this iteration together; outside of one this process is alone."""
    return _playing[-1] if _playing else ALONE


@contextlib.contextmanager
def entered(world: World) -> Iterator[None]:
    """Have `here` return a world inside."""
    _playing.append(world)
    try:
        yield
    finally:
        _playing.pop()


def batch_mean(values: Tensor, dim: int | None = None) -> Tensor:
    """Return the mean over the whole batch, whichever processes its rows are on: over all values, or over `dim` 0."""
    mean = values.mean() if dim is None else values.mean(dim=dim)
    world = here()
    return mean if world.size == 1 else world.sum(mean) / world.size


def whole_batch(values: Tensor) -> tuple[Tensor, Tensor]:
    """Return the rows (N, …) of all processes in the batch's order, differentiable, and which of them are one's own."""
    world, count = here(), len(values)
    own = world.own_rows(count, lambda rows: torch.arange(rows, device=values.device))
    if world.size == 1:
        return values, own
    nothing = values.new_zeros(count * world.size, *values.shape[1:])
    return world.sum(nothing.index_copy(0, own, values)), own


def batch_deviation(values: Tensor) -> Tensor:
    """Return the deviation (scalar, uncorrected) of all values of the whole batch."""
    if here().size == 1:
        return values.std(correction=0)
    return batch_mean((values - batch_mean(values)).square()).sqrt()


def own_rows(values: Tensor, draw: Callable[[Tensor], Tensor] = torch.rand_like) -> Tensor:
    """Return random numbers of the form of `values` (N, …), one of whose rows belongs to each row of the batch.

    `draw` takes them from torch's default generators, which all processes begin alike: each draws for the whole batch
    and keeps its own, so that they do not depend on how many processes there are.
    """
    world = here()
    if world.size == 1:
        return draw(values)
    # Numbers follow each other in memory: a row's channels may lie last.
    is_last = (
        values.dim() == 4 and not values.is_contiguous() and values.is_contiguous(memory_format=torch.channels_last)
    )
    layout = torch.channels_last if is_last else torch.contiguous_format

    def for_all(rows: int) -> Tensor:
        shape = (rows, *values.shape[1:])
        return draw(torch.empty(shape, dtype=values.dtype, device=values.device, memory_format=layout))

    return world.own_rows(len(values), for_all)
