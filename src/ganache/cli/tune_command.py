"""`ganache tune`: which settings of a recipe suit some data, judged beside the default and its noise."""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganache.cli.common import load_code, mention_overlooked, packing_bar
from ganache.cli.options import (
    Batch,
    Channels,
    Code,
    Columns,
    Device,
    HoldOut,
    Images,
    LabelColumn,
    Labels,
    MaxSkipped,
    Mirror,
    Missing,
    Numbers,
    Precision,
    Range,
    Seed,
    Settings,
    Size,
    path_argument,
    path_option,
)
from ganache.support.console import show
from ganache.support.errors import UserError, shown
from ganache.support.requests import collected
from ganache.support.units import brief, count_text, counted, duration_text

if TYPE_CHECKING:
    from ganache.uses.tuning.findings import Findings
    from ganache.uses.tuning.study import Study
    from ganache.uses.tuning.trials import Trial
    from ganache.uses.tuning.tune import Tuned

MOST_SHOWN = 5  # trials


def tune(
    recipe: Annotated[str | None, path_argument(help="A name, or a Python file; see `ganache recipes`.")] = None,
    data: Annotated[str, typer.Option(help="What --data of train takes; needed to begin a study.")] = "",
    out: Annotated[
        Path | None, path_option(metavar="STUDY", help="The study's folder; one that exists is continued or joined.")
    ] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="TIME", help="Of work, all workers and all trials together: 2h.")
    ] = None,
    trials: Annotated[str | None, typer.Option(metavar="N", help="How many to try besides the default.")] = None,
    images: Images = None,
    tune: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=LOW:HIGH[:log] or FIELD=A,B,C", help="What is tried; if none, all that matters."),
    ] = None,
    features: Annotated[str | None, typer.Option(help="What the judge sees by: classifier, pixels, …")] = None,
    count: Annotated[str | None, typer.Option(metavar="N", help="Samples by which a trial is judged.")] = None,
    storage: Annotated[
        str | None, typer.Option(metavar="URL", help="A database for the trials: postgresql://user:password@host/name.")
    ] = None,
    size: Size = None,
    channels: Channels = None,
    labels: Labels = None,
    batch: Batch = None,
    seed: Seed = 0,
    device: Device = "auto",
    precision: Precision = "auto",
    settings: Settings = None,
    max_skipped: MaxSkipped = 0.01,
    value_range: Range = None,
    mirror: Mirror = False,
    label_column: LabelColumn = "",
    columns: Columns = None,
    missing: Missing = "refuse",
    numbers: Numbers = "quantiles",
    hold_out: HoldOut = 0.0,
    code: Code = None,
) -> None:
    """Find settings of a recipe that suit some data, and say whether they beat the default beyond noise."""
    from ganache import api
    from ganache.training.plan import Request
    from ganache.uses.tuning.study import Tuning

    given = locals()
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UserError("tune: it is not for torchrun; start the same command several times, each is a worker")
    load_code(code)
    mention_overlooked(data or None)
    request: Request | None = collected(Request, given, partial=True) if data else None
    if request is None and recipe is not None:
        raise UserError("data: which pictures? Name them with --data")
    with packing_bar() as progress:
        found = api.tune(collected(Tuning, {**given, "request": request}), progress=progress, say=_say, begun=_begun)
    _end(found)


def _say(line: str) -> None:
    print(shown(line), flush=True)


def _end(found: "Tuned") -> None:
    """Say what was found, where its page lies, and how to go on if a signal ended it, whose status is the command's."""
    from ganache.web.report.study_page import PAGE

    folder = found.study.folder
    show(_report(found.study, found.findings))
    show([f"page           {folder / PAGE}"])
    if found.signal is not None:
        show([f"stopped; everything is saved. Continue with: ganache tune --out {shlex.quote(str(folder))}"])
        raise typer.Exit(128 + found.signal)


