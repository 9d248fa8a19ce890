"""Where every random number comes from: streams with names, derived from one seed, saved with the run."""

import contextlib
import hashlib
from collections.abc import Iterator

import torch
from torch import Tensor


def derive(seed: int, *names: str | int) -> int:
    """Return a seed of 63 bits for the stream with these names; different names give unrelated streams."""
    text = repr((seed, *names))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 1


class Streams:
    """The streams of a training loop.

    `latents` feeds the generator. What modules draw inside a step (dropout, noise, a penalty's points) comes from
    torch's default generators: they are the stream ``step``, of which this object keeps the state between steps
    while something else (a picture, an evaluation) runs.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        self.device = device
        self.latents = torch.Generator(device).manual_seed(derive(seed, "latents"))
        torch.manual_seed(derive(seed, "step"))

    def tensors(self) -> dict[str, Tensor]:
        """Return the state of every stream."""
        state = {"latents": self.latents.get_state(), "step": torch.get_rng_state()}
        if self.device.type == "cuda":
            state["step_cuda"] = torch.cuda.get_rng_state(self.device)
        elif self.device.type == "mps":
            state["step_mps"] = torch.mps.get_rng_state()
        return state

    def load(self, state: dict[str, Tensor]) -> None:
        """Continue every stream where it was."""
        self.latents.set_state(state["latents"])
        torch.set_rng_state(state["step"])
        if self.device.type == "cuda":
            torch.cuda.set_rng_state(state["step_cuda"], self.device)
        elif self.device.type == "mps":
            torch.mps.set_rng_state(state["step_mps"])

    @contextlib.contextmanager
    def untouched(self) -> Iterator[None]:
        """Run something that may draw random numbers, and leave every stream as it was."""
        state = self.tensors()
        try:
            yield
        finally:
            self.load(state)


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
