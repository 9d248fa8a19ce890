"""Evaluations side by side: values are compared where protocols agree, and elsewhere it is said what differs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from ganache.data.origin import Source
from ganache.drawing.grids import for_display
from ganache.engine.devices import choose_device
from ganache.engine.pixel_values import channels_last
from ganache.evaluation.records import Evaluation, Score, differences, evaluation_from, read_evaluation
from ganache.evaluation.side_by_side import panels
from ganache.evaluation.translated_panels import translated_panels
from ganache.runs import products
from ganache.runs.folder import Run
from ganache.runs.trained_translators import FORWARD, check_direction, evaluation_file, is_translator
from ganache.support.errors import UserError
from ganache.support.places import check_place
from ganache.support.streams import derive

SURE = 2.0  # standard errors of a difference, below which it may be chance
PICTURES, POINTS = 64, 2_500  # of each panel


@dataclass(frozen=True)
class ScoreRow:
    """One kind of score over all that are compared; an entry is None where it was not measured.

    `differs` lists, field by field, why scores do not compare with the first; `verdict` says what those show that do.
    """

    family: str
    scores: tuple[Score | None, ...]
    differs: tuple[str, ...]
    verdict: str


@dataclass(frozen=True)
class Comparison:
    """Evaluations under short names, and a row for every kind of score that any of them has."""

    names: tuple[str, ...]
    evaluations: tuple[Evaluation, ...]
    rows: tuple[ScoreRow, ...]

    def to_json(self) -> dict[str, Any]:
        """Return names, evaluations and rows as JSON values."""
        return {
            "names": list(self.names),
            "evaluations": [evaluation.to_json() for evaluation in self.evaluations],
            "rows": [
                {
                    "family": row.family,
                    "values": [score and score.value for score in row.scores],
                    "comparable": not row.differs,
                    "differs": list(row.differs),
                    "verdict": row.verdict,
                }
                for row in self.rows
            ],
        }


def compare(paths: Sequence[str | Path], direction: str = FORWARD) -> Comparison:
    """Compare two or more evaluations: JSON files, or runs with an evaluation, of translators in a direction.

    Raises UserError for fewer than two, and for a path that holds none.
    """
    check_direction(direction)
    if len(paths) < 2:
        raise UserError(f"compare: {len(paths)} of them leave nothing to compare; name at least two")
    evaluations = tuple(evaluation_at(Path(path), direction) for path in paths)
    return compared(short_names([str(path) for path in paths]), evaluations)


def compared(names: tuple[str, ...], evaluations: tuple[Evaluation, ...]) -> Comparison:
    """Compare evaluations under these names."""
    families = dict.fromkeys(score.family for evaluation in evaluations for score in evaluation.scores)
    return Comparison(names, evaluations, tuple(_row(family, names, evaluations) for family in families))


def evaluation_at(path: Path, direction: str = FORWARD) -> Evaluation:
    """Return the evaluation in a JSON file, or a run's: the one last asked for, else the last during training.

    Of a run that translates that of a direction is meant.
    """
    check_place(path, "compare")
    if not path.exists():
        raise UserError(f"compare: there is no {str(path)!r}")
    if not path.is_dir():
        return read_evaluation(path)
    run = Run.open(path)
    kept = evaluation_file(path, direction)
    if kept.is_file():
        return read_evaluation(kept)
    found = (evaluation_from(line["evaluation"], str(run.evaluations_file)) for line in run.evaluation_lines()[::-1])
    last = next((one for one in found if one.direction in ("", direction)), None)
    if last is None:
        back = f" --direction {direction}" if direction != FORWARD else ""
        raise UserError(f"compare: {str(path)!r} was never evaluated; do so with: ganache evaluate {path}{back}")
    return last


def picture(paths: Sequence[str | Path], seed: int = 0, device: str = "auto", direction: str = FORWARD) -> Image.Image:
    """Draw what all runs among the paths make beside the first run's data; raises UserError when none is a run.

    Generators draw samples of the same seed, a conditional one its classes in turn. Translators translate the same
    pictures, of the split that is evaluated, in a direction; what was wanted of them comes last, where it is known.
    """
    chosen = choose_device(device)
    runs = [Path(path) for path in paths if Path(path).is_dir()]
    if not runs:
        raise UserError("out: pictures are drawn from runs, and none was named")
    names = short_names([str(run) for run in runs])
    translate = [is_translator(run) for run in runs]
    if any(translate):
        if not all(translate):
            raise UserError("out: some of these runs translate pictures, and others draw them of nothing")
        return panels(translated_panels(names, runs, direction, PICTURES, seed, chosen.type))
    return panels(_drawn_side_by_side(names, runs, seed, chosen.type))


def _drawn_side_by_side(
    names: Sequence[str], runs: Sequence[Path], seed: int, device: str
) -> list[tuple[str, Image.Image]]:  # fmt: skip
    source = Source.of(Run.open(runs[0]).record("source")["source"])
    dataset = source.open()
    count = POINTS if dataset.shape.is_row else PICTURES
    batch = dataset.stream(derive(seed, "compare"), source.labels).batch(0, count)
    reals = channels_last(batch.images)
    drawn = [(f"reals: {dataset.name}", for_display(reals, reals, dataset.shape.table))]
    for name, run in zip(names, runs, strict=True):
        generator = products.load(run, device)
        images = generator.sample(count, seed, generator.label_names)
        behind = reals if generator.shape == dataset.shape else None
        drawn.append((name, for_display(images, behind, generator.shape.table)))
    return drawn


def short_names(paths: Sequence[str]) -> tuple[str, ...]:
    """Return the ends of paths, each as long as it must be to differ from the others."""
    parts = [Path(path).parts for path in paths]
    for length in range(1, max(len(part) for part in parts) + 1):
        names = ["/".join(part[-length:]) for part in parts]
        if len(set(names)) == len(names):
            return tuple(names)
    return tuple(paths)


def _row(family: str, names: Sequence[str], evaluations: Sequence[Evaluation]) -> ScoreRow:
    scores = tuple(
        next((score for score in evaluation.scores if score.family == family), None) for evaluation in evaluations
    )
    measured = [(name, score) for name, score in zip(names, scores, strict=True) if score is not None]
    if len(measured) < 2:
        return ScoreRow(family, scores, (), f"measured of {measured[0][0]} alone")
    first_name, first = measured[0]
    alike, differs = [measured[0]], []
    for name, score in measured[1:]:
        found = differences(first.protocol, score.protocol)
        differs += [f"{line} ({first_name} → {name})" for line in found]
        if not found:
            alike.append((name, score))
    if len(alike) < 2:
        return ScoreRow(family, scores, tuple(differs), "not comparable")
    others = [name for name, score in measured if (name, score) not in alike]
    rest = f"; not comparable: {', '.join(others)}" if others else ""
    return ScoreRow(family, scores, tuple(differs), f"{_verdict(alike)}{rest}")


def _verdict(measured: Sequence[tuple[str, Score]]) -> str:
    """Return which is best, and whether the next one's distance from it may be chance."""
    valued = [(name, score, score.value) for name, score in measured if score.value is not None]
    better = measured[0][1].better
    if better == "neither" or len(valued) < 2:
        return ""
    ranked = sorted(valued, key=lambda entry: entry[2], reverse=better == "higher")
    (best, first, value), (_, second, other) = ranked[:2]
    if value == other:
        return "equal"
    if first.uncertainty is None or second.uncertainty is None or "error" not in first.uncertainty_kind:
        return f"{best} ({better} is better; how sure, is not known)"
    error = math.hypot(first.uncertainty, second.uncertainty)
    if abs(value - other) <= SURE * error:
        return "no clear difference"
    return f"{best} ({better} is better)"
