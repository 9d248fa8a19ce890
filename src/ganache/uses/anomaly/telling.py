"""From a detector and data to scores: what the command `anomaly score` does."""

import csv
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganache.data.dataset import Progress
from ganache.drawing.exports import refuse_to_mix, save_picture
from ganache.drawing.origins import PLAIN, Marks, Origin, Stamp
from ganache.runs.products import load
from ganache.support.errors import UserError
from ganache.support.files import replacing, safe_name, writing
from ganache.support.places import check_output, check_place
from ganache.uses.anomaly.detector import ENSEMBLE, Detector, DetectorRecord, read_record
from ganache.uses.anomaly.heat_maps import HeatMaps
from ganache.uses.anomaly.learning import NEEDS
from ganache.uses.anomaly.normals import HELD_OUT, like, values_in
from ganache.uses.anomaly.verdicts import Won, won
from ganache.uses.areas import Scores
from ganache.uses.scored_inputs import ToScore, inputs_of
from ganache.uses.thresholds import Threshold, drift

MAPPED = 100  # of the strangest get a map


@dataclasses.dataclass(frozen=True)
class Report:
    """What was scored: names and classes as they came, the scores of each judge, what is strange, and what it means."""

    names: list[str]
    classes: list[str]
    scores: dict[str, Scores]
    strange: NDArray[np.bool_]
    threshold: Threshold
    skipped: dict[str, str]
    normal: tuple[str, ...]  # the classes that were taken for normal, where classes were known
    won: Won | None
    warning: str | None

    def to_json(self) -> dict[str, Any]:
        """Return all but the scores as JSON values."""
        return {
            "scored": len(self.names),
            "strange": int(self.strange.sum()),
            "threshold": self.threshold.to_json(),
            "normal": list(self.normal),
            "compared": None if self.won is None else self.won.to_json(),
            "drift": self.warning,
            "skipped": self.skipped,
        }


class Strangest:
    """The images of the highest scores so far, the highest first, and of equal ones the first; no more are kept."""

    def __init__(self, most: int) -> None:
        self.most, self.seen = most, 0
        self.scores, self.rows = np.zeros(0), np.zeros(0, np.int64)
        self.images: NDArray[Any] = np.zeros(0, np.uint8)

    def see(self, scores: Scores, images: NDArray[Any]) -> None:
        """Take in the next scores (N,) and images (N, …)."""
        joined = np.concatenate([self.scores, scores])
        rows = np.concatenate([self.rows, self.seen + np.arange(len(scores))])
        best = np.argsort(-joined, kind="stable")[: self.most]
        kept = self.images if len(self.images) else images[:0]
        self.images = np.concatenate([kept, images])[best]
        self.scores, self.rows, self.seen = joined[best], rows[best], self.seen + len(scores)


def score(
    folder: Path,
    source: str,
    out: Path,
    *,
    maps: Path | None = None,
    normal: Sequence[str] = (),
    split: str | None = None,
    device: str = "auto",
    progress: Progress | None = None,
    marks: Marks = PLAIN,
) -> Report:
    """Score a source with a detector and write a line for each thing into a .csv; maps of the strangest into a folder.

    `normal` are the classes that are taken for normal, those of the fit if none is named; where the things have
    classes, judges and baselines are compared. Raises UserError for what cannot be read.
    """
    check_output(out, "out")
    if out.suffix.lower() != ".csv":
        raise UserError(f"out: {str(out)!r} is no name for a table; it ends in .csv")
    record, detector = read_record(folder), Detector.load(folder, device)
    if maps is not None:
        _check_maps(detector, maps)
    pieces, scored, strangest = [], [], Strangest(MAPPED)
    for piece in inputs_of(source, detector.shape, like(detector.shape, record.label, record.ranges), split, progress):
        pieces.append(piece._replace(images=piece.images[:0].copy()))  # a view would keep all of them
        if not piece.names:  # of its files none could be read
            continue
        scored.append(detector.score(values_in(piece.images)))
        if maps is not None:
            strangest.see(scored[-1].scores[ENSEMBLE], piece.images)
    if not scored:
        raise UserError(f"input: nothing of {source!r} could be read")
    scores = {name: np.concatenate([part.scores[name] for part in scored]) for name in scored[0].scores}
    strange = np.concatenate([part.strange for part in scored])
    report = _reported(record, detector, pieces, scores, strange, tuple(normal))
    write_scores(report, out)
    if maps is not None:
        _draw(detector, strangest, report, maps, _stamp(folder, record, marks))
    return report


def _reported(
    record: DetectorRecord,
    detector: Detector,
    pieces: Sequence[ToScore],
    scores: dict[str, Scores],
    strange: NDArray[np.bool_],
    normal: tuple[str, ...],
) -> Report:
    names, classes = ([one for piece in pieces for one in getattr(piece, field)] for field in ("names", "classes"))
    known = normal or record.normal
    if odd := sorted(set(normal) - set(classes)):
        raise UserError(f"normal: nothing here is of the class {odd[0]!r}; there are {', '.join(sorted(set(classes)))}")
    is_strange = np.array([one not in known for one in classes])
    comparable = bool(known) and all(classes) and bool(set(classes) & set(known))
    return Report(
        names=names,
        classes=classes,
        scores=scores,
        strange=strange,
        threshold=detector.threshold,
        skipped={name: why for piece in pieces for name, why in piece.skipped.items()},
        normal=known if comparable else (),
        won=won(scores, is_strange, ENSEMBLE, list(detector.beside)) if comparable else None,
        warning=drift(int(strange.sum()), len(strange), detector.threshold),
    )


def write_scores(report: Report, out: Path) -> None:
    """Write a line for each thing, in order: name, class, whether it is strange, the scores; raises RunError."""
    with replacing(out) as temporary, temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as f:
        writer = csv.writer(f)
        writer.writerow(["name", "class", "strange", *report.scores])
        columns = [[f"{value:.6g}" for value in found.tolist()] for found in report.scores.values()]
        writer.writerows(zip(report.names, report.classes, report.strange.astype(int).tolist(), *columns, strict=True))


def _check_maps(detector: Detector, maps: Path) -> None:
    check_place(maps, "maps")
    if detector.shape.is_row:
        raise UserError("maps: rows are no pictures; their scores are all there is")
    if not detector.remaking:
        raise UserError("maps: none of the detector's judges makes pictures anew; fit with f-anogan or bigan")
    refuse_to_mix(maps)


def _stamp(folder: Path, record: DetectorRecord, marks: Marks) -> Stamp:
    """Return what is put on maps: what was expected in the place of a picture was drawn by a generator."""
    run = next(NEEDS[name][-1] for name in record.judges if name != "neighbours")
    return marks.on(Origin.of(load(folder / run), {"in place of": "what is scored"}).beside_originals())


def _draw(detector: Detector, strangest: Strangest, report: Report, maps: Path, stamp: Stamp) -> None:
    """Draw the strangest, the first one first."""
    drawer = HeatMaps(detector.remaking, detector.normals.values(HELD_OUT))
    with writing(maps):
        maps.mkdir(parents=True, exist_ok=True)
    drawn = drawer.pictures(torch.as_tensor(values_in(strangest.images)))
    for place, (row, picture) in enumerate(zip(strangest.rows, drawn, strict=True)):
        path = maps / f"{place + 1:04d}-{safe_name(report.names[row])}.png"
        save_picture(picture, path, stamp)
