"""Networks written down for other programs hold torch's own layers: `torch.jit.trace`, and what begins with it.

A graph with an autograd function of ours cannot be saved, and the ONNX exporter that traces fails at it.
"""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.networks import Discriminator, Generator
from tests.recipes.test_recipes_combinations import DISCRIMINATORS, GENERATORS
from tests.tiny import logits_of

SHAPE = ImageShape(1, 16, 16)
PLAYERS: dict[str, Generator | Discriminator] = {
    **{f"generator {name}": part for name, part in GENERATORS.items()},
    **{f"discriminator {name}": part for name, part in DISCRIMINATORS.items()},
}


class Logits(nn.Module):
    """The logits of a discriminator's verdict: a trace holds tensors alone."""

    def __init__(self, discriminator: nn.Module) -> None:
        super().__init__()
        self.discriminator = discriminator

    def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
        return logits_of(self.discriminator, images, conditions)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")  # sizes and numbers of labels become constants
@pytest.mark.parametrize("name", PLAYERS)
def test_a_trace_has_no_python_in_it_and_the_same_values(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    part = PLAYERS[name]
    built = part.build(SHAPE, 3).eval().requires_grad_(False)
    network = built if isinstance(part, Generator) else Logits(built)
    first = torch.randn(2, 3) if isinstance(part, Generator) else torch.randn(2, 1, 16, 16)
    labels = torch.eye(3)[:2]
    traced: Any = torch.jit.trace(network, (first, labels))  # type: ignore[no-untyped-call]
    assert "PythonOp" not in str(traced.inlined_graph)
    torch.jit.save(traced, str(tmp_path / "network.pt"))
    torch.testing.assert_close(traced(first, labels), network(first, labels), rtol=1e-4, atol=1e-5)
