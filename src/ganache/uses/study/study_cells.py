"""One cell of a study, a number of pictures of each class and a seed: its synthetic pictures, its four classifiers.

A cell that is finished is kept as JSON, and not worked on again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from signal import Signals
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from ganache.data.labels import count_labels
from ganache.evaluation.metrics.inputs import Features
from ganache.parts.part import read_model
from ganache.support.errors import UserError
from ganache.support.streams import derive
from ganache.uses.study.learners import ARMS, School, learnt, probabilities, right
from ganache.uses.study.nearness import LEAST_UNSEEN, Nearness, is_copy, nearness, pixels_of
from ganache.uses.study.subsets import FewAndJudges, Integers
from ganache.uses.study.synthetics import Cell, Synthetics

CELL = "cell.json"
SURE = 3.0  # deviations above chance, below which synthetic pictures are not told from pictures of no class

Count = Annotated[int, Field(ge=0, lt=2**53)]


class Filters(NamedTuple):
    """Which synthetic pictures are kept: those that the plain classifier is sure of, those that are no copies."""

    confident: float = 0.0
    not_copies: bool = False


class CellRecord(BaseModel):
    """What came of a cell: `right` has how many judges of each class each classifier told right.

    `agreement` is the share of the synthetic pictures that the plain classifier gives their class, and `by_chance`
    what that would be if classes and pictures had nothing to do with each other.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    count: Count
    seed: Count
    right: dict[str, tuple[Count, ...]]
    drawn: Count
    kept: Count
    agreement: Annotated[float, Field(ge=0, le=1)]
    by_chance: Annotated[float, Field(ge=0, le=1)]
    nearness: Nearness | None

    def is_deaf(self, accuracy: float) -> bool:
        """Whether the synthetic pictures show nothing of their classes to one who is right about a share of real ones.

        False also where so little is known that nobody could tell.
        """
        least = SURE * (self.by_chance * (1.0 - self.by_chance) / max(1, self.drawn)) ** 0.5
        return bool(self.agreement - self.by_chance <= least < (accuracy - self.by_chance) / 2.0)


@dataclass(frozen=True)
class Workshop:
    """All that the cells of a study share."""

    pool: FewAndJudges
    source: Synthetics
    school: School
    filters: Filters

    @cached_property
    def judges(self) -> tuple[Features, Integers]:
        """The judges' pixels and classes."""
        return pixels_of(self.pool.judges, self.pool.shape), self.pool.judges.labels

    def cell(self, folder: Path, count: int, seed: int) -> Cell:
        """Return a cell of a study's folder."""
        return Cell(count, seed, self.pool.few(count, seed), folder / "cells" / f"{count:05d}-{seed}")

    def work_on(self, cell: Cell, stopped: Callable[[], Signals | None] = lambda: None) -> CellRecord | Signals:
        """Return what comes of a cell, or the signal that stopped it."""
        found = self.source.pictures(cell)
        if isinstance(found, Signals):
            return found
        unseen = self._unseen(cell)
        pixels, theirs = (pixels_of(pictures, self.pool.shape) for pictures in (found, cell.few))
        seed, classifiers = derive(cell.seed, "study", cell.count), {}
        kept = found
        for arm in ARMS:
            if (signal := stopped()) is not None:
                return signal
            classifiers[arm.name] = learnt(arm, cell.few, kept, self.school, seed)
            if arm.name == "plain":
                told = probabilities(classifiers["plain"], found)
                kept = found.taken(self._passing(told[np.arange(len(told)), found.labels], pixels, theirs, unseen[0]))
        chosen = told.argmax(axis=1)
        return CellRecord(
            count=cell.count,
            seed=cell.seed,
            right={name: tuple(right(one, self.pool.judges).tolist()) for name, one in classifiers.items()},
            drawn=len(found.labels),
            kept=len(kept.labels),
            agreement=float((chosen == found.labels).mean()),
            by_chance=_by_chance(found.labels, chosen, len(self.pool.names)),
            nearness=nearness(pixels, theirs, self.judges, unseen, len(self.pool.names)),
        )

    def _unseen(self, cell: Cell) -> tuple[Features, Integers]:
        """Return the pixels and classes of pictures that nobody learns from, at most as many as judge of each class."""
        most = count_labels(self.pool.judges.labels, len(self.pool.names))[:-1].tolist()
        others = self.pool.others(cell.count, cell.seed, most)
        return pixels_of(others, self.pool.shape), others.labels

    def _passing(
        self, sure: NDArray[np.float32], pixels: Features, few: Features, unseen: Features
    ) -> NDArray[np.bool_]:
        """Return which synthetic pictures are kept; the plain classifier is so `sure` (N,) of their classes."""
        passing = np.ones(len(pixels), bool)
        if self.filters.confident > 0.0:
            passing &= sure >= self.filters.confident
        if self.filters.not_copies:
            if len(unseen) < LEAST_UNSEEN:
                raise UserError(f"not_copies: {len(unseen)} pictures are left of which nobody learns; 20 are needed")
            passing &= ~is_copy(pixels, few, unseen)
        return passing


def read_cell(folder: Path, names: tuple[str, ...]) -> CellRecord | None:
    """Return what came of a cell; None where it is not finished. Raises UserError where it is damaged."""
    path = folder / CELL
    if not path.is_file():
        return None
    record = read_model(CellRecord, path, "out")
    if any(len(record.right.get(arm.name, ())) != len(names) for arm in ARMS):
        raise UserError(f"out: {path} is not of these classes and classifiers")
    return record


def _by_chance(labels: Integers, chosen: Integers, classes: int) -> float:
    shares = [count_labels(part, classes)[:-1] / len(part) for part in (labels, chosen)]
    return float(np.clip(shares[0] @ shares[1], 0.0, 1.0))
