"""The engine moves the weights as the documents' plain loops do: its speed costs no accuracy.

Both begin with the same networks and get the same pictures and latents. Dropout is off, since its masks are drawn in
another order.
"""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import ganache
from benchmarks.speed.pictures import draw, write_pictures
from benchmarks.speed.systems import DOCUMENTS, System, engine
from ganache.planning import Request
from ganache.players import ROLES
from ganache.state import TrainingState

PICTURES = 16  # a single batch: the loops differ in its order only
ITERATIONS = 3


class Called(nn.Sequential):
    """A copy of one of Ganache's networks, called as the plain loops call theirs; it keeps its inputs."""

    def __init__(self, network: nn.Module, *last: nn.Module) -> None:
        super().__init__(copy.deepcopy(network), *last)
        self.inputs: list[Tensor] = []

    def forward(self, values: Tensor) -> Tensor:
        values = values.flatten(1) if values.shape[2:] == (1, 1) else values
        self.inputs.append(values.detach())
        found: Tensor = self[0](values, torch.zeros(len(values), 0))
        for layer in list(self)[1:]:
            found = layer(found)
        return found


@pytest.mark.parametrize("system", DOCUMENTS, ids=lambda system: system.recipe)
def test_both_move_the_weights_alike(system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_pictures(system.shape, PICTURES, tmp_path / "store")
    store = str(tmp_path / "store")
    request = Request(store, system.recipe, device="cpu", precision="fp32", settings=system.small, batch=PICTURES)
    plan = ganache.plan(request)
    state = plan.build()
    _without_dropout(state)
    first = {role: _weights(state.players.networks[role]) for role in ROLES}

    theirs = _train_plainly(system, state, monkeypatch)
    latents = iter(theirs["generator"].inputs)
    monkeypatch.setattr(TrainingState, "draw_latents", lambda self: next(latents))
    loop = engine(plan, state)
    for _ in range(ITERATIONS):
        next(loop)

    for role in ROLES:
        moved = _weights(theirs[role]) - first[role]
        apart = _weights(state.players.networks[role]) - _weights(theirs[role])
        assert moved.norm() > 0
        # Not equal: where a gradient is all rounding, Adam's first steps go one way or the other.
        assert apart.norm() / moved.norm() < 0.02, role


def _without_dropout(state: TrainingState) -> None:
    for module in state.players.networks["discriminator"].modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0


def _train_plainly(system: System, state: TrainingState, monkeypatch: pytest.MonkeyPatch) -> dict[str, Called]:
    """Train copies of the state's networks in the document's loop and return them."""
    networks = state.players.networks
    probabilities = [nn.Sigmoid()] if system.recipe == "vanilla" else []  # its loss takes these, not logits
    copies = {
        "generator": Called(networks["generator"]),
        "discriminator": Called(networks["discriminator"], *probabilities),
    }
    # S1's loop draws rows with replacement.
    monkeypatch.setattr(torch, "randint", lambda high, size: torch.arange(high))
    assert system.loop is not None
    pictures = np.stack(list(draw(system.shape, PICTURES)))
    loop = system.loop(pictures, PICTURES, networks=tuple(copies.values()))
    for _ in range(ITERATIONS):
        next(loop)
    return copies


def _weights(network: nn.Module) -> Tensor:
    return torch.cat([weight.detach().flatten().clone() for weight in network.parameters()])
