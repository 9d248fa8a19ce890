"""The complete state of a training: all that decides what comes next, as named tensors and counters."""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.engine.average import WeightAverage
from ganache.engine.batch_norm import normalise_together
from ganache.engine.devices import memory_format_for
from ganache.games.game import Game, Records
from ganache.parts.moment import Moment
from ganache.support.precision import Autocast
from ganache.support.streams import derive
from ganache.support.world import ALONE, World


@dataclass
class Counters:
    """Where a training stands."""

    images_seen: int = 0  # reals that the discriminator learnt from
    images_drawn: int = 0  # reals taken from the data, for either player
    iterations: int = 0
    rollbacks: int = 0  # each gives all that is drawn a new seed, or the same accident would happen again


@dataclass
class Tally:
    """Sums of what the steps recorded since the last line of the log, on the device, in float64.

    They are added to in place, and stay the same tensors from line to line: a graph may add to them.
    """

    entries: dict[str, Tensor] = field(default_factory=dict)  # name → (sum, count)
    _cleared: dict[str, Tensor] = field(default_factory=dict)  # of names without a record since the last line

    def add(self, records: Records) -> None:
        """Add per-sample values (N,)."""
        for name, values in records.items():
            exact = torch.float32 if values.device.type == "mps" else torch.float64  # Apple's GPUs have no float64
            total = torch.stack([values.sum(dtype=exact), values.new_full((), len(values), dtype=exact)])
            if name not in self.entries:
                self.entries[name] = self._cleared.pop(name) if name in self._cleared else torch.zeros_like(total)
            self.entries[name].add_(total)

    def note(self, names: Iterable[str]) -> None:
        """Take notice of records that a graph has added."""
        self.entries |= {name: self._cleared.pop(name) for name in names if name in self._cleared}

    def clear(self) -> None:
        """Begin the next line."""
        for entry in self.entries.values():
            entry.zero_()
        self._cleared |= self.entries
        self.entries = {}

    def gather(self, world: World) -> None:
        """Add up what all processes recorded, who must have recorded the same names."""
        if world.size > 1 and self.entries:
            names = sorted(self.entries)
            totals = world.sum(torch.stack([self.entries[name] for name in names]))
            for name, total in zip(names, totals, strict=True):
                self.entries[name].copy_(total)

    def leave_to_first(self, world: World) -> None:
        """Leave what was gathered to process 0, so that it is not added up again."""
        if world.rank:
            for entry in self.entries.values():
                entry.zero_()

    def check_finite(self) -> None:
        """Raise NonFiniteError naming the first record that holds a NaN or an infinity."""
        for name, entry in self.entries.items():
            if not bool(torch.isfinite(entry).all()):
                raise NonFiniteError(name)

    def means(self) -> dict[str, float]:
        """Return each name's mean."""
        return {name: float(entry[0] / entry[1]) for name, entry in sorted(self.entries.items())}


