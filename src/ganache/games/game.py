"""What a game is: named networks that move in turn on batches of data.

Equal inputs give equal outputs: batches, latents and the moment come in, detached per-sample values come out under
stable names. Where the randomness comes from and what happens to the values is the engine's matter.
"""

import abc
from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

import torch
from pydantic import Field
from torch import Tensor

from ganache.data.shape import ImageShape
from ganache.data.twofold.sides import Meeting
from ganache.games.cast import Cast
from ganache.networks.base import Generator
from ganache.networks.translators import Translator
from ganache.parts.critic import Critic
from ganache.parts.latents import Latent
from ganache.parts.moment import Moment
from ganache.parts.objectives import per_sample
from ganache.parts.part import Part
from ganache.parts.schedules import NonNegative, over_budget
from ganache.support.world import batch_mean

Records = dict[str, Tensor]  # name → (N,), detached


@dataclass(frozen=True)
class TrainingBatch:
    """Reals (N, C, H, W) float32 in [-1, 1] and their conditions (N, K); K is 0 when the game is told none."""

    reals: Tensor
    conditions: Tensor


class Draws(Protocol):
    """All that an iteration takes from outside; each answer is a function of seed, name and position."""

    def batch(self) -> TrainingBatch:
        """Return the next batch of the data."""

    def nothing(self) -> TrainingBatch:
        """Return a batch without reals and conditions, for a player that needs neither."""

    def latents(self, latent: Latent) -> Tensor:
        """Return the next latents (N, Z), as many as a batch has images."""


@dataclass(frozen=True)
class Product:
    """What is kept of a game to be used afterwards: the average of one of its networks, and what builds it."""

    network: str
    config: Part
    is_reverse: bool = False  # of a translator: whether it makes inputs of targets


class Game(Part, abc.ABC):
    """Who plays and how: builds its cast, plays one iteration of it, names its products."""

    # Whether several processes can train it together: its players move by `Cast.update` alone.
    can_be_shared: ClassVar[bool] = True
    name: str = Field(min_length=1)
    batch_size: int = Field(default=64, ge=1, le=65536)
    ema_half_life: NonNegative = 0.0  # images after which a weight counts half in the average; 0: no averaging
    conditional: bool = False  # whether the networks are told the images' labels
    # How many images of a held-out split the discriminator is examined on after each pass over the data.
    held_out: int = Field(default=1_000, ge=0)
    images: int = Field(default=1_000_000, ge=1)  # the budget when none is asked for

    not_captured: ClassVar[str] = ""  # why an iteration cannot be captured as a graph on a GPU, where that is so

    @property
    def images_per_iteration(self) -> int:
        """How many images an iteration counts as seen."""
        return self.batch_size

    @property
    def meeting(self) -> Meeting | None:
        """How inputs and targets meet in the data that it learns from; None: its data are images that stand alone."""
        return None

    def settled(self, shape: ImageShape, budget: int | None = None) -> tuple[Self, tuple[str, ...]]:
        """Return the game with what it leaves to a plan chosen for images of a shape, and a sentence for each choice.

        `budget` is how many images it will see, its own number where nobody says. What is built, played and kept is a
        game that leaves nothing.
        """
        budget = self.images if budget is None else budget
        made = over_budget(self, budget)
        return made, () if made is self else (f"what changes until the budget ends does so over {budget:,} images",)

    @abc.abstractmethod
    def build(self, shape: ImageShape, conditions: int) -> Cast:
        """Return the cast for images of a shape and conditions of so many values; all that is built is the state.

        Raises UserError when a network cannot have this shape.
        """

    @abc.abstractmethod
    def play(self, cast: Cast, draw: Draws, now: Moment) -> Records:
        """Play one iteration; nothing but `draw` and torch's default generators brings numbers from outside."""

    def phase(self, iteration: int) -> Hashable:
        """Return which kind of iteration comes after so many: all of one kind do the same operations.

        A game whose `play` reads the iteration's number says here what for.
        """
        return ()

    @abc.abstractmethod
    def products(self) -> tuple[Product, ...]:
        """Return what is used afterwards; samples are drawn from the first one that is a generator."""

    @property
    def draws(self) -> bool:
        """Whether there is a generator, from which samples can be drawn."""
        return any(isinstance(product.config, Generator) for product in self.products())

    @property
    def sampled(self) -> Product:
        """What samples are drawn from, where there is anything."""
        return next(product for product in self.products() if isinstance(product.config, Generator))

    @property
    def translators(self) -> tuple[Product, ...]:
        """The products that make a picture of a picture."""
        return tuple(product for product in self.products() if isinstance(product.config, Translator))

    @property
    def sampler(self) -> Generator:
        """The configuration of the network that samples are drawn from."""
        config = self.sampled.config
        assert isinstance(config, Generator), config
        return config

    def critic(self, cast: Cast, now: Moment) -> Critic | None:
        """Return what judges single images at this moment of training; None where nothing does."""
        return None

    def shown(self, cast: Cast, reals: Tensor) -> Tensor:
        """Return reals (N, C, H, W) as the critic is shown them at the moment at which the cast stands."""
        return reals

    def boundary(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return the logit (scalar) above which the critic takes an image for real: here midway between the means."""
        return (batch_mean(real_logits) + batch_mean(fake_logits)) / 2.0

    def check(self, cast: Cast, shape: ImageShape, conditions: int) -> None:
        """Raise UserError for networks that do not fit the data or each other; the cast has shapes and no numbers.

        A game need not override this: its first iteration is then played on shapes alone.
        """
        cast.begin(cast.autocast)
        self.play(cast, _Shapes(self.batch_size, shape, conditions), Moment())


class _Shapes:
    """Draws that have a shape and no numbers."""

    def __init__(self, size: int, shape: ImageShape, conditions: int) -> None:
        self._size, self._shape, self._conditions = size, shape, conditions

    def batch(self) -> TrainingBatch:
        shape = self._shape
        images = torch.empty(self._size, shape.channels, shape.height, shape.width, device="meta")
        return TrainingBatch(images, torch.empty(self._size, self._conditions, device="meta"))

    def nothing(self) -> TrainingBatch:
        full = self.batch()
        return TrainingBatch(full.reals[:0], full.conditions[:, :0])

    def latents(self, latent: Latent) -> Tensor:
        return torch.empty(self._size, latent.size, device="meta")


def recorded(values: dict[str, Tensor]) -> Records:
    """Return values (N, …) as records: detached, the mean over everything but the samples."""
    return {name: per_sample(value.detach()) for name, value in values.items()}


def told_apart(loss: Tensor, real_logits: Tensor, fake_logits: Tensor, boundary: Tensor) -> dict[str, Tensor]:
    """Return what is recorded of a discriminator's move: loss (N,), logits (N, …), and who was taken for what he is."""
    return {
        "loss/discriminator": loss,
        "logits/real": real_logits,
        "logits/fake": fake_logits,
        "accuracy/real": (real_logits > boundary).float(),
        "accuracy/fake": (fake_logits < boundary).float(),
    }


def joined(moves: list[Records]) -> Records:
    """Return the records of several moves as one, those of the same name one after the other."""
    found: dict[str, list[Tensor]] = {}
    for records in moves:
        for name, values in records.items():
            found.setdefault(name, []).append(values)
    return {name: parts[0] if len(parts) == 1 else torch.cat(parts) for name, parts in found.items()}
