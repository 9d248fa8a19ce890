"""Processes that are threads of this one: each does the same work beside the others, with a number of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from torch import Tensor

from ganache.engine.processes import _Sum
from ganache.support.world import World, entered

T = TypeVar("T")


class Crowd(World):
    """A world of which every thread is one process."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._own = threading.local()
        self._all_here = threading.Barrier(size, timeout=60)
        self._said: list[Any] = [None] * size

    @property
    def rank(self) -> int:  # type: ignore[override]
        """Which of them asks."""
        return int(self._own.rank)

    def each(self, work: Callable[[], T]) -> list[T]:
        """Return what each process makes of the same work, by rank."""

        def of_process(rank: int) -> T:
            self._own.rank = rank
            try:
                return work()
            except BaseException:
                self._all_here.abort()
                raise

        with ThreadPoolExecutor(self.size) as threads, entered(self):
            return list(threads.map(of_process, range(self.size)))

    def said(self, own: T) -> list[T]:
        """Return what all processes say."""
        self._said[self.rank] = own
        self._all_here.wait()
        everybody = list(self._said)
        self._all_here.wait()
        return everybody

    def sum(self, values: Tensor) -> Tensor:
        """Return the sum over all threads, differentiable any number of times."""
        summed: Tensor = _Sum.apply(values, lambda own: sum(self.said(own.detach().clone())))  # type: ignore[no-untyped-call]
        return summed

    def told(self, value: Any) -> Any:
        """Return what the first says."""
        return self.said(value)[0]

    def highest(self, numbers: Any) -> tuple[int, ...]:
        """Return the highest numbers."""
        return tuple(max(column) for column in zip(*self.said(numbers), strict=True))

    def first_then_others(self, work: Callable[[], T]) -> T:
        """Let the first work, then the others."""
        if self.rank == 0:
            done = work()
        self.said(None)
        return done if self.rank == 0 else work()
