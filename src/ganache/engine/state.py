"""The complete state of a training: all that decides what comes next, as named tensors and counters."""

import dataclasses
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ganache.data.shape import ImageShape
from ganache.engine.average import WeightAverage
from ganache.engine.devices import memory_format_for
from ganache.games.players import ROLES, Players
from ganache.games.recipe import Recipe
from ganache.games.step import Moment, Records
from ganache.parts.schedules import at
from ganache.support.precision import Autocast
from ganache.support.streams import Streams, derive


@dataclass
class Counters:
    """Where a training stands."""

    images_seen: int = 0  # reals that the discriminator learnt from
    images_drawn: int = 0  # reals taken from the data, for either player
    critic_updates: int = 0
    rollbacks: int = 0  # each gives all streams a new seed, or the same accident would happen again


@dataclass
class Tally:
    """Sums of what the steps recorded since the last line of the log, on the device, in float64."""

    entries: dict[str, Tensor] = field(default_factory=dict)  # name → (sum, count)

    def add(self, records: Records) -> None:
        """Add per-sample values (N,)."""
        for name, values in records.items():
            exact = torch.float32 if values.device.type == "mps" else torch.float64  # Apple's GPUs have no float64
            total = torch.stack([values.sum(dtype=exact), values.new_full((), len(values), dtype=exact)])
            self.entries[name] = self.entries[name] + total if name in self.entries else total

    def check_finite(self) -> None:
        """Raise NonFiniteError naming the first record that holds a NaN or an infinity."""
        for name, entry in self.entries.items():
            if not bool(torch.isfinite(entry).all()):
                raise NonFiniteError(name)

    def means(self) -> dict[str, float]:
        """Return each name's mean."""
        return {name: float(entry[0] / entry[1]) for name, entry in sorted(self.entries.items())}


class TrainingState:
    """Networks, average, optimisers, augmentation, streams, counters, and the sums for the next log line.

    Built anew it is a pure function of (recipe, shape, labels, seed); `load` puts a saved one in its place.
    """

    def __init__(
        self, recipe: Recipe, shape: ImageShape, labels: int, seed: int, device: torch.device, autocast: Autocast
    ) -> None:
        self.recipe, self.shape, self.seed, self.device = recipe, shape, seed, device
        self.labels = labels if recipe.conditional else 0
        torch.manual_seed(derive(seed, "weights"))
        built = {role: getattr(recipe, role).build(shape, self.labels) for role in ROLES}
        generator, discriminator = (
            network.to(device, memory_format=memory_format_for(role, autocast)).train()
            for role, network in built.items()
        )
        self.average = WeightAverage(generator)
        self.players = Players(
            generator,
            discriminator,
            recipe.augment.build(shape).to(device),
            {
                "generator": recipe.optimizers.generator.build(list(generator.parameters())),
                "discriminator": recipe.optimizers.discriminator.build(list(discriminator.parameters())),
            },
            autocast,
        )
        self.counters = Counters()
        self.best: dict[str, Tensor] = {}  # the average generator that scored best; empty where none is evaluated
        self.tally = Tally()
        self.streams = Streams(self.streams_seed, device)

    @property
    def streams_seed(self) -> int:
        """The seed of the data's order and of the streams; another one after each rollback."""
        return derive(self.seed, "rollback", self.counters.rollbacks) if self.counters.rollbacks else self.seed

    def moment(self) -> Moment:
        """Return the schedules' values now, and set the optimisers' learning rates to theirs."""
        seen = self.counters.images_seen
        self.recipe.optimizers.generator.set(self.players.optimizers["generator"], seen)
        self.recipe.optimizers.discriminator.set(self.players.optimizers["discriminator"], seen)
        due = {
            name: at(weighted.weight, seen) * weighted.every
            for name, weighted in self.recipe.penalties.items()
            if self.counters.critic_updates % weighted.every == 0
        }
        terms = {name: at(term.weight, seen) for name, term in self.recipe.generator_terms.items()}
        return Moment(seen, due, at(self.recipe.label_flips, seen), at(self.recipe.adversarial, seen), terms)

    def rates(self) -> dict[str, float]:
        """Return the learning rates that the optimisers have now."""
        return {f"learning_rate/{role}": float(self.players.optimizers[role].param_groups[0]["lr"]) for role in ROLES}

    def draw_latents(self) -> Tensor:
        """Return the next batch of latents (N, Z)."""
        return self.recipe.generator.latent.draw(self.recipe.batch_size, self.streams.latents)

    def modules(self) -> dict[str, nn.Module]:
        """Return every module whose tensors belong to the state."""
        networks = self.players.networks
        return {
            "generator": networks["generator"],
            "discriminator": networks["discriminator"],
            "average": self.average.network,
            "augment": self.players.augmenter,
        }

    def tensors(self) -> dict[str, Tensor]:
        """Return every tensor of the state by name; they are the state itself, not copies."""
        found: dict[str, Tensor] = {}
        for prefix, module in self.modules().items():
            found |= {f"{prefix}/{name}": tensor for name, tensor in module.state_dict().items()}
        for role in ROLES:
            optimizer = self.players.optimizers[role]
            for name, parameter in self.players.networks[role].named_parameters():
                for key, value in optimizer.state.get(parameter, {}).items():
                    found[f"optimizer/{role}/{name}/{key}"] = value
        found |= {f"best/{name}": value for name, value in self.best.items()}
        found |= {f"stream/{name}": value for name, value in self.streams.tensors().items()}
        return found | {f"tally/{name}": entry for name, entry in self.tally.entries.items()}

    def load(self, tensors: dict[str, Tensor], counters: dict[str, int]) -> None:
        """Put a saved state in the place of this one; every tensor keeps its layout and device."""
        for prefix, module in self.modules().items():
            module.load_state_dict(_under(tensors, f"{prefix}/"))
        for role in ROLES:
            self.players.optimizers[role].state.clear()
            for name, parameter in self.players.networks[role].named_parameters():
                for key, value in _under(tensors, f"optimizer/{role}/{name}/").items():
                    # A moment has its parameter's shape and layout; a step count is a scalar.
                    like = parameter.detach() if value.shape == parameter.shape else value.to(parameter.device)
                    self.players.optimizers[role].state[parameter][key] = torch.empty_like(like).copy_(value)
        self.counters = Counters(**counters)
        # Copies: what was read may be the file itself, mapped into memory, which Windows then would not delete.
        self.best = {name: value.to(self.device, copy=True) for name, value in _under(tensors, "best/").items()}
        self.streams.load(_under(tensors, "stream/"))
        entries = _under(tensors, "tally/").items()
        self.tally = Tally({name: entry.to(self.device, copy=True) for name, entry in entries})

    def counts(self) -> dict[str, int]:
        """Return the counters as a dictionary."""
        return dataclasses.asdict(self.counters)

    def reseed_after_rollback(self, rollbacks: int) -> None:
        """Give every stream a new seed, so that what led to a non-finite number does not come again."""
        self.counters.rollbacks = rollbacks
        self.streams = Streams(self.streams_seed, self.device)

    def check_finite(self) -> None:
        """Raise NonFiniteError naming the first tensor that holds a NaN or an infinity."""
        for name, tensor in self.tensors().items():
            if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                raise NonFiniteError(name)


class NonFiniteError(ArithmeticError):
    """A tensor of the state is no longer a number; its name is the message."""


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
