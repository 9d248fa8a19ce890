"""Images that several requests wait for, drawn together in the generator's whole groups.

A group costs the same whether it holds one image that somebody wants or GROUP of them. What a network makes of a row
does not depend on its neighbours; whether it depends on the row's place in the group is the machine's matter, and is
measured before a row is put anywhere but in the place that it has in a group of its own.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganache.runs.products import GROUP


class Way(NamedTuple):
    """What the images of one group share."""

    run: str
    kind: Literal["latents", "places"]
    width: int  # of the first of a row's parts
    truncation: float = 1.0


Draw = Callable[[Way, Sequence[Tensor]], Tensor]
"""Makes values (GROUP, C, H, W) of the parts (GROUP, …) of as many rows."""

Finish = Callable[[Way, Tensor], NDArray[Any]]
"""Makes images (GROUP, H, W, C), as files hold them, of values."""


class Wanted:
    """Images of rows, each of several parts (N, …); row i has the place `first` + i modulo GROUP in its own group."""

    def __init__(self, way: Way, rows: Sequence[Tensor], first: int = 0) -> None:
        self.way, self.rows, self.first = way, tuple(rows), first
        self.count = len(self.rows[0])
        self.begun = 0  # rows that were given to a group
        self._images: dict[int, NDArray[Any]] = {}  # (H, W, C) each, by row

    @property
    def own_place(self) -> int:
        """The place of the next row in a group of its own."""
        return (self.first + self.begun) % GROUP

    @property
    def is_done(self) -> bool:
        """Whether all images are there."""
        return len(self._images) == self.count

    @property
    def images(self) -> NDArray[Any]:
        """All of them, (N, H, W, C)."""
        return np.stack([self._images[row] for row in range(self.count)])

    def take(self, row: int, image: NDArray[Any]) -> None:
        """Keep the image of a row, and nothing of its neighbours."""
        self._images[row] = image.copy()


class SharedGroups:
    """What is waited for, in the order of its coming; each turn draws one group for all who want it alike."""

    def __init__(self, draw: Draw, finish: Finish) -> None:
        self._draw, self._finish = draw, finish
        self._waiting: deque[Wanted] = deque()
        self._steady: dict[tuple[str, str, int], bool] = {}  # by what decides on the computation
        self.groups = self.images = 0  # drawn so far

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, wanted: Wanted) -> None:
        """Take images up."""
        self._waiting.append(wanted)

    def drop(self, wanted: Wanted) -> None:
        """Forget images that nobody waits for any more."""
        self._waiting = deque(other for other in self._waiting if other is not wanted)

    def turn(self) -> list[Wanted]:
        """Draw one group for the first who waits, and whoever fits in; return those who have all of their images."""
        first = self._waiting[0]
        way = first.way
        alike = [wanted for wanted in self._waiting if wanted.way == way]
        places = _shared_out(alike, anywhere=len(alike) > 1 and self._is_steady(way, first))
        images = self._finish(way, self._draw(way, _group(places)))
        self.groups += 1
        for place, found in enumerate(places):
            if found is not None:
                wanted, row = found
                wanted.take(row, images[place])
                self.images += 1
        done = [wanted for wanted in alike if wanted.is_done]
        for wanted in done:
            self.drop(wanted)
        if not first.is_done:
            self._waiting.rotate(-1)  # another way, or the next of this one, has the first places of the next group
        return done

    def _is_steady(self, way: Way, wanted: Wanted) -> bool:
        """Return whether a row's image has the same bits in every place.

        All rows are moved on by one. Where every place agrees with the next one, all agree.
        """
        key = (way.run, way.kind, way.width)
        if key not in self._steady:
            rows = [part[torch.arange(GROUP) % len(part)] for part in wanted.rows]
            moved = self._draw(way, [part.roll(1, 0) for part in rows])
            self._steady[key] = torch.equal(moved.roll(-1, 0), self._draw(way, rows))
        return self._steady[key]


Place = tuple[Wanted, int] | None  # whose row of which number stands there


def _shared_out(alike: Sequence[Wanted], anywhere: bool) -> list[Place]:
    """Return who has which place of a group; all take turns, row by row, so that few images need not wait for many."""
    places: list[Place] = [None] * GROUP
    free = 0
    moving = [wanted for wanted in alike if wanted.begun < wanted.count]
    while moving and free < GROUP:
        stayed = []
        for wanted in moving:
            place = free if anywhere else wanted.own_place
            if place < GROUP and places[place] is None:
                places[place] = (wanted, wanted.begun)
                wanted.begun += 1
                free += 1
                if wanted.begun < wanted.count:
                    stayed.append(wanted)
        moving = stayed
    return places


def _group(places: Sequence[Place]) -> list[Tensor]:
    """Return the parts of a group's rows; where nobody wants a place stands a row that somebody wants elsewhere."""
    some = next(place for place in places if place is not None)
    filled = [place or some for place in places]
    parts = range(len(some[0].rows))
    return [torch.stack([wanted.rows[part][row] for wanted, row in filled]) for part in parts]
