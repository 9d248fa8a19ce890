"""Tiny recipes, data and states that several tests share."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganache.data import Batch
from ganache.data.shape import ImageShape
from ganache.engine.state import TrainingState
from ganache.games.players import ROLES, Players, Role
from ganache.games.recipe import Optimizers, Recipe
from ganache.games.step import TrainingBatch
from ganache.networks import MLPDiscriminator, MLPGenerator, Normal
from ganache.parts.augmentations import Augmenter
from ganache.parts.objectives import NonSaturating
from ganache.parts.optimizers import Adam
from ganache.support.precision import Autocast

SHAPE = ImageShape(1, 2, 2)
RATE = 0.125
CPU = torch.device("cpu")
FULL_PRECISION = Autocast("cpu", None)


def tiny_recipe(**fields: Any) -> Recipe:
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
    return Recipe(**{**defaults, **fields})


def tiny_state(recipe: Recipe, shape: ImageShape = SHAPE, labels: int = 0, seed: int = 0) -> TrainingState:
    """Return the state of a training on the CPU that has not begun."""
    return TrainingState(recipe, shape, labels, seed, CPU, FULL_PRECISION)


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


class Halved(Augmenter):
    """Halves every pixel, and keeps what it was given and when."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[Tensor] = []
        self.moments: list[int] = []

    def forward(self, images: Tensor, images_seen: int) -> Tensor:
        self.given.append(images.detach())
        self.moments.append(images_seen)
        return images / 2.0


def connected(labels: int = 0) -> tuple[nn.Module, nn.Module]:
    """Return a small fully connected generator and discriminator."""
    generator = MLPGenerator(latent=Normal(size=3), widths=(8,)).build(SHAPE, labels)
    return generator, MLPDiscriminator(widths=(8,), slope=0.2).build(SHAPE, labels)


def players_of(pair: tuple[nn.Module, nn.Module], augmenter: Augmenter | None = None) -> Players:
    """Return two networks that move by plain gradient descent, behind an augmentation that halves."""
    optimizers: dict[Role, Any] = {
        role: torch.optim.SGD(network.parameters(), lr=RATE) for role, network in zip(ROLES, pair, strict=True)
    }
    return Players(*pair, augmenter or Halved(), optimizers, FULL_PRECISION)


def batch_of(shape: ImageShape = SHAPE, labels: int = 0, count: int = 8) -> TrainingBatch:
    """Return random images whose labels take turns."""
    kinds = torch.eye(labels)[torch.arange(count) % labels] if labels else torch.zeros(count, 0)
    return TrainingBatch(torch.rand(count, shape.channels, shape.height, shape.width) * 2 - 1, kinds)
