"""A detector: judges, what held-out normals scored with each, and a threshold; a folder of runs and a record."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from ganache.data.ranges import Ranges
from ganache.data.selection import TRAIN
from ganache.data.shape import ImageShape
from ganache.engine.devices import choose_device
from ganache.parts.part import read_model
from ganache.support.errors import UserError
from ganache.support.places import check_place
from ganache.uses.anomaly.judges import Remaking, StrangenessJudge
from ganache.uses.anomaly.learning import JudgeName, judges_beside, judges_of
from ganache.uses.anomaly.normals import HELD_OUT, Normals
from ganache.uses.anomaly.ranks import Ranks, ensemble
from ganache.uses.areas import Scores
from ganache.uses.thresholds import Threshold

DETECTOR = "detector.json"
ENSEMBLE = "ensemble"


class DetectorRecord(BaseModel):
    """What a detector's folder says of it: how it was made and what decides; the networks are in its runs."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: Literal[1] = 1
    content: Literal["detector"] = "detector"
    data: str
    normal: tuple[str, ...]  # the classes that are normal; none where all were
    label: str | None = None  # the column of a table that names classes
    learnt: int  # normals
    seed: int = Field(ge=0)
    judges: tuple[JudgeName, ...] = Field(min_length=1)
    height: int  # of the pictures; of rows 1
    width: int
    ranges: Ranges | None = None  # by which pictures of more than 8 bits were read
    ranks: dict[str, tuple[float, ...]]  # what the first half of the held-out normals scored, by judge
    threshold: Threshold
    normals: Literal["normals", "normals.npz", "normals.csv"]  # what they are in; text in earlier versions


@dataclasses.dataclass(frozen=True)
class Told:
    """Scores (N,) by the name of the judge, the ensemble's among them, and which of the things are strange."""

    scores: Mapping[str, Scores]
    strange: NDArray[np.bool_]

    @property
    def ensemble(self) -> Scores:
        """Those that decide."""
        return self.scores[ENSEMBLE]


@dataclasses.dataclass(frozen=True)
class Detector:
    """A detector that is ready to use."""

    normals: Normals
    judges: Mapping[str, StrangenessJudge]  # of the ensemble
    beside: Mapping[str, StrangenessJudge]  # baselines, which decide nothing
    ranks: Mapping[str, Ranks]
    threshold: Threshold

    @classmethod
    def fitted(
        cls, folder: Path, normals: Normals, names: tuple[JudgeName, ...], rate: float, device: str
    ) -> "Detector":
        """Return the detector of runs that are trained, its ranks and threshold by the two halves of the held out."""
        judges = judges_of(folder, names, normals, normals.values(TRAIN), choose_device(device))
        held_out = normals.values(HELD_OUT)
        first, second = held_out[0::2], held_out[1::2]
        ranks = {name: Ranks.of(judge.scores(first)) for name, judge in judges.items()}
        found = ensemble({name: judge.scores(second) for name, judge in judges.items()}, ranks)
        return cls(normals, judges, {}, ranks, Threshold.of(found, rate))

    @classmethod
    def load(cls, folder: Path, device: str = "auto") -> "Detector":
        """Return the detector of a folder, baselines included where scikit-learn is installed; no code is taken of it.

        Raises UserError for a folder without one, and for one that is damaged.
        """
        record = read_record(folder)
        shape = ImageShape(1, record.height, record.width) if record.normals.endswith(".npz") else None
        normals = Normals.open(folder / record.normals, shape)
        known = normals.values(TRAIN)
        judges = judges_of(folder, record.judges, normals, known, choose_device(device))
        ranks = {name: Ranks.of(np.array(found)) for name, found in record.ranks.items()}
        return cls(normals, judges, judges_beside(known, normals.shape, record.seed), ranks, record.threshold)

    def score(self, values: Tensor) -> Told:
        """Return how strange things are, given as values (N, C, H, W)."""
        scores = {name: judge.scores(values) for name, judge in self.judges.items()}
        scores[ENSEMBLE] = ensemble(scores, self.ranks)
        found = {**scores, **{name: judge.scores(values) for name, judge in self.beside.items()}}
        return Told(found, scores[ENSEMBLE] > self.threshold.value)

    @property
    def shape(self) -> ImageShape:
        """The shape of what can be scored."""
        return self.normals.shape

    @property
    def remaking(self) -> Mapping[str, Remaking]:
        """The judges that can show what they would have expected."""
        return {name: judge for name, judge in self.judges.items() if isinstance(judge, Remaking)}


def read_record(folder: Path) -> DetectorRecord:
    """Return what a detector's folder says of it; raises UserError where there is none, or it is damaged."""
    check_place(folder, "run")
    path = folder / DETECTOR
    if not path.is_file():
        raise UserError(f"run: {str(folder)!r} holds no detector; ganache anomaly fit makes one")
    record = read_model(DetectorRecord, path, "run")
    if set(record.ranks) != set(record.judges) or not all(record.ranks.values()):
        raise UserError(f"run: {path} has not the ranks of each of its judges")
    return record
