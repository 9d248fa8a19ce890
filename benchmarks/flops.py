"""Counting floating-point operations by torch's own formulas."""

from collections.abc import Callable
from typing import Any
from unittest import mock

from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from ganache.networks import convolutions


class _Flops(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up torch's own formulas; FlopCounterMode, which has them by module, refuses gradients of gradients."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if formula := flop_registry.get(func._overloadpacket):
            self.total += formula(*args, **(kwargs or {}), out_val=result)
        return result


def count_flops(work: Callable[[], object]) -> int:
    """Return the floating-point operations of the matrix products and convolutions in the work, backward included.

    Of the convolutions as they are defined: a tiled one multiplies zeros too, which would count as work done.
    """
    counter = _Flops()
    with mock.patch.dict(convolutions.TILES, clear=True), counter:
        work()
    return counter.total
