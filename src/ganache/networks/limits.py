"""A bound on what a description may build, which is checked while it is built."""

import contextlib
from collections.abc import Iterator

from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from ganache.support.errors import UserError

MOST_WEIGHTS = 2_000  # weight tensors of a network; the largest published ones have some hundreds
# A weight that is normalised is registered, taken away and registered again.
_TIMES, _SPARE = 4, 64


@contextlib.contextmanager
def at_most(weights: int, field: str) -> Iterator[None]:
    """Raise UserError as soon as the modules that are built here have far more weight tensors than this."""
    left = _TIMES * weights + _SPARE

    def count(module: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
        nonlocal left
        left -= parameter is not None
        if left < 0:
            raise UserError(f"{field}: a network with far more than {weights:,} weight tensors is asked for")

    handle = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()
