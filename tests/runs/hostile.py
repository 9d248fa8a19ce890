"""What is asked of every file of a network that somebody else may have written."""

import os
from collections.abc import Callable
from typing import Any

import pytest
import torch

from ganache.support.errors import UserError


def cases(wrong: dict[str, Any]) -> list[Any]:
    """Return the values as parameters that bear their names."""
    return [pytest.param(value, id=name) for name, value in wrong.items()]


def refusal(load: Callable[[], object]) -> str:
    """Return the one line with which something is refused, without a call of the system."""
    called: list[object] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "system", called.append)
        with pytest.raises(UserError) as refused:
            load()
    assert "\n" not in str(refused.value)
    assert called == []
    return str(refused.value)


def weights_built_for(load: Callable[[], object]) -> int:
    """Return how many weights are registered until something is refused in one line."""
    built: list[object] = []
    register = torch.nn.Module.register_parameter

    def counted(module: torch.nn.Module, name: str, parameter: torch.nn.Parameter | None) -> None:
        built.append(name)
        register(module, name, parameter)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.nn.Module, "register_parameter", counted)
        refusal(load)
    return len(built)
