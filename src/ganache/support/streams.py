"""Where every random number comes from: seeds derived from one, by names and positions."""

import contextlib
import hashlib
from collections.abc import Iterator

import torch


def derive(seed: int, *names: str | int) -> int:
    """Return a seed of 63 bits for the stream with these names; different names give unrelated streams."""
    text = repr((seed, *names))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 1


def generator(device: torch.device, seed: int, *names: str | int) -> torch.Generator:
    """Return a generator on a device at the beginning of the stream with these names."""
    return torch.Generator(device).manual_seed(derive(seed, *names))


def begin_default_streams(device: torch.device, seed: int) -> None:
    """Begin torch's default generators at a seed: the CPU's and a device's, not all, which takes 70 times as long."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)


@contextlib.contextmanager
def untouched_global_stream() -> Iterator[None]:
    """Give torch's default generators back to the caller as they were: the process may not be ours alone."""
    devices = range(torch.cuda.device_count()) if torch.cuda.is_available() else ()
    apple = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        if apple is not None:
            torch.mps.set_rng_state(apple)
