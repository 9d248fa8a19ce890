"""What was found of a generator's groups, as a record: shares with their intervals, recall, distances, protocols."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ganache.evaluation.records import Evaluation
from ganache.parts.part import model_of
from ganache.support.errors import UserError
from ganache.support.json_files import read_json

MOST_GROUPS = 2_000  # whose misreadings are a table of four million numbers

Verdict = Literal["lost", "thinned", "as expected", "grown", "too few"]
Share = Field(ge=0, le=1)


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class GroupRow(_Told):
    """One group among some samples.

    `expected` is its share as it should be, `share` what it is, between `low` and `high`; below `found_below` a share
    would have differed. Recall and coverage are those of its reals, distances those of what was read as it; beside each
    stands what as many other reals reach. None: too few pictures; `seen` and `reals` say how many there were.
    """

    name: str
    expected: float = Share
    share: float = Share
    low: float = Share
    high: float = Share
    found_below: float = Share
    verdict: Verdict
    seen: int = Field(ge=0)  # samples that were read as it, among those whose features were kept
    reals: int = Field(ge=0)  # its reals that were looked for among the samples
    recall: float | None = None
    recall_of_reals: float | None = None
    coverage: float | None = None
    coverage_of_reals: float | None = None
    distance: float | None = None
    distance_of_reals: float | None = None
    distance_count: int = Field(default=0, ge=0)  # samples, and reals beside, from which the distances come


class Draw(_Told):
    """The groups among samples that were drawn in one way; `balanced`: each class was asked for equally often."""

    truncation: float | None = None  # None: the samples were given
    balanced: bool = False
    expected: str  # what the shares are compared with, in words
    rows: tuple[GroupRow, ...]
    evaluation: Evaluation

    @property
    def title(self) -> str:
        """How the samples were drawn, in words."""
        if self.truncation is None:
            return "given samples"
        return f"truncation {self.truncation:g}{', balanced' if self.balanced else ''}"

    def of(self, *verdicts: Verdict) -> list[GroupRow]:
        """Return the groups of which this was found, the least share of what was expected first."""
        return sorted((row for row in self.rows if row.verdict in verdicts), key=lambda row: row.share / row.expected)


class Fairness(_Told):
    """Everything that was found, the first draw being what the generator is asked for; sentences say it in words."""

    format: Literal[1] = 1
    content: Literal["fairness"] = "fairness"
    grouping: str  # where the groups come from
    group_file: str | None = None  # SHA-256 of a table of groups
    confidence: float = Share  # with which all intervals of all draws hold at once
    statements: int = Field(ge=1)  # how many there are
    held_out: dict[str, int]  # of each group: pictures on which the classifier's errors were counted
    read_rightly: dict[str, float]  # of each group: the share of these that were read as it
    draws: tuple[Draw, ...] = Field(min_length=1)
    sentences: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values; `read_fairness` is its inverse."""
        return self.model_dump(mode="json")


def read_fairness(path: Path) -> Fairness:
    """Return the record in a JSON file; raises UserError when there is none, or it has more groups than data may."""
    found = model_of(Fairness, read_json(path, "fairness"), f"{path} holds no record of fairness")
    if max(len(draw.rows) for draw in found.draws) > MOST_GROUPS:
        raise UserError(f"{path} tells of more than {MOST_GROUPS:,} groups")
    return found
