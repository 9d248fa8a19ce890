"""What the machine refuses is one line that says what to do; what is wrong with the program stays a traceback."""

import errno
import os
import re

import pytest
import torch

from ganache.support.errors import RunError, UserError
from ganache.support.refusals import refusals

NO_MEMORY: list[tuple[Exception, str]] = [
    (
        MemoryError("Unable to allocate 7.45 GiB for an array with shape (10,)"),
        ": 7.45 GiB more were asked for",
    ),
    (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has 1 GiB"), ": 20.00 MiB more"),
    (RuntimeError("MPS backend out of memory (MPS allocated: 8.5 GB). Tried to allocate 1.2 GB"), ": 1.2 GB more"),
    (RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes"), ": 9 bytes"),
    (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), "; a smaller --batch"),
]


@pytest.mark.parametrize(("error", "told"), NO_MEMORY, ids=lambda value: str(value)[:20])
def test_memory_that_does_not_suffice_comes_with_advice(error: Exception, told: str) -> None:
    """Before, it was a traceback."""
    with pytest.raises(RunError, match=re.escape(told)) as failed, refusals():
        raise error
    assert str(failed.value).startswith("the memory does not suffice")
    assert "--batch" in str(failed.value)
    assert "\n" not in str(failed.value)


def test_torchs_own_refusal_is_known() -> None:
    with pytest.raises(RunError, match="more were asked for; a smaller --batch"), refusals():
        torch.empty(2**55)


def test_the_operating_systems_refusal_names_the_file() -> None:
    with pytest.raises(RunError, match=r"^a\.png: Permission denied$"), refusals():
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "a.png")


@pytest.mark.parametrize(
    "error",
    [RuntimeError("shapes do not fit"), RunError("it diverges"), UserError("seed: 3"), BrokenPipeError(), KeyError(1)],
    ids=repr,
)
def test_all_else_passes_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, refusals():
        raise error
    assert raised.value is error
