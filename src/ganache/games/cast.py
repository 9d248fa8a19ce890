"""The named networks of a game: how they are called, who learns, how they move."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from ganache.parts.moment import Moment
from ganache.parts.optimizers import Optimizer
from ganache.support.precision import FULL, Autocast
from ganache.support.world import here


@dataclass(frozen=True)
class Player:
    """Who moves at once: modules of the cast by name, and the optimiser of all their weights.

    Modules that stand `still`, parts of the others, are learnt by nobody.
    """

    optimizer: Optimizer
    modules: tuple[str, ...]
    still: tuple[nn.Module, ...] = ()


@runtime_checkable
class Marked(Protocol):
    """A module with numbers of its own to show."""

    def marks(self, now: Moment) -> Mapping[str, float]:
        """Return them by name, for a line of the log; the device may be waited for."""


class Cast:
    """Networks, modules with memory and players of a game; all of them are the state of a training.

    `networks` are what a game is made of; `memories` are augmentations, terms, pools: whatever else has tensors.
    """

    def __init__(
        self, networks: dict[str, nn.Module], memories: Mapping[str, nn.Module], players: dict[str, Player]
    ) -> None:
        self.networks = networks
        self.memories = dict(memories)
        self.players = players
        self.optimizers: dict[str, torch.optim.Optimizer] = {}
        self.autocast: Autocast = FULL
        self._resting: set[str] = set()

    @property
    def modules(self) -> dict[str, nn.Module]:
        """Every module by its name: networks first."""
        return self.networks | self.memories

    def marks(self, now: Moment) -> dict[str, float]:
        """Return what modules have to show at a moment, by the module's name and theirs: ``augment/probability``."""
        marked = {name: module.marks(now) for name, module in self.modules.items() if isinstance(module, Marked)}
        return {f"{name}/{what}": value for name, found in marked.items() for what, value in found.items()}

    def begin(self, autocast: Autocast) -> None:
        """Make ready to play, once the modules are on their device: in training mode, each player with an optimiser."""
        self.autocast = autocast
        for module in self.modules.values():
            module.train()
        for name, player in self.players.items():
            self.optimizers[name] = player.optimizer.build(self.weights(name))

    def weights(self, player: str) -> list[nn.Parameter]:
        """Return all weights that a player moves."""
        modules, found = self.modules, self.players[player]
        still = {weight for module in found.still for weight in module.parameters()}
        return [weight for name in found.modules for weight in modules[name].parameters() if weight not in still]

    def __call__(self, network: str, *inputs: Tensor) -> Any:
        """Return what a network makes of its inputs, in the precision of this training; a tensor comes as float32."""
        with self.autocast():
            made = self.networks[network](*inputs)
        return made.float()

    def train_only(self, player: str) -> None:
        """Let one player learn and freeze all others: no gradients are computed for their weights."""
        modules, own = self.modules, self.players[player].modules
        for name, module in modules.items():
            module.requires_grad_(name in own)
        for module in self.players[player].still:
            module.requires_grad_(False)

    def rest(self, player: str) -> None:
        """Let a player stand that moves at other times: until it does it is none of those `moving`."""
        self._resting.add(player)

    @property
    def moving(self) -> list[str]:
        """The players of whose moves a log shows something."""
        return [player for player in self.players if player not in self._resting]

    def update(self, player: str, loss: Tensor, now: Moment) -> None:
        """Move a player down the gradient of the mean of a per-sample loss (N,), at the rate of this moment."""
        optimizer = self.optimizers[player]
        self._resting.discard(player)
        self.players[player].optimizer.set(optimizer, now)
        optimizer.zero_grad(set_to_none=True)
        loss.mean().backward()  # type: ignore[no-untyped-call]
        if not loss.is_meta:  # a rehearsal has no numbers to move
            world = here()
            if world.size > 1:  # alone, not even the weights are looked up
                world.average([weight.grad for weight in self.weights(player) if weight.grad is not None])
            optimizer.step()
