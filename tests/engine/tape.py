"""A recorder of operations on a CPU, which stands in for CUDA's graphs, and what a graph could not launch again."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from ganache.engine.state import TrainingState

Operation = tuple[Any, tuple[Any, ...], dict[str, Any], Any]  # what, with which arguments, and what came of it

# Operations whose result the host reads, or which make a tensor of what the host has.
OF_THE_HOST = {
    "aten::_local_scalar_dense",
    "aten::equal",
    "aten::is_nonzero",
    "aten::item",
    "aten::lift",
    "aten::lift_fresh",
    "aten::masked_select",
    "aten::nonzero",
    "aten::unique_dim",
    "aten::_unique2",
}


class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Keeps every operation, below autograd: slopes and steps of optimisers too.

    `fixed` is all of them that a graph keeps for ever: arguments, of what was made inside the shapes, and of what was
    there before the places in memory.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations: list[Operation] = []
        self.fixed: list[tuple[str, Any]] = []
        self.devices: set[str] = set()
        self._made: set[int] = set()  # places of what was made inside, none of which is freed meanwhile

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if func.namespace != "profiler":
            given, results = _tensors((args, kwargs)), _tensors(made)
            self.fixed.append((str(func), self._told((args, kwargs))))
            self._made |= {_place(tensor) for tensor in results} - {_place(tensor) for tensor in given}
            self.operations.append((func, args, kwargs or {}, made))
            self.devices |= {tensor.device.type for tensor in given + results}
        return made

    def of_the_host(self) -> set[str]:
        """Return the operations that no graph has."""
        return {func._schema.name for func, *_ in self.operations} & OF_THE_HOST

    def _told(self, value: Any) -> Any:
        """Return arguments with what a graph keeps of a tensor in each one's place."""
        if isinstance(value, Tensor):
            place = "inside" if _place(value) in self._made else value.data_ptr()
            return (*value.shape, value.dtype, *value.stride(), place)
        if isinstance(value, tuple | list):
            return tuple(self._told(one) for one in value)
        return {name: self._told(one) for name, one in value.items()} if isinstance(value, dict) else value


class Tape:
    """Runs recorded operations again, in the same memory; what a function computes on the host is not run again."""

    def __init__(self) -> None:
        self.records = 0
        self.replays = 0

    def prepare(self, state: TrainingState) -> None:
        """Remember what is recorded."""
        self._state = state

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Stay."""
        yield

    def record(self, function: Callable[[], None]) -> Callable[[], None]:
        """Return the replay. Unlike a capture this run counts, so all that it changed is put back afterwards."""
        self.records += 1
        watch, random = Watch(), torch.get_rng_state()
        before = [(tensor, tensor.detach().clone()) for tensor in self._lasting()]
        with watch:
            function()
        with torch.no_grad():
            for tensor, value in before:
                tensor.copy_(value)
        torch.set_rng_state(random)
        operations = [operation for operation in watch.operations if not _is_view(operation)]

        def replay() -> None:
            self.replays += 1
            with torch.no_grad():
                for func, args, kwargs, made in operations:
                    _put(made, func(*args, **kwargs))

        return replay

    def _lasting(self) -> list[Tensor]:
        return [*self._state.tensors().values(), *self._state.tally._cleared.values()]


def _place(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _tensors(value: Any) -> list[Tensor]:
    """Return the tensors in arguments or results. torch's own walk takes half of the time of all these tests."""
    if isinstance(value, Tensor):
        return [value]
    held = value if isinstance(value, tuple | list) else value.values() if isinstance(value, dict) else ()
    return [tensor for one in held for tensor in _tensors(one)]


def _is_view(operation: Operation) -> bool:
    """Whether an operation only looks at memory in another way, which stays what it is."""
    func = operation[0]
    return not func._schema.is_mutable and any(one.alias_info is not None for one in func._schema.returns)


def _put(recorded: Any, anew: Any) -> None:
    """Copy what was computed anew to where it was at the recording, unless it is there."""
    for old, new in zip(_tensors(recorded), _tensors(anew), strict=True):
        if old.data_ptr() != new.data_ptr():
            old.copy_(new)
