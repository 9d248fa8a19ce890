"""Tiny recipes, data and states that several tests share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from pydantic import PrivateAttr
from torch import Tensor, nn

from ganache import recipes
from ganache.data import Batch, select
from ganache.data.shape import ImageShape
from ganache.engine.random_draws import StateDraws
from ganache.engine.state import TrainingState
from ganache.games import Game, Optimizers, TwoPlayers
from ganache.games.cast import Cast, Player
from ganache.games.game import Records, TrainingBatch
from ganache.games.inversion import Inversion
from ganache.games.marking import Marking, MarkOptimizers
from ganache.networks import FeatureEncoder, MLPDiscriminator, MLPGenerator
from ganache.parts.augmentations import Augmenter
from ganache.parts.critic import Critic
from ganache.parts.latents import Normal
from ganache.parts.moment import Moment
from ganache.parts.objectives import NonSaturating
from ganache.parts.optimizers import Adam, Optimizer
from ganache.parts.schedules import Linear
from ganache.parts.terms import ROLES, Move, Role
from ganache.parts.verdict import Verdict
from ganache.recipes.settings import with_settings
from ganache.support.precision import FULL

SHAPE = ImageShape(1, 2, 2)
RATE = 0.125
CPU = torch.device("cpu")


def tiny_recipe(**fields: Any) -> TwoPlayers:
    """Return a recipe of very small networks with some fields replaced."""
    adam = Adam(learning_rate=1e-2, betas=(0.5, 0.9))
    defaults: dict[str, Any] = {
        "name": "tiny",
        "generator": MLPGenerator(latent=Normal(size=3), widths=(8,)),
        "discriminator": MLPDiscriminator(widths=(8,), slope=0.2),
        "objective": NonSaturating(),
        "optimizers": Optimizers(generator=adam, discriminator=adam),
        "batch_size": 4,
    }
    return TwoPlayers(**{**defaults, **fields})


def tiny_marking(**fields: Any) -> Marking:
    """Return a game that marks a very small generator: twelve images for its reader, then the generator's turn."""
    adam = Adam(learning_rate=1e-2, betas=(0.5, 0.9), epsilon=1e-4)
    defaults: dict[str, Any] = {
        "name": "marking",
        "generator": MLPGenerator(latent=Normal(size=3), widths=(8,)),
        "reader": FeatureEncoder(body=MLPDiscriminator(widths=(8,), slope=0.2)),
        "message": "c5",
        "optimizers": MarkOptimizers(generator=adam, reader=adam),
        "learning": 12,
        "grain": 2,
        "strength": Linear(start=30.0, end=20.0, until=12),
        "batch_size": 4,
    }
    return Marking(**{**defaults, **fields})


def tiny_inversion(**fields: Any) -> Inversion:
    """Return a game in which a very small encoder learns to invert a generator as it was drawn."""
    defaults: dict[str, Any] = {
        "name": "inversion",
        "generator": MLPGenerator(latent=Normal(size=3), widths=(8,)),
        "discriminator": MLPDiscriminator(widths=(8,), slope=0.2),
        "encoder": FeatureEncoder(body=MLPDiscriminator(widths=(8,), slope=0.2)),
        "optimizer": Adam(learning_rate=1e-2, betas=(0.5, 0.9), epsilon=1e-4),
        "batch_size": 4,
    }
    return Inversion(**{**defaults, **fields})


def two_players(name: str, *settings: str) -> TwoPlayers:
    """Return the recipe with this name, which is a game of two players, with settings applied."""
    return set_in(recipes.find(name), *settings)


def set_in(recipe: Game, *settings: str) -> TwoPlayers:
    """Return a game of two players with ``field=value`` settings applied."""
    game = with_settings(recipe, list(settings)) if settings else recipe
    assert isinstance(game, TwoPlayers), game
    return game


def tiny_state(recipe: Game, shape: ImageShape = SHAPE, labels: int = 0, seed: int = 0) -> TrainingState:
    """Return the state of a training on the CPU that has not begun."""
    return TrainingState(recipe.settled(shape)[0], shape, labels, seed, CPU, FULL)


@dataclass(frozen=True)
class Noted:
    """What a player was given."""

    role: Role
    batch: TrainingBatch
    latents: Tensor
    now: Moment
    due: tuple[str, ...]
    rate: float  # its learning rate in this move


class Noting(TwoPlayers):
    """Notes what its players are given, in order; they move all the same."""

    _moves: list[Noted] = PrivateAttr(default_factory=list)

    @property
    def moves(self) -> list[Noted]:
        """What was noted."""
        return self._moves

    def move_discriminator(
        self, cast: Cast, batch: TrainingBatch, latents: Tensor, now: Moment, due: tuple[str, ...] = ()
    ) -> Records:
        """Move as usual."""
        records = super().move_discriminator(cast, batch, latents, now, due)
        self._note("discriminator", cast, (batch, latents, now, due))
        return records

    def move_generator(
        self, cast: Cast, batch: TrainingBatch, latents: Tensor, now: Moment, due: tuple[str, ...] = ()
    ) -> Records:
        """Move as usual."""
        records = super().move_generator(cast, batch, latents, now, due)
        self._note("generator", cast, (batch, latents, now, due))
        return records

    def _note(self, role: Role, cast: Cast, given: tuple[TrainingBatch, Tensor, Moment, tuple[str, ...]]) -> None:
        self._moves.append(Noted(role, *given, rate=cast.optimizers[role].param_groups[0]["lr"]))


