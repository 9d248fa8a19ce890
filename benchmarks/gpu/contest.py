"""Trainings that are timed in turns, so that all meet the same device in the same mood."""

import contextlib
import math
import time
from collections.abc import Iterator, Mapping
from typing import Protocol

import torch

from ganache.engine.devices import synchronize


class Contestant(Protocol):
    """A training that goes on a little at a time."""

    device: torch.device
    images: int  # reals that its discriminator learns from in one advance

    def advance(self) -> None:
        """Train a little more; need not wait for the device."""

    def settings(self) -> contextlib.AbstractContextManager[None]:
        """Set torch's switches as this training wants them, and back."""


@contextlib.contextmanager
def switches(*, repeatable: bool, trial: bool, tf32: bool) -> Iterator[None]:
    """Set whether kernels must repeat their bits, are found by trial, round float32 to TF32; and give all back."""
    cudnn, products = torch.backends.cudnn, torch.backends.cuda.matmul
    strict, warns = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    tried, convolved, multiplied = cudnn.benchmark, cudnn.allow_tf32, products.allow_tf32
    try:
        torch.use_deterministic_algorithms(repeatable, warn_only=True)
        cudnn.benchmark, cudnn.allow_tf32, products.allow_tf32 = trial, tf32, tf32
        yield
    finally:
        torch.use_deterministic_algorithms(strict, warn_only=warns)
        cudnn.benchmark, cudnn.allow_tf32, products.allow_tf32 = tried, convolved, multiplied


def interleaved(
    contestants: Mapping[str, Contestant], rounds: int, seconds: float, within: float = math.inf
) -> dict[str, list[float]]:
    """Return each one's images per second in every round, in which all take their turn for about so many seconds.

    When `within` seconds are used up no further round begins; there is always one.
    """
    began = time.perf_counter()
    speeds: dict[str, list[float]] = {name: [] for name in contestants}
    lengths = dict.fromkeys(contestants, 1)
    if seconds:
        lengths = {name: math.ceil(seconds / seconds_of(one, 1)) for name, one in contestants.items()}
    for _ in range(rounds):
        for name, one in contestants.items():
            took = seconds_of(one, lengths[name])
            speeds[name].append(lengths[name] * one.images / took)
        if time.perf_counter() - began >= within:
            break
    return speeds


def seconds_of(contestant: Contestant, advances: int) -> float:
    """Return what so many advances take, from an idle device to an idle device."""
    with contestant.settings():
        synchronize(contestant.device)
        began = time.perf_counter()
        for _ in range(advances):
            contestant.advance()
        synchronize(contestant.device)
        return time.perf_counter() - began