def _begun(study: "Study", trials: "list[Trial]") -> None:
    """Say what is tuned, by what it is judged and about how long it takes, before anything is trained."""
    from ganache.training import briefing

    known = study.definition
    show(briefing.data_lines(study.plan.dataset.summary()))
    show([f"recipe         {briefing.recipe_line(known.recipe)}", briefing.device_line(study.plan)])
    for place, dial in enumerate(known.dials):
        show([f"{'' if place else 'tried':<14} {dial.field}: {dial.says()}"])
    judge, after = known.judging, f", which goes on after {counted(len(trials), 'trial')}" if trials else ""
    against = f"{counted(judge.reals, 'image')} of {judge.split}" if judge.reals else judge.split
    show(
        [
            f"judged by      {judge.metric}/{judge.features} of {judge.samples:,} samples against {against}",
            *_held_out(study),
            f"rungs          {', '.join(map(count_text, known.rungs))} images; the best third goes on from each",
            f"budget         {_estimate(study)}",
            f"study          {study.folder}{after}",
            "disk           a checkpoint each of defaults, the best and its checks; of lost trials settings and log",
        ]
    )


def _held_out(study: "Study") -> list[str]:
    from ganache.uses.tuning.holding_out import OWN_DATA

    if study.definition.has_own_data:
        return [f"held out       a fifth of the images, which no trial is trained on ({study.folder / OWN_DATA})"]
    if study.definition.judging.split == "train" and study.plan.dataset.count is not None:
        return ["held out       nothing: trials are judged by what they were trained on, which favours copying"]
    return []


def _estimate(study: "Study") -> str:
    """Return when the search ends, and about how many trials that is."""
    from ganache.uses.tuning.definition import SEEDS

    known = study.definition
    full, allowed = known.full_seconds, known.allowance
    limits = [f"{duration_text(allowed.seconds)} of work"] if allowed.seconds else []
    limits += [counted(allowed.trials, "trial")] if allowed.trials else []
    each = f"a full training takes about {duration_text(full)}; three of the default and three of the best"
    fixed = 2 * SEEDS * full
    # Of the trials at each rung a third goes on, so that each rung costs about what the first one does.
    trial = full * len(known.rungs) * known.rungs[0] / known.rungs[-1]
    if allowed.seconds:
        left = max(0.0, allowed.seconds - fixed)
        rest = f"leave {duration_text(left)} for about {counted(int(left / trial), 'trial')}"
    else:
        assert allowed.trials is not None
        rest = f"and the trials take about {duration_text(fixed + allowed.trials * trial)}"
    return f"{' or '.join(limits)}; {each} {rest}, without judging"


def _report(study: "Study", found: "Findings") -> Iterator[str]:
    """Yield what was found: the default and its noise, the best trials, what mattered, the verdict."""
    from ganache.uses.tuning.findings import noise_line
    from ganache.uses.tuning.tune import BEST

    yield ""
    yield f"default        {noise_line(found)}"
    yield from _best_trials(found)
    for place, (field, share) in enumerate(sorted(found.shares.items(), key=lambda pair: -pair[1])):
        yield f"{'' if place else 'mattered':<14} {share:4.0%} {field}"
    yield f"verdict        {found.sentence()}"
    if found.is_finished:
        holds = "the best" if found.is_better else "the default"
        words = ["ganache", "train", str(study.folder / BEST), *_reading(found.definition.said)]
        yield f"recipe         {holds}: {shlex.join(words)}"


def _reading(said: dict[str, Any]) -> list[str]:
    """Return the options by which `train` reads the data as the study was told to."""
    from ganache.data.origin import Source, options_of
    from ganache.training.plan import Request

    asked = collected(Request, said)
    return options_of(Source(asked.data, asked.how, asked.labels, asked.mirror).to_json())


def _best_trials(found: "Findings") -> Iterator[str]:
    """Yield the trials that came furthest, the best first, with what they changed."""
    from ganache.uses.tuning.trials import of_purpose

    scored = [trial for trial in of_purpose(found.trials, "search") if trial.scores]
    best = sorted(scored, key=lambda trial: (-len(trial.scores), trial.scores[-1]))[:MOST_SHOWN]
    for place, trial in enumerate(best):
        seen = count_text(found.definition.rungs[len(trial.scores) - 1])
        said = ", ".join(dial.setting(trial.values[dial.field]) for dial in found.definition.dials)
        head = "" if place else "best trials"
        yield f"{head:<14} {trial.number}: {trial.scores[-1]:.4g} after {seen}: {brief(said, 300)}"
