"""The engine moves the weights as the documents' plain loops do: its speed costs no accuracy.

Both begin with the same networks and get the same pictures and latents, and compute in float64: Adam's first steps have
one length whatever the gradient's, so that float32's rounding, another one on each processor, moved weights apart by up
to 5% of their way. Dropout is off, since its masks are drawn in another order.
"""

import copy
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import ganache
from benchmarks.speed import plain
from benchmarks.speed.pictures import draw, write_pictures
from benchmarks.speed.systems import DOCUMENTS, System, engine
from ganache.engine.random_draws import StateDraws
from ganache.engine.state import TrainingState
from ganache.parts.terms import ROLES
from ganache.parts.verdict import Verdict
from ganache.training.plan import Request

PICTURES = 16  # a single batch: the loops differ in its order only
ITERATIONS = 3
# S2 takes the mean over reals and fakes together, half of our loss: Adam undoes that but for its ε, 1e-8.
APART = {"vanilla": 0.01}


class Called(nn.Sequential):
    """A copy of one of Ganache's networks, called as the plain loops call theirs; it keeps its inputs."""

    def __init__(self, network: nn.Module, *last: nn.Module) -> None:
        super().__init__(copy.deepcopy(network), *last)
        self.inputs: list[Tensor] = []

    def forward(self, values: Tensor) -> Tensor:
        values = values.flatten(1) if values.shape[2:] == (1, 1) else values
        self.inputs.append(values.detach())
        made = self[0](values, torch.zeros(len(values), 0))
        found: Tensor = made.logits if isinstance(made, Verdict) else made
        for layer in list(self)[1:]:
            found = layer(found)
        return found


@pytest.mark.usefixtures("in_double")
@pytest.mark.parametrize("system", DOCUMENTS, ids=lambda system: system.recipe)
def test_both_move_the_weights_alike(system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_pictures(system.shape, PICTURES, tmp_path / "store")
    store = str(tmp_path / "store")
    request = Request(
        data=store, recipe=system.recipe, device="cpu", precision="fp32", settings=system.small, batch=PICTURES
    )
    plan = ganache.plan(request)
    state = plan.build()
    for network in (*state.cast.networks.values(), state.average):
        network.double()
    _without_dropout(state)
    first = {role: _weights(state.cast.networks[role]) for role in ROLES}

    theirs = _train_plainly(system, state, monkeypatch)
    latents = iter(theirs["generator"].inputs)
    monkeypatch.setattr(StateDraws, "latents", lambda self, latent: next(latents))
    loop = engine(plan, state)
    for _ in range(ITERATIONS):
        next(loop)

    for role in ROLES:
        moved = _weights(theirs[role]) - first[role]
        apart = _weights(state.cast.networks[role]) - _weights(theirs[role])
        assert moved.norm() > 0
        assert apart.norm() / moved.norm() < APART.get(system.recipe, 1e-9), role


def _without_dropout(state: TrainingState) -> None:
    for module in state.cast.networks["discriminator"].modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0


def _train_plainly(system: System, state: TrainingState, monkeypatch: pytest.MonkeyPatch) -> dict[str, Called]:
    """Train copies of the state's networks in the document's loop and return them."""
    networks = state.cast.networks
    probabilities = [nn.Sigmoid()] if system.recipe == "vanilla" else []  # its loss takes these, not logits
    copies = {
        "generator": Called(networks["generator"]),
        "discriminator": Called(networks["discriminator"], *probabilities),
    }
    # The loops name their precision, and S1's draws rows with replacement.
    others = {"float32": torch.float64, "randint": lambda high, size: torch.arange(high)}
    monkeypatch.setattr(plain, "torch", types.SimpleNamespace(**{**vars(torch), **others}))
    assert system.loop is not None
    pictures = np.stack(list(draw(system.shape, PICTURES)))
    loop = system.loop(pictures, PICTURES, networks=tuple(copies.values()))
    for _ in range(ITERATIONS):
        next(loop)
    return copies


def _weights(network: nn.Module) -> Tensor:
    return torch.cat([weight.detach().flatten().clone() for weight in network.parameters()])
