"""A device that is not the CPU, on a machine without one: tensors on it are marked, and may not meet those of the CPU.

While the mode is entered, whatever is put on `ELSEWHERE` is a copy in ordinary memory with a mark, says that it is on
that device, and passes the mark on to what is computed of it. What a GPU refuses is refused: marked tensors together
with others that are no scalars, and their way into NumPy but by the CPU. So a stage that leaves one tensor behind fails
here as it would there, and computes the same numbers as on the CPU otherwise.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten

ELSEWHERE = torch.device("xpu")
_MARK = "_is_elsewhere"
_TO_NUMPY = {"numpy", "tolist", "__array__"}


class Elsewhere(TorchFunctionMode):
    """Counts what goes over: `sent` to the device, `fetched` back from it, `made` by operations there."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = self.fetched = self.made = 0

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run an operation where its tensors are."""
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        tensors = [leaf for leaf in tree_flatten((args, kwargs))[0] if isinstance(leaf, Tensor)]
        if func == Tensor.device.__get__:
            return ELSEWHERE if is_elsewhere(tensors[0]) else func(*args)
        if name in ("to", "cpu"):
            return self._moved(func, args, kwargs)
        if func == Tensor.data.__set__:  # type: ignore[attr-defined]
            func(*args)
            return _mark(args[0], is_elsewhere(args[1]))
        if func is torch._has_compatible_shallow_copy_type:  # a module asks it of weights before and after
            return func(*args)
        on_device = kwargs.get("device") == ELSEWHERE
        if on_device:
            kwargs["device"] = torch.device("cpu")
        large = [tensor for tensor in tensors if tensor.dim()]
        marked = [is_elsewhere(tensor) for tensor in large]
        if any(marked) and not all(marked):
            raise AssertionError(f"{name}: tensors of two devices, {[tuple(tensor.shape) for tensor in large]}")
        here = any(marked) or on_device or (not large and any(map(is_elsewhere, tensors)))
        if here and name in _TO_NUMPY:
            raise AssertionError(f"{name} of a tensor that is not on the CPU")
        found = func(*args, **kwargs)
        if here:
            self.made += 1
            for leaf in tree_flatten(found)[0]:
                if isinstance(leaf, Tensor):
                    _mark(leaf)
        return found

    def _moved(self, func: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Tensor:
        tensor, asked = args[0], [*args[1:], *kwargs.values()]
        was = is_elsewhere(tensor)
        to = next((torch.device(one) for one in asked if isinstance(one, torch.device | str)), None)
        to = torch.device("cpu") if func is Tensor.cpu else to
        plain = [torch.device("cpu") if one == ELSEWHERE else one for one in args]
        named = {name: torch.device("cpu") if one == ELSEWHERE else one for name, one in kwargs.items()}
        found: Tensor = func(*plain, **named)
        will = was if to is None else to == ELSEWHERE
        self.sent += will and not was
        self.fetched += was and not will
        return _mark(found.clone() if found is tensor and will != was else found, will)


def is_elsewhere(tensor: Tensor) -> bool:
    """Whether a tensor is marked as being on the device."""
    return bool(tensor.__dict__.get(_MARK, False))


def _mark(tensor: Tensor, elsewhere: bool = True) -> Tensor:
    tensor.__dict__[_MARK] = elsewhere
    return tensor
