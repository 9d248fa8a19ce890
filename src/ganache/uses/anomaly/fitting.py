"""From normals to a detector: what the command `anomaly fit` does."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from signal import Signals
from typing import Any, get_args

from ganache.data.dataset import Progress
from ganache.data.location import lasting, refuse_among
from ganache.runs.folder import Run
from ganache.support.errors import UserError, did_you_mean
from ganache.support.json_files import read_json, write_json
from ganache.support.trees import differences
from ganache.support.units import check_seed, parse_count
from ganache.training.plan import Request
from ganache.uses.anomaly.detector import DETECTOR, Detector, DetectorRecord
from ganache.uses.anomaly.gans_for import budget_for, games_for
from ganache.uses.anomaly.learning import NEEDS, JudgeName, learn
from ganache.uses.anomaly.normals import HELD_OUT, Normals, keep, opened

JUDGES: tuple[JudgeName, ...] = get_args(JudgeName)
RATE = 0.05  # of normals that may be called strange, where nobody says
HALF = "fit.json"  # of a fit that is under way: what was asked for


@dataclasses.dataclass(frozen=True)
class Fitted:
    """How a fit ended: the detector, how many normals it learnt from, and the signal that stopped it, if one did."""

    detector: Detector | None
    learnt: int
    held_out: int
    signal: Signals | None = None


def fit(
    asked: Request,
    out: Path,
    *,
    judges: Sequence[str] = JUDGES,
    rate: float = RATE,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Fitted:
    """Learn what is normal and keep it as a detector in a new folder; a fit that was stopped goes on.

    `asked` names the data, and with `labels` the classes that are normal; its images are those that the GAN sees.
    Raises UserError for what cannot be as asked, RunError when the machine refuses.
    """
    check_seed(asked.seed)
    names, count = _names(judges), _count(asked)
    if not 0.0 < rate < 1.0:
        raise UserError(f"false_positives: {rate:g} is not a share between 0 and 1, such as 0.05")
    _place(asked, out)
    dataset = opened(asked, progress)
    said = _said(asked, dataset.fingerprint, count)
    _refuse_another(said, out)
    kept = keep(dataset, asked.labels, asked.seed, out)
    write_json(out / HALF, said)
    normals = Normals.open(kept, dataset.shape)
    games = games_for(normals.shape, count or budget_for(normals.shape), asked.settings)
    needed = {run: game for run, game in games.items() if any(run in NEEDS[name] for name in names)}
    learnt, held_out = normals.count("train"), normals.count(HELD_OUT)
    signal = learn(out, needed, normals, asked, say)
    if signal is not None:
        return Fitted(None, learnt, held_out, signal)
    found = Detector.fitted(out, normals, names, rate, asked.device)
    record = DetectorRecord(
        data=lasting(asked.data),
        normal=asked.labels,
        label=asked.label_column or None,
        learnt=learnt,
        seed=asked.seed,
        judges=names,
        height=normals.shape.height,
        width=normals.shape.width,
        ranges=dataset.ranges,
        ranks={name: tuple(ranks.held_out.tolist()) for name, ranks in found.ranks.items()},
        threshold=found.threshold,
        normals=kept.name,
    )
    write_json(out / DETECTOR, record.model_dump(mode="json"))
    (out / HALF).unlink(missing_ok=True)
    return Fitted(found, learnt, held_out)


def _names(judges: Sequence[str]) -> tuple[JudgeName, ...]:
    for name in judges:
        if name not in JUDGES:
            raise UserError(f"judges: {name!r} is none of {', '.join(JUDGES)}{did_you_mean(name, JUDGES)}")
    if not judges:
        raise UserError(f"judges: name at least one of {', '.join(JUDGES)}")
    return tuple(name for name in JUDGES if name in judges)


def _count(asked: Request) -> int | None:
    return parse_count(asked.images, "images") if isinstance(asked.images, str) else asked.images


def _place(asked: Request, out: Path) -> None:
    """Refuse a folder that is taken; one with a fit that was stopped is its own."""
    has_runs = any((out / run / "recipe.json").is_file() for runs in NEEDS.values() for run in runs)
    if (out / DETECTOR).exists():
        raise UserError(f"out: {str(out)!r} already holds a detector; choose another folder")
    if not has_runs and not (out / HALF).is_file():
        Run.refuse_existing(out)
    refuse_among(out, asked.data)


def _said(asked: Request, fingerprint: str, count: int | None) -> dict[str, Any]:
    """Return by what two fits differ in what they learn."""
    return {
        "data": fingerprint,
        "normal": list(asked.labels),
        "seed": asked.seed,
        "images": count,
        "settings": list(asked.settings),
    }


def _refuse_another(said: dict[str, Any], out: Path) -> None:
    """Raise UserError where the fit that was stopped in a folder was to learn something else."""
    if (out / HALF).is_file() and (changed := differences(read_json(out / HALF, "out"), said)):
        raise UserError(f"out: {str(out)!r} holds another fit, which was stopped: {changed[0]}; choose another folder")