class TrainingState:
    """A game's cast, the averages of its products, counters, and the sums for the next log line.

    Built anew it is a pure function of (recipe, shape, labels, seed); `load` puts a saved one in its place. There is no
    state of a random generator: what is drawn is a function of seed and counters.
    """

    def __init__(
        self,
        recipe: Game,
        shape: ImageShape,
        labels: int,
        seed: int,
        device: torch.device,
        autocast: Autocast,
        world: World = ALONE,
    ) -> None:
        self.recipe, self.shape, self.seed, self.device, self.world = recipe, shape, seed, device, world
        self.conditions = labels if recipe.conditional else 0
        torch.manual_seed(derive(seed, "weights"))
        self.cast = recipe.build(shape, self.conditions)
        products = recipe.products()
        makers = {product.network for product in (*products[: recipe.draws], *recipe.translators)}
        for name, network in self.cast.networks.items():
            layout = memory_format_for("making" if name in makers else "reading", autocast)
            network.to(device, memory_format=layout)  # type: ignore[call-overload]
        for module in self.cast.memories.values():
            module.to(device)
        for module in self.cast.modules.values() if world.size > 1 else ():
            normalise_together(module)
        self.cast.begin(autocast)
        self.averages = {product.network: WeightAverage(self.cast.networks[product.network]) for product in products}
        self.counters = Counters()
        self.best: dict[str, Tensor] = {}  # the average generator that scored best; empty where none is evaluated
        self.tally = Tally()
        self.loads = 0  # how often all tensors were replaced

    @property
    def average(self) -> nn.Module:
        """The average of the network that samples are drawn from."""
        return self.averages[self.recipe.sampled.network].network

    @property
    def streams_seed(self) -> int:
        """The seed of the data's order and of all that is drawn; another one after each rollback."""
        return derive(self.seed, "rollback", self.counters.rollbacks) if self.counters.rollbacks else self.seed

    @property
    def now(self) -> Moment:
        """The moment at which the training stands."""
        return Moment(self.counters.images_seen, self.counters.iterations)

    def rates(self) -> dict[str, float]:
        """Return the learning rates that the moving players' optimisers have now."""
        optimizers = self.cast.optimizers
        return {f"learning_rate/{name}": float(optimizers[name].param_groups[0]["lr"]) for name in self.cast.moving}

    def modules(self) -> dict[str, nn.Module]:
        """Return every module whose tensors belong to the state."""
        return self.cast.modules | {f"average/{name}": average.network for name, average in self.averages.items()}

    def tensors(self) -> dict[str, Tensor]:
        """Return every tensor of the state by name; they are the state itself, not copies."""
        found: dict[str, Tensor] = {}
        for prefix, module in self.modules().items():
            found |= {f"{prefix}/{name}": tensor for name, tensor in module.state_dict().items()}
        for optimizer, prefix, parameter in self._moved():
            found |= {f"{prefix}/{key}": value for key, value in optimizer.state.get(parameter, {}).items()}
        found |= {f"best/{name}": value for name, value in self.best.items()}
        return found | {f"tally/{name}": entry for name, entry in self.tally.entries.items()}

    def load(self, tensors: dict[str, Tensor], counters: dict[str, int]) -> None:
        """Put a saved state in the place of this one; every tensor keeps its layout and device."""
        for prefix, module in self.modules().items():
            module.load_state_dict(_under(tensors, f"{prefix}/"))
        for optimizer in self.cast.optimizers.values():
            optimizer.state.clear()
        for optimizer, prefix, parameter in self._moved():
            for key, value in _under(tensors, f"{prefix}/").items():
                # A moment has its parameter's shape and layout; a step count is a scalar.
                like = parameter.detach() if value.shape == parameter.shape else value.to(parameter.device)
                optimizer.state[parameter][key] = torch.empty_like(like).copy_(value)
        self.counters = Counters(**counters)
        self.loads += 1
        # Copies: what was read may be the file itself, mapped into memory, which Windows then would not delete.
        self.best = {name: value.to(self.device, copy=True) for name, value in _under(tensors, "best/").items()}
        entries = _under(tensors, "tally/").items()
        self.tally = Tally({name: entry.to(self.device, copy=True) for name, entry in entries})

    def spread(self) -> None:
        """Give every process the state that process 0 has, whose sums for the log stay its own."""
        tensors, counters = self.world.copied(self.tensors()), self.world.told(self.counts())
        if self.world.rank:
            self.load({name: one for name, one in tensors.items() if not name.startswith("tally/")}, counters)

    def _moved(self) -> Iterator[tuple[torch.optim.Optimizer, str, nn.Parameter]]:
        """Yield every weight that moves, with its optimiser and the name under which that one's memory of it is."""
        modules = self.cast.modules
        for player, optimizer in self.cast.optimizers.items():
            for module in self.cast.players[player].modules:
                for name, parameter in modules[module].named_parameters():
                    yield optimizer, f"optimizer/{module}/{name}", parameter

    def counts(self) -> dict[str, int]:
        """Return the counters as a dictionary."""
        return dataclasses.asdict(self.counters)

    def check_finite(self) -> None:
        """Raise NonFiniteError naming the first tensor that holds a NaN or an infinity."""
        for name, tensor in self.tensors().items():
            if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                raise NonFiniteError(name)


class NonFiniteError(ArithmeticError):
    """A tensor of the state is no longer a number; its name is the message."""


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