def noting(**fields: Any) -> Noting:
    """Return a tiny recipe that notes its moves."""
    recipe = tiny_recipe(**fields)
    return Noting(**{name: getattr(recipe, name) for name in TwoPlayers.model_fields})


class NumberedStream:
    """Every pixel of row i has the value i modulo 251; labels take turns. `asked` keeps what was asked for."""

    def __init__(self, shape: ImageShape, classes: int, seed: int) -> None:
        self.count: int | None = None
        self.shape, self.classes, self.seed = shape, classes, seed
        self.asked: list[tuple[int, int]] = []

    def batch(self, position: int, count: int) -> Batch:
        """Return the rows from `position` on."""
        self.asked.append((position, count))
        rows = np.arange(position, position + count)
        values = (rows % 251).astype(np.uint8)[:, None, None, None]
        images = np.broadcast_to(values, (count, self.shape.channels, self.shape.height, self.shape.width)).copy()
        labels = rows % self.classes if self.classes else np.full(count, -1)
        return Batch(images, labels.astype(np.int64))


class Numbered:
    """A data set whose rows can be told apart by their pixels."""

    name = "numbered"
    count: int | None = None

    def __init__(self, shape: ImageShape = SHAPE, classes: int = 0, fingerprint: str = "f" * 64) -> None:
        self.shape, self.classes, self.fingerprint = shape, classes, fingerprint
        self.label_names = tuple(f"class {index}" for index in range(classes))
        self.streams: list[NumberedStream] = []

    def summary(self) -> dict[str, Any]:
        """Return nothing of note."""
        return {}

    def rows_by_label(self, split: str = "train") -> None:
        """Return None: there is no end."""

    def stream(self, seed: int, labels: Sequence[str] = (), split: str = "train") -> NumberedStream:
        """Return a stream and remember it."""
        self.streams.append(NumberedStream(self.shape, self.classes, seed))
        return self.streams[-1]


def draws_of(state: TrainingState, classes: int = 0) -> StateDraws:
    """Return a state's draws from rows that can be told apart."""
    return StateDraws(select(Numbered(state.shape, classes=classes)), state)


class Halved(Augmenter):
    """Halves every pixel, and keeps what it was given and when."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[Tensor] = []
        self.moments: list[int] = []

    def forward(self, images: Tensor, now: Moment) -> Tensor:
        self.given.append(images.detach())
        self.moments.append(now.images_seen)
        return images / 2.0


def connected(conditions: int = 0) -> tuple[nn.Module, nn.Module]:
    """Return a small fully connected generator and discriminator."""
    generator = MLPGenerator(latent=Normal(size=3), widths=(8,)).build(SHAPE, conditions)
    return generator, MLPDiscriminator(widths=(8,), slope=0.2).build(SHAPE, conditions)


class Descent(Optimizer):
    """Plain gradient descent."""

    rate: float = RATE

    def build(self, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
        """Return torch's."""
        return torch.optim.SGD(parameters, lr=self.rate)

    def set(self, optimizer: torch.optim.Optimizer, now: Moment) -> None:
        """Leave the rate."""


def logits_of(discriminator: nn.Module, images: Tensor, conditions: Tensor) -> Tensor:
    """Return the logits (N, …) of a network's verdict."""
    return Verdict.of(discriminator(images, conditions)).logits


def cast_of(pair: tuple[nn.Module, nn.Module], augmenter: Augmenter | None = None) -> Cast:
    """Return two networks that move by plain gradient descent, behind an augmentation that halves."""
    networks: dict[str, nn.Module] = dict(zip(ROLES, pair, strict=True))
    cast = Cast(networks, {"augment": augmenter or Halved()}, {role: Player(Descent(), (role,)) for role in ROLES})
    cast.begin(FULL)
    return cast


def discriminator_step(
    cast: Cast, batch: TrainingBatch, latents: Tensor, recipe: TwoPlayers, now: Moment, due: Sequence[str] = ()
) -> Records:
    """Move the discriminator of a cast by a recipe, whose terms join the cast."""
    cast.memories |= recipe.build_terms(SHAPE, batch.conditions.shape[1])
    return recipe.move_discriminator(cast, batch, latents, now, tuple(due))


def generator_step(
    cast: Cast, batch: TrainingBatch, latents: Tensor, recipe: TwoPlayers, now: Moment, due: Sequence[str] = ()
) -> Records:
    """Move the generator, likewise."""
    cast.memories |= recipe.build_terms(SHAPE, batch.conditions.shape[1])
    return recipe.move_generator(cast, batch, latents, now, tuple(due))


def move_of(critic: Critic, reals: Tensor, fakes: Tensor | None = None, conditions: Tensor | None = None) -> Move:
    """Return a move of which only what is given is known: all else is NaN, and the critic was not asked before."""
    unknown = torch.full_like(reals, float("nan"))
    said = Verdict(unknown.flatten(1)[:, :1])
    told = reals.new_zeros(len(reals), 0) if conditions is None else conditions
    return Move(critic, {}, unknown.flatten(1), told, reals, unknown if fakes is None else fakes, None, said)


def batch_of(shape: ImageShape = SHAPE, labels: int = 0, count: int = 8) -> TrainingBatch:
    """Return random images whose labels take turns."""
    kinds = torch.eye(labels)[torch.arange(count) % labels] if labels else torch.zeros(count, 0)
    return TrainingBatch(torch.rand(count, shape.channels, shape.height, shape.width) * 2 - 1, kinds)
