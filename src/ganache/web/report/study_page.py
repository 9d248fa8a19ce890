"""A study of `ganache tune` as one page: the verdict, the default's noise, what mattered, every trial."""

from pathlib import Path
from typing import Any

from ganache.support.files import write_text
from ganache.support.units import duration_text
from ganache.uses.tuning.definition import Definition
from ganache.uses.tuning.dials import AnyDial, OneOf, Span
from ganache.uses.tuning.findings import Findings, noise_line
from ganache.uses.tuning.trials import Trial
from ganache.web.pages import self_contained
from ganache.web.report.plain import text

PAGE = "study.html"
MOST_TRIALS = 1_000  # of the newest, that a page shows


def write_study_page(folder: Path, found: Findings, shares: dict[str, float]) -> Path:
    """Write the page of a study into its folder; `shares` are the dials' importances. Return its path.

    Raises RunError when the disk refuses.
    """
    path = folder / PAGE
    write_text(
        path, self_contained("study", study_facts(found, shares), f"{folder.name}: {found.definition.recipe.name}")
    )
    return path


def study_facts(found: Findings, shares: dict[str, float]) -> dict[str, Any]:
    """Return all that the page shows, as JSON values."""
    definition, trials = found.definition, found.trials[-MOST_TRIALS:]
    return {
        "recipe": text(definition.recipe.name, 120),
        "data": text(definition.said.get("data", ""), 300),
        "verdict": text(found.sentence(), 600),
        "is_better": found.is_better,
        "is_finished": found.is_finished,
        "default": text(noise_line(found), 300),
        "protocol": _protocol(definition),
        "work": duration_text(sum(trial.work for trial in found.trials)),
        "rungs": list(definition.rungs),
        "scores": {"default": list(found.defaults), "best": list(found.checks)},
        "best": None if found.best is None else found.best.number,
        "settings": [_setting(dial, found.best) for dial in definition.dials],
        "shares": [[text(field, 120), share] for field, share in sorted(shares.items(), key=lambda pair: -pair[1])],
        "dials": [_dial(dial, trials) for dial in definition.dials],
        "trials": [_trial(definition, trial) for trial in trials],
        "left_out": len(found.trials) - len(trials),
    }


def _protocol(definition: Definition) -> str:
    judge = definition.judging
    reals = f"{judge.reals:,} images of {judge.split}" if judge.reals else judge.split
    held = ", a fifth that was held out" if definition.has_own_data else ""
    return f"{judge.metric}/{judge.features} of {judge.samples:,} samples (seed {judge.seed}) against {reals}{held}"


def _setting(dial: AnyDial, best: Trial | None) -> dict[str, str]:
    own = "" if dial.at_first is None else _value(dial, dial.at_first)
    known = "" if best is None else _value(dial, best.values[dial.field])
    return {"field": text(dial.field, 120), "default": own, "best": known, "says": text(dial.says(), 300)}


def _value(dial: AnyDial, value: float | int | str) -> str:
    return text(value, 80) if isinstance(value, str) else f"{'× ' if dial.kind == 'multiple' else ''}{value:.4g}"


def _dial(dial: AnyDial, trials: tuple[Trial, ...]) -> dict[str, Any]:
    """Return the places of all trials along a dial, with their scores at the first rung."""
    known = [trial for trial in trials if trial.scores and dial.field in trial.values and trial.purpose != "check"]
    axis: dict[str, Any]
    if isinstance(dial, OneOf):
        axis = {"texts": [text(one, 80) for one in dial.texts]}
        places = [dial.texts.index(str(trial.values[dial.field])) for trial in known]
    else:
        axis = {"low": dial.low, "high": dial.high, "log": dial.log if isinstance(dial, Span) else True}
        places = [trial.values[dial.field] for trial in known]  # type: ignore[misc]
    points = [
        {"number": trial.number, "at": at, "score": trial.scores[0], "rungs": len(trial.scores), "own": trial.purpose}
        for trial, at in zip(known, places, strict=True)
    ]
    return {"field": text(dial.field, 120), **axis, "points": points}


def _trial(definition: Definition, trial: Trial) -> dict[str, Any]:
    known = [dial for dial in definition.dials if dial.field in trial.values]
    return {
        "number": trial.number,
        "purpose": trial.purpose if trial.of is None else f"{trial.purpose} of {trial.of}",
        "scores": list(trial.scores),
        "ended": trial.fate if not trial.why else text(trial.why, 200),
        "seconds": trial.work,
        "seed": trial.seed,
        "settings": [f"{text(dial.field, 120)}={_value(dial, trial.values[dial.field])}" for dial in known],
    }
