"""What a run is served with: a generator that draws, or translators that make pictures of pictures."""

import abc
from collections.abc import Mapping
from typing import Any

from ganache.data.ranges import recorded_ranges
from ganache.data.twofold.preparation import Preparation
from ganache.drawing.spaces import StyleSpace, space_of
from ganache.runs.encoders import TrainedEncoder
from ganache.runs.products import TrainedGenerator
from ganache.runs.trained_translators import TrainedTranslator
from ganache.support.errors import UserError


class Served(abc.ABC):
    """A run by its name."""

    name: str

    @abc.abstractmethod
    def described(self) -> dict[str, Any]:
        """Return what its users may know of it; `height`, `width` and `channels` are of what it makes."""


class Trained(Served):
    """A generator, and its encoder where there is one."""

    def __init__(self, name: str, generator: TrainedGenerator, encoder: TrainedEncoder | None = None) -> None:
        self.name, self.generator, self.encoder = name, generator, encoder
        self.space = space_of(generator)
        self.ranges = recorded_ranges(generator.description.get("ranges"))

    def described(self) -> dict[str, Any]:
        """Return what it draws, and how it can be asked."""
        generator, shape = self.generator, self.generator.shape
        return {
            "name": self.name,
            "recipe": str(generator.description.get("recipe", "")),
            "height": shape.height,
            "width": shape.width,
            "channels": shape.channels,
            "points": shape.is_point,
            "classes": list(generator.label_names),
            "truncation": self._truncates(),
            "layers": self.space.layers if isinstance(self.space, StyleSpace) else 0,
            "encoder": self.encoder is not None,
            "latents": generator.config.latent.size,
            "directions": {},
            "ranges": None if self.ranges is None else self.ranges._asdict(),
            "images_seen": generator.description.get("images_seen"),
            "weights": generator.weights,
        }

    def _truncates(self) -> bool:
        try:
            self.generator.truncated(0.5)
        except UserError:
            return False
        return True


def drawing(served: Served) -> Trained:
    """Return a run that draws, as the endpoints have made sure."""
    assert isinstance(served, Trained), f"{served.name!r} draws nothing"
    return served


def translating(served: Served) -> "TrainedWays":
    """Return a run that translates, as the endpoints have made sure."""
    assert isinstance(served, TrainedWays), f"{served.name!r} translates nothing"
    return served


class TrainedWays(Served):
    """Translators by their directions, of which the first is there in any case."""

    def __init__(self, name: str, translators: Mapping[str, TrainedTranslator]) -> None:
        self.name, self.translators = name, translators
        self.preparations = {
            direction: Preparation.of(one.description, one.inputs, one.targets)
            for direction, one in translators.items()
        }

    def described(self) -> dict[str, Any]:
        """Return which ways lead where, and how pictures are prepared for each; nothing is drawn of nothing."""
        first = next(iter(self.translators.values()))
        return {
            "name": self.name,
            "recipe": str(first.description.get("recipe", "")),
            "height": first.targets.height,
            "width": first.targets.width,
            "channels": first.targets.channels,
            "points": False,
            "classes": [],
            "truncation": False,
            "layers": 0,
            "encoder": False,
            "latents": 0,
            "directions": {direction: self._way(direction) for direction in self.translators},
            "ranges": None,
            "images_seen": first.description.get("images_seen"),
            "weights": first.weights,
        }

    def _way(self, direction: str) -> dict[str, Any]:
        """Return to what a picture is brought, how many times larger it becomes, and how deep files are read."""
        translator, preparation = self.translators[direction], self.preparations[direction]
        shape, ranges = preparation.shape, preparation.ranges
        return {
            "height": shape.height,
            "width": shape.width,
            "channels": shape.channels,
            "scale": preparation.use.scale,
            "ranges": None if ranges is None else ranges._asdict(),
            "weights": translator.weights,
        }
