"""What a study found for each number of pictures: differences within each seed, and what they say.

All classifiers of a seed have the same few pictures, first weights and judges, so their accuracies are compared seed by
seed: the mean d̄ of n differences lies within d̄ ± t s / √n, s their standard deviation and t Student's 97.5% quantile of
n - 1 degrees of freedom. That is the paired t interval, of 95%; it says how much of a difference is the luck of which
few pictures they were, and holds for these judges.
"""

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ganache.support.student import quantile
from ganache.support.units import listed
from ganache.uses.study.learners import ARMS
from ganache.uses.study.study_cells import CellRecord

HELPS, HARMS, UNKNOWN, VOID, USELESS = "helps", "harms", "cannot be told", "void", "useless"

# What is compared with what, by name: the classifiers with synthetic pictures with those without, and what is simpler.
COMPARED = {
    "alone": ("synthetic", "plain"),
    "beside": ("both", "moved"),
    "instead": ("synthetic", "moved"),
    "moves": ("moved", "plain"),
}


class Difference(NamedTuple):
    """A mean difference of accuracies and the ends of its 95% interval, as shares."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Difference":
        """Return that of paired differences, two or more."""
        middle, count = statistics.fmean(values), len(values)
        half = quantile(count - 1) * statistics.stdev(values) / math.sqrt(count)
        return cls(middle, middle - half, middle + half)

    @property
    def word(self) -> str:
        """What it says."""
        return HELPS if self.low > 0.0 else HARMS if self.high < 0.0 else UNKNOWN

    def said(self) -> str:
        """Return it in percentage points."""
        return f"{_points(self.mean)} points (95%: {_points(self.low)} … {_points(self.high)})"


@dataclass(frozen=True)
class CountOutcome:
    """What the cells of one number of pictures show; `judges` are those (K,) of each class, called `names`."""

    count: int
    cells: tuple[CellRecord, ...]
    judges: tuple[int, ...]
    names: tuple[str, ...]
    is_given: bool  # whether the synthetic pictures are of a source that may have seen anything
    moves: str = "flips and crops"

    def accuracies(self, arm: str) -> list[float]:
        """Return the share of judges that a classifier is right about, for each seed."""
        return [sum(cell.right[arm]) / sum(self.judges) for cell in self.cells]

    def accuracy(self, arm: str) -> float:
        """Return its mean."""
        return statistics.fmean(self.accuracies(arm))

    def difference(self, name: str) -> Difference:
        """Return the difference of a comparison by its name."""
        ours, theirs = (self.accuracies(arm) for arm in COMPARED[name])
        return Difference.of([one - other for one, other in zip(ours, theirs, strict=True)])

    def by_class(self, name: str) -> dict[str, Difference]:
        """Return that of each class that is judged."""
        found = {}
        for place, (called, judges) in enumerate(zip(self.names, self.judges, strict=True)):
            if judges:
                pairs = ([cell.right[arm][place] / judges for cell in self.cells] for arm in COMPARED[name])
                found[called] = Difference.of([one - other for one, other in zip(*pairs, strict=True)])
        return found

    def harmed(self, name: str) -> dict[str, Difference]:
        """Return the classes that lose accuracy, with an interval below 0, the worst first."""
        harmed = {called: found for called, found in self.by_class(name).items() if found.word == HARMS}
        return dict(sorted(harmed.items(), key=lambda pair: pair[1].mean))

    def mean(self, field: str) -> float:
        """Return the mean of a field of the cells."""
        return statistics.fmean(getattr(cell, field) for cell in self.cells)

    @property
    def knows_judges(self) -> bool:
        """Whether a source that may have seen anything has seen the judges; what was trained on the few has not."""
        return self.is_given and any(cell.nearness is not None and cell.nearness.knows_judges for cell in self.cells)

    @property
    def is_deaf(self) -> bool:
        """Whether most seeds' synthetic pictures show nothing of their classes."""
        deaf = [cell.is_deaf(known) for cell, known in zip(self.cells, self.accuracies("plain"), strict=True)]
        return 2 * sum(deaf) > len(deaf)

    @property
    def word(self) -> str:
        """The verdict in a word."""
        if self.knows_judges:
            return VOID
        return USELESS if self.is_deaf else self.difference("alone").word

    def sentence(self) -> str:
        """Return the verdict in a sentence."""
        return f"{self.count:,} per class: {self.word}: {'; '.join(self._reasons())}"

    def _reasons(self) -> Iterator[str]:
        alone, beside = self.difference("alone"), self.difference("beside")
        if self.knows_judges:
            yield f"the synthetic pictures know those that judge ({self._leak()}), so that what follows means nothing"
        if self.is_deaf:
            share, chance = self.mean("agreement"), self.mean("by_chance")
            yield (
                f"the synthetic pictures show nothing of their classes (who learnt the few finds the asked one in"
                f" {share:.1%} of them, by chance {chance:.1%}), so that any noise might do what follows"
            )
        yield f"synthetic pictures make {alone.said()} of {self.accuracy('plain'):.1%} without"
        yield f"beside {self.moves} ({self.accuracy('moved'):.1%}) {_does(beside.word)}: {beside.said()}"
        if not sum(cell.kept for cell in self.cells):
            yield "no synthetic picture passed the filters"
        elif harmed := self.harmed("alone"):
            yield f"classes that lose by them: {listed(list(harmed))}"

    def _leak(self) -> str:
        found = [cell.nearness for cell in self.cells if cell.nearness is not None]
        worst = max(found, key=lambda one: (one.deviations, one.judges_copied))
        return (
            f"of {worst.hits:,} real pictures nearest to one of them {worst.judge_hits:,} judge, where half would;"
            f" {worst.judges_copied:.0%} are near copies of those, where {worst.judges_expected:.0%} are by chance"
        )

    def to_json(self) -> dict[str, Any]:
        """Return all of it as JSON values."""
        return {
            "per_class": self.count,
            "seeds": [cell.seed for cell in self.cells],
            "verdict": self.word,
            "beside": self.difference("beside").word,
            "sentence": self.sentence(),
            "knows_judges": self.knows_judges,
            "is_useless": self.is_deaf,
            "accuracies": {arm.name: self.accuracies(arm.name) for arm in ARMS},
            "differences": {name: self.difference(name)._asdict() for name in COMPARED},
            "by_class": {
                name: {called: one._asdict() for called, one in self.by_class(name).items()}
                for name in ("alone", "beside")
            },
            "harmed": {name: list(self.harmed(name)) for name in ("alone", "beside")},
            "cells": [cell.model_dump(mode="json", exclude={"right"}) for cell in self.cells],
        }


def _points(share: float) -> str:
    return f"{100.0 * share:+.1f}".replace("-", "−")


def _does(word: str) -> str:
    return {HELPS: "they help", HARMS: "they harm"}.get(word, "it cannot be told")
