"""What tests of games share: float64 throughout."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor


@pytest.fixture
def in_double(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let what is turned into float32, logits and images among it, become float64."""
    monkeypatch.setattr(Tensor, "float", Tensor.double)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)
