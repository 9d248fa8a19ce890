"""A run's log as the doctor reads it: the same numbers at its beginning, in its middle and at its end."""

import math
import statistics
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ganache.games import Game, TwoPlayers
from ganache.support.json_files import is_number

MOVEMENT = "movement/"  # and a player's name: how far its steps are
PAIR = ("generator", "discriminator")  # the players of most games
FEWEST = 3  # values in a part of the run, for its median to mean something

_PARTS = {"early": (0.0, 0.25), "middle": (0.25, 0.75), "late": (0.75, 1.0), "second half": (0.5, 1.0)}


class Chart:
    """A log read line by line in the order of training, with the run's recipe and what its run.json says.

    Every number is NaN where too little was measured. NaN is neither above nor below any bound, so a rule that asks for
    what is missing does not hold.
    """

    def __init__(self, lines: Iterable[Mapping[str, Any]], recipe: Game, record: dict[str, Any]) -> None:
        self.game, self.record = recipe, record
        self.images_seen = 0
        self._columns: dict[str, tuple[list[int], list[float]]] = {}  # name → where it was measured, and what
        for line in lines:
            self.add(line)

    def add(self, line: Mapping[str, Any]) -> None:
        """Read one more line; what is no finite number in it was not measured."""
        self.images_seen = int(line["images_seen"])
        for name, value in line.items():
            if is_number(value):
                places, values = self._columns.setdefault(name, ([], []))
                places.append(self.images_seen)
                values.append(float(value))

    @property
    def recipe(self) -> TwoPlayers:
        """The game, where it is one of two players: the only one for which remedies are known."""
        assert isinstance(self.game, TwoPlayers)
        return self.game

    @property
    def generator_updates(self) -> float:
        """How often the generator has moved."""
        steps = self.game.generator_steps if isinstance(self.game, TwoPlayers) else 1
        return self.images_seen / self.game.images_per_iteration * steps

    @property
    def players(self) -> tuple[str, ...]:
        """Who is known to move, by the names in the log; the usual two where nobody's steps were measured."""
        found = [name.removeprefix(MOVEMENT) for name in self._columns if name.startswith(MOVEMENT)]
        return (*(name for name in PAIR if name in found or not found), *(name for name in found if name not in PAIR))

    @property
    def ways(self) -> tuple[str, ...]:
        """The ways from picture to picture on which there is a translator: ``a_to_b``, and perhaps back."""
        return tuple(product.network for product in self.game.translators)

    @property
    def is_of_points(self) -> bool:
        """Whether the data are points of a density."""
        return list(self.record.get("data", {}).get("shape", []))[1:] == [1, 1]

    def has(self, *names: str) -> bool:
        """Whether all of these were measured often enough at the end to be judged."""
        return all(len(self.values(name)) >= FEWEST for name in names)

    def early(self, name: str) -> float:
        """Return the median of a measurement in the first quarter of the images seen so far."""
        return self._summary(statistics.median, name, "early")

    def middle(self, name: str) -> float:
        """Return the median in the second and third quarter."""
        return self._summary(statistics.median, name, "middle")

    def late(self, name: str) -> float:
        """Return the median in the last quarter."""
        return self._summary(statistics.median, name, "late")

    def deviation(self, name: str) -> float:
        """Return the standard deviation in the last quarter."""
        return self._summary(statistics.pstdev, name, "late")

    def wandering(self, name: str) -> float:
        """Return the standard deviation in the last half."""
        return self._summary(statistics.pstdev, name, "second half")

    def turning(self, name: str) -> float:
        """Return the standard deviation in the last half of what a straight way leaves over."""

        def leftover(values: list[float]) -> float:
            slope, start = statistics.linear_regression(range(len(values)), values)
            return statistics.pstdev(value - start - slope * place for place, value in enumerate(values))

        return self._summary(leftover, name, "second half")

    def values(self, name: str, part: str = "late") -> list[float]:
        """Return a measurement's values in a part of the run."""
        places, values = self._columns.get(name, ([], []))
        first, last = (bisect_right(places, share * self.images_seen) for share in _PARTS[part])
        return values[first:last]

    def _summary(self, summarise: Callable[[list[float]], float], name: str, part: str) -> float:
        values = self.values(name, part)
        return summarise(values) if len(values) >= FEWEST else math.nan
