"""Random numbers whose whole state is a few integers: drawn on the CPU, so that a GPU sees the same ones."""

from typing import Any

import numpy as np

from ganache.scratch.array_module import Array, from_host


class Random:
    """A stream of random numbers named by a seed and a number; Philox counts, so its state is small."""

    def __init__(self, seed: int, stream: int = 0) -> None:
        self._bits = np.random.Philox(np.random.SeedSequence([seed, stream]))
        self._generator = np.random.Generator(self._bits)

    def normal(self, *shape: int) -> Array:
        """Return standard normal values of the shape."""
        return from_host(self._generator.standard_normal(shape))

    def uniform(self, *shape: int) -> Array:
        """Return values uniform in [0, 1) of the shape."""
        return from_host(self._generator.random(shape))

    def order(self, count: int) -> list[int]:
        """Return 0 … count - 1 in a random order."""
        return [int(index) for index in self._generator.permutation(count)]

    def state(self) -> dict[str, Any]:
        """Return the state as JSON values; Python's integers hold 64 bits without loss."""
        return _plain(self._bits.state)  # type: ignore[no-any-return]

    def load(self, state: dict[str, Any]) -> None:
        """Continue where a state was taken."""
        words = {name: np.array(values, np.uint64) for name, values in state["state"].items()}
        whole: Any = {**state, "state": words, "buffer": np.array(state["buffer"], np.uint64)}
        self._bits.state = whole


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value
