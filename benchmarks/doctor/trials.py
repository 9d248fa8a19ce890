"""Training the cases, following the doctor's advice, and measuring whether it helped."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import ganache
from benchmarks.claims.workshop import Finished, Workshop
from benchmarks.doctor.cases import Case
from ganache.data import open_dataset
from ganache.data.selection import HELD_OUT_SPLITS
from ganache.evaluation.doctor.finding import Finding
from ganache.evaluation.metrics.inputs import Features
from ganache.evaluation.metrics.sliced import sliced_wasserstein
from ganache.runs.folder import Run
from ganache.support.json_files import write_json

SAMPLES, PROJECTIONS = 2_000, 200
CURED = 0.8  # of the distance before


@dataclass(frozen=True)
class Course:
    """What became of a case: the findings, and for a sick one the distance before and after the advice was followed.

    The distance is the sliced Wasserstein distance of 2,000 samples, as pixels or coordinates in [-1, 1], from the
    reals: the held-out ones where there are any.
    """

    case: str
    seed: int
    findings: tuple[dict[str, Any], ...]
    distance: float
    distance_after: float | None = None
    findings_after: tuple[str, ...] = ()

    @property
    def first(self) -> str:
        """The first finding's name, or nothing."""
        return str(self.findings[0]["name"]) if self.findings else ""

    @property
    def is_cured(self) -> bool:
        """Whether the advice brought the samples nearer to the reals, by a fifth at least."""
        return self.distance_after is not None and self.distance_after <= CURED * self.distance


def follow(case: Case, seed: int, folder: Path) -> Course:
    """Train a case, and if the doctor has advice, once more with the advice of his first finding."""
    workshop = Workshop(folder)
    run = workshop.train(case.trial(folder), seed)
    found = _findings(run)
    after: Finished | None = None
    if case.fault and found and found[0].settings:
        after = workshop.train(case.trial(folder, found[0].settings), seed)
    course = Course(
        case.name,
        seed,
        tuple(finding.to_json() for finding in found),
        distance(run.path),
        distance(after.path) if after else None,
        tuple(finding.name for finding in _findings(after)) if after else (),
    )
    write_json(_file(folder, case, seed), asdict(course))
    return course


def kept(case: Case, seed: int, folder: Path) -> Course | None:
    """Return a course that was followed before."""
    path = _file(folder, case, seed)
    return Course(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def distance(run: Path) -> float:
    """Return the sliced Wasserstein distance of a run's samples from the reals."""
    record = Run.open(run).record()
    dataset = open_dataset(record["source"]["data"])
    split = next((name for name in HELD_OUT_SPLITS if name in dataset.summary()["splits"]), "train")
    stream = dataset.stream(0, split=split)
    reals = stream.batch(0, min(SAMPLES, stream.count or SAMPLES)).images
    fakes = ganache.load(run).sample(SAMPLES, seed=0).transpose(0, 3, 1, 2)
    return sliced_wasserstein(_flat(fakes), _flat(reals), seed=0, projections=PROJECTIONS).value


def _flat(images: np.ndarray[Any, Any]) -> Features:
    values = images.reshape(len(images), -1).astype(np.float64)
    return values / 127.5 - 1.0 if images.dtype == np.uint8 else values


def _findings(run: Finished) -> tuple[Finding, ...]:
    return ganache.diagnose(run.path).findings


def _file(folder: Path, case: Case, seed: int) -> Path:
    return folder / "courses" / f"{case.name}-{seed}.json"
