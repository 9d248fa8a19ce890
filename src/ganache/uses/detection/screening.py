"""From a detector and pictures to scores: what the command `detect score` does."""

import csv
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganache.data.conversion import Conversion
from ganache.data.dataset import Progress
from ganache.support.errors import UserError, did_you_mean
from ganache.support.files import replacing
from ganache.support.places import check_output
from ganache.uses.areas import Scores
from ganache.uses.detection.detection_record import DetectionRecord
from ganache.uses.detection.fake_detector import FakeDetector
from ganache.uses.detection.teller import WAYS, WayName
from ganache.uses.scored_inputs import inputs_of

FAR = "far from all that was learnt"


@dataclasses.dataclass(frozen=True)
class Screening:
    """What was scored: log-odds of each way that a picture is generated, and why a score means little, if it does."""

    names: list[str]
    scores: dict[WayName, Scores]
    by: WayName  # the way that decides
    generated: NDArray[np.bool_]
    unfamiliar: list[str]  # why, or ""
    skipped: dict[str, str]
    record: DetectionRecord

    @property
    def count_unfamiliar(self) -> int:
        """How many are unlike what was learnt from."""
        return sum(map(bool, self.unfamiliar))

    def warnings(self) -> list[str]:
        """Return what must be known before the scores are believed."""
        found = [f"at fit: {warning}" for warning in self.record.warnings]
        if self.count_unfamiliar:
            found.append(
                f"{self.count_unfamiliar:,} of {len(self.names):,} are unlike anything it learnt from;"
                " there the score means little"
            )
        return found

    def to_json(self) -> dict[str, Any]:
        """Return all but the scores as JSON values."""
        decision = self.record.decisions[self.by]
        return {
            "scored": len(self.names),
            "generated": int(self.generated.sum()),
            "unfamiliar": self.count_unfamiliar,
            "by": self.by,
            "threshold": decision.threshold.to_json(),
            "false_positives": decision.false_positives,
            "learnt_from": [fake.name for fake in self.record.fakes],
            "warnings": self.warnings(),
            "skipped": self.skipped,
        }


def score(
    folder: Path,
    source: str,
    out: Path,
    *,
    by: str = "network",
    split: str | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> Screening:
    """Score pictures with a detector, a line for each into a .csv; raises UserError for what cannot be read."""
    check_output(out, "out")
    if out.suffix.lower() != ".csv":
        raise UserError(f"out: {str(out)!r} is no name for a table; it ends in .csv")
    if by not in WAYS:
        raise UserError(f"by: {by!r} is none of {', '.join(WAYS)}{did_you_mean(by, WAYS)}")
    way = WAYS[WAYS.index(by)]
    detector = FakeDetector.load(folder, device)
    record, shape = detector.record, detector.record.shape
    names: list[str] = []
    unfamiliar: list[str] = []
    skipped: dict[str, str] = {}
    told = []
    how = Conversion.into(shape, record.ranges)
    for piece in inputs_of(source, shape, how, split, progress):
        skipped |= piece.skipped
        if piece.names:
            scores, distances = detector.teller.told(piece.images.astype(np.uint8, copy=False))
            told.append(scores)
            names += piece.names
            unfamiliar += why_unfamiliar(record, piece.changed, distances)
    if not names:
        raise UserError(f"input: nothing of {source!r} could be read")
    found = {one: np.concatenate([part[one] for part in told]) for one in WAYS}
    generated = found[way] > record.decisions[way].threshold.value
    screening = Screening(names, found, way, generated, unfamiliar, skipped, record)
    write_table(screening, out)
    return screening


def why_unfamiliar(record: DetectionRecord, changed: Sequence[str], distances: Scores) -> list[str]:
    """Return for each picture why it is unlike what was learnt from, "" where it is not.

    Another size says something only where all that was learnt from had one.
    """
    whys = []
    for own, distance in zip(changed, distances.tolist(), strict=True):
        why = [part for part in own.split(", ") if part and (record.sized or "channel" in part)]
        whys.append("; ".join([*why, *([FAR] if distance > record.familiar.value else [])]))
    return whys


def write_table(screening: Screening, out: Path) -> None:
    """Write a line for each picture, in order: name, score, verdict, whether it is unfamiliar and why, all ways."""
    with replacing(out) as temporary, temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as f:
        writer = csv.writer(f)
        writer.writerow(["name", "score", "verdict", "unfamiliar", "why", *screening.scores])
        columns = {way: [f"{value:.6g}" for value in found.tolist()] for way, found in screening.scores.items()}
        verdicts = ["generated" if is_above else "real" for is_above in screening.generated.tolist()]
        flags = [int(bool(why)) for why in screening.unfamiliar]
        writer.writerows(
            zip(
                *(screening.names, columns[screening.by], verdicts, flags, screening.unfamiliar),
                *columns.values(),
                strict=True,
            )
        )
